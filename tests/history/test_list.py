"""The history list: who sees it, what the filters do, and how its pages follow one another."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import make_submission
from uploads.history import listing
from uploads.history.counting import COUNTED
from uploads.history.patience import within
from uploads.models import Delivery, ReasonCode, State, Submission

from .conftest import claim, end

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def ids(html: str) -> list[str]:
    return re.findall(r'class="row-link" href="/history/([0-9a-f-]{36})/[?"]', html)


@pytest.fixture
def five(agent: User, agent2: User) -> dict[str, Submission]:
    """One submission per filter to be told apart by it."""
    ReasonCode.objects.bulk_create(ReasonCode(code=code, label=code) for code in ("10", "10020", "A-2", "77"))
    made = {
        "old": make_submission(agent, State.DELIVERED, created_at=NOON - timedelta(days=3), score=9),
        "edge": make_submission(agent, created_at=datetime(2026, 11, 18, 23, 30, tzinfo=UTC), score=7, contact="",
                                reasons=[{"code": "10", "label": "Ten"}, {"code": "A-2", "label": "Two"}]),
        "failed": make_submission(agent2, State.FAILED, created_at=NOON - timedelta(days=1), score=6, contact="N",
                                  workflow_status="CLOSED"),
        "zero": make_submission(agent2, State.UNCONFIRMED, created_at=NOON - timedelta(hours=1), score=0),
        "new": make_submission(agent, created_at=NOON, score=10),
    }  # fmt: skip
    end(claim(made["new"]), "content_refused", 400, "{}", "400003")
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "new zero failed edge old"),
        ("state=&since=&until=&agent=&band=", "new zero failed edge old"),
        ("state=failed", "failed"),
        ("state=delivered", "old"),
        ("band=promoter", "new old"),
        ("band=passive", "edge"),
        ("band=detractor", "zero failed"),
        ("agent=bram", "zero failed"),
        ("agent=bram&state=unconfirmed", "zero"),
        ("agent=bram&agent=bram", "zero failed"),
        ("since=2026-11-19", "new zero failed edge"),  # 23:30 UTC is the next day in Amsterdam
        ("until=2026-11-18", "old"),
        ("since=2026-11-19&until=2026-11-19", "edge failed"),
        ("state=cancelled", ""),
        ("unknown=1", "new zero failed edge old"),
        ("reason=10020", "new zero failed old"),
        ("reason=10", "edge"),
        ("reason=A-2", "edge"),
        ("reason=77", ""),
        ("workflow=CLOSED", "failed"),
        ("contact=Y", "new zero old"),
        ("contact=N", "failed"),
        ("contact=not-asked", "edge"),
        ("cg=12", "old"),
        ("cg=1", ""),
        ("code=400003", "new"),
        ("code=400", ""),
        ("agent=anna&reason=10020&contact=Y&band=promoter&since=2026-11-20", "new"),
    ],
)
def test_filters_show_what_was_asked_newest_first(
    browser: Client, five: dict[str, Submission], query: str, expected: str
) -> None:
    response = browser.get(f"/history/?{query}")
    names = {str(submission.uuid): name for name, submission in five.items()}
    shown = sorted(expected.split(), key=lambda name: five[name].created_at, reverse=True)
    assert response.status_code == 200
    assert [names[uuid] for uuid in ids(response.text)] == shown


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("state=zz", "There is no such state."),
        ("state=%00", "There is no such state."),
        ("state=failed&state=queued", "Choose one."),
        ("agent=nobody", "There is no such agent."),
        ("agent=" + "a" * 10_000, "There is no such agent."),
        ("agent=anna%00", "There is no such agent."),
        ("band=11", "There is no such score band."),
        ("since=2026-02-30", "not a day of the calendar"),
        ("since=31/12/2026", "not a day of the calendar"),
        ("since=%00", "not a day of the calendar"),
        ("since=0001-01-01", "Choose a day from 2000 to 2099."),
        ("until=9999-12-31", "Choose a day from 2000 to 2099."),
        ("since=2026-11-20&until=2026-11-01", "The last day lies before the first."),
        ("reason=never", "There is no such reason."),
        ("workflow=%00", "There is no such workflow status."),
        ("contact=maybe", "There is no such answer."),
        ("cg=1%202", "This can be no such number."),
        ("code=" + "4" * 17, "This can be no such number."),
        ("q=ab", "Give at least 3 characters, or a number in full."),
        ("q=" + "a" * 101, "This is too long: at most 100 characters."),
        ("q=a%00b", "Null characters are not allowed."),
        ("q=one&q=two", "Choose one."),
    ],
)
def test_an_answer_that_is_none_is_refused_with_a_sentence_and_shows_nothing(
    browser: Client, five: dict[str, Submission], query: str, sentence: str
) -> None:
    response = browser.get(f"/history/?{query}")
    assert response.status_code == 422
    assert sentence in response.text
    assert ids(response.text) == []


def test_what_was_typed_into_the_filter_is_still_there_and_escaped(browser: Client) -> None:
    response = browser.get("/history/", {"since": '"><script>alert(1)</script>', "band": "passive"})
    assert "<script>alert(1)" not in response.text
    assert "&lt;script&gt;alert(1)" in response.text
    assert '<option value="passive" selected>' in response.text


@pytest.fixture
def many(agent: User) -> list[str]:
    """250 submissions, many of them within the same microsecond, newest first."""
    rows = [make_submission(agent, created_at=NOON + timedelta(microseconds=number // 7)) for number in range(250)]
    return [str(row.uuid) for row in reversed(rows)]


def test_walking_the_pages_visits_every_row_once_in_both_directions(browser: Client, many: list[str]) -> None:
    def walk(start: str, rel: str) -> tuple[list[list[str]], str]:
        pages, url = [], start
        while True:
            html = browser.get(url).text
            pages.append(ids(html))
            link = re.search(rf'href="([^"]+)" rel="{rel}"', html)
            if not link:
                return pages, url
            url = "/history/" + link[1].replace("&amp;", "&")

    down, last = walk("/history/?state=queued", "next")
    assert [uuid for page in down for uuid in page] == many
    assert "state=queued" in last
    up, _ = walk(last, "prev")
    assert [uuid for page in reversed(up) for uuid in page] == many


@pytest.mark.parametrize(
    "query",
    [
        "before=x",
        "before=1-",
        "after=-1-1",
        "before=%00",
        "before=9999999999999999999-1",
        "after=" + "1" * 10_000,
        "before=1-1&after=1-1",
        "before=1e5-3",
        "before=٣-٣",
    ],
)
def test_a_nonsense_cursor_shows_the_first_page_and_says_so(
    browser: Client, five: dict[str, Submission], query: str
) -> None:
    response = browser.get(f"/history/?{query}")
    assert response.status_code == 200
    assert "names a page that does not exist" in response.text
    assert len(ids(response.text)) == 5


def test_a_cursor_past_the_end_offers_the_way_back(browser: Client, five: dict[str, Submission]) -> None:
    response = browser.get("/history/?before=1-1")
    assert ids(response.text) == []
    assert "There is nothing further." in response.text


def test_an_empty_history_and_an_empty_answer_read_differently(browser: Client, agent: User) -> None:
    assert "Nothing has been entered yet." in browser.get("/history/").text
    make_submission(agent)
    response = browser.get("/history/?state=failed")
    assert "No result matches this filter." in response.text
    assert "Show all" in response.text


def test_the_count_stops_where_nobody_needs_it(browser: Client, agent: User) -> None:
    first = make_submission(agent)
    fields = {f.attname: getattr(first, f.attname) for f in Submission._meta.concrete_fields}
    for unique in ("id", "uuid", "submit_token", "reference"):
        fields.pop(unique)
    token = Submission._meta.get_field("uuid").get_default
    rows = Submission.objects.bulk_create(Submission(**fields, submit_token=token()) for _ in range(COUNTED - 1))
    Delivery.objects.bulk_create(Delivery(submission=row) for row in rows)
    assert "1,000 results" in browser.get("/history/").text
    assert "1,000 results" in browser.get("/history/?state=queued").text
    make_submission(agent)
    assert re.search(r"(1,000\+|About [0-9,]+) results", browser.get("/history/").text)
    if connection.vendor == "sqlite":  # PostgreSQL guesses by statistics, which a test database has not
        assert "1,000+ results" in browser.get("/history/?state=queued").text


def test_a_longer_list_asks_the_database_no_more_often(browser: Client, agent: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get("/history/")
        return len(captured)

    make_submission(agent)
    queries()  # the first page ever also makes the channel's row
    one = queries()
    for _ in range(30):
        make_submission(agent)
    assert queries() == one


def test_a_list_that_takes_too_long_is_stopped_with_a_sentence(
    browser: Client, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_submission(agent)

    @contextmanager
    def impatient(_seconds: float) -> Iterator[None]:
        with within(0.05):
            with connection.cursor() as cursor:  # a question that would take minutes
                cursor.execute(
                    "WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 900000000)"
                    " SELECT count(*) FROM many"
                )
                cursor.fetchall()
            yield

    monkeypatch.setattr(listing, "within", impatient)
    response = browser.get("/history/")
    assert response.status_code == 422
    assert "This search takes too long, so it was stopped." in response.text
    monkeypatch.undo()
    assert len(ids(browser.get("/history/").text)) == 1


def test_names_in_the_list_are_text_and_never_markup(browser: Client, agent: User) -> None:
    name = {"key": "LastName", "label": "Last name", "kind": "text", "value": "<b>Bold</b>", "personal": True}
    make_submission(agent, customer=[name])
    assert "<b>" not in browser.get("/history/").text
    browser.post("/history/names/")
    assert "&lt;b&gt;Bold&lt;/b&gt;" in browser.get("/history/").text


@pytest.mark.parametrize("who", ["agent", "admin", "outsider"])
def test_only_managers_read_everybodys_history(
    request: pytest.FixtureRequest, signed_in: Callable[[User], Client], agent2: User, who: str
) -> None:
    client = signed_in(request.getfixturevalue(who))
    foreign = make_submission(agent2)
    assert client.get("/history/").status_code == 403
    assert client.get(f"/history/{foreign.uuid}/").status_code == 403


def test_an_anonymous_visitor_signs_in_first_and_comes_back(client: Client, agent: User) -> None:
    response = client.get("/history/?state=failed")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/history/%3Fstate%3Dfailed"


def test_the_list_cannot_be_posted_to(browser: Client) -> None:
    assert browser.post("/history/").status_code == 405
