"""The inbox of what needs a person: its order, its numbers, its pages, and what each row says."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from tests.factories import make_submission
from uploads.history import attention
from uploads.models import Channel, Delivery, State, Submission, Worker

from .conftest import claim, end, lose, refuse, reject

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STOPPED = (State.REJECTED, State.FAILED, State.UNCONFIRMED)


def ids(html: str) -> list[str]:
    return re.findall(r'href="/history/([0-9a-f-]{36})/#decide"', html)


def words(html: str) -> str:
    return " ".join(strip_tags(html).split())


@pytest.fixture
def one_each(agent: User) -> dict[State, Submission]:
    """A submission in every state, entered an hour apart."""
    return {
        state: make_submission(agent, state, created_at=NOON + timedelta(hours=number))
        for number, state in enumerate(State)
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [("", STOPPED), ("?state=", STOPPED), *((f"?state={state}", (state,)) for state in STOPPED)],
)
def test_it_lists_what_needs_a_person_oldest_first(
    browser: Client, one_each: dict[State, Submission], query: str, expected: tuple[State, ...]
) -> None:
    response = browser.get(f"/attention/{query}")
    assert response.status_code == 200
    assert ids(response.text) == [str(one_each[state].uuid) for state in expected]


def test_the_filters_say_how_many_there_are(browser: Client, agent: User) -> None:
    for state, number in ((State.REJECTED, 3), (State.FAILED, 1), (State.DELIVERED, 5)):
        for _ in range(number):
            make_submission(agent, state)
    text = words(browser.get("/attention/?state=failed").text)
    assert "All 4 Rejected 3 Failed 1 Unconfirmed 0" in text


@pytest.mark.parametrize("state", ["delivered", "queued", "zz", "failed,rejected", "\x00", "a" * 5000])
def test_a_state_that_never_needs_a_person_shows_nothing_and_says_so(
    browser: Client, one_each: dict[State, Submission], state: str
) -> None:
    response = browser.get("/attention/", {"state": state})
    assert response.status_code == 422
    assert ids(response.text) == []
    assert "no result in such a state needs a person" in response.text


@pytest.fixture
def causes(agent: User) -> dict[str, list[str]]:
    """Failed ones by their cause, and one that was rejected."""
    made: dict[str, list[str]] = {}
    for cause, number in (("dns", 3), ("refused", 2)):
        made[cause] = [str(make_submission(agent, State.FAILED, evidence=cause).uuid) for _ in range(number)]
    make_submission(agent, State.REJECTED, evidence="content_refused")
    return made


def test_a_cause_narrows_the_list_and_the_causes_say_how_many(browser: Client, causes: dict[str, list[str]]) -> None:
    html = browser.get("/attention/?state=failed&cause=dns").text
    assert ids(html) == causes["dns"]
    text = words(html)
    assert "Any cause The name of the CustomerGauge server could not be resolved. 3" in text
    assert "refused the connection. 2" in text
    assert "refused the content" not in text
    assert ids(browser.get("/attention/?cause=refused").text) == causes["refused"]
    assert attention.matching([State.FAILED], "dns").count() == 3
    assert attention.matching([State.FAILED, State.REJECTED]).count() == 6


@pytest.mark.parametrize(
    ("cause", "status", "sentence"),
    [
        ("never_heard_of", 200, "No result stands still for this cause."),
        ("\x00", 422, "or for such a cause"),
        ("a b", 422, "or for such a cause"),
        ("'; DROP", 422, "or for such a cause"),
        ("x" * 41, 422, "or for such a cause"),
    ],
)
def test_a_cause_that_nothing_has_shows_nothing(
    browser: Client, causes: dict[str, list[str]], cause: str, status: int, sentence: str
) -> None:
    response = browser.get("/attention/", {"cause": cause})
    assert response.status_code == status
    assert ids(response.text) == []
    assert sentence in words(response.text)


def test_a_proposal_leads_to_the_evidence(browser: Client, agent: User) -> None:
    submission = make_submission(agent, State.UNCONFIRMED, evidence="lookup_match")
    html = browser.get("/attention/").text
    assert "It was probably delivered: one record there has the same" in words(html)
    assert f'href="/history/{submission.uuid}/#found"' in html


def test_what_no_look_up_found_says_so_only_after_the_last_one(browser: Client, agent: User) -> None:
    submission = make_submission(agent, State.UNCONFIRMED, evidence="lookup_none")
    assert "It was probably not delivered" in words(browser.get("/attention/").text)
    Delivery.objects.filter(pk=submission.pk).update(lookup_at=timezone.now())
    assert "It was probably not delivered" not in words(browser.get("/attention/").text)


def test_the_first_cause_is_still_told_after_a_look_up(browser: Client, agent: User) -> None:
    submission = make_submission(agent)
    lose(submission)
    Delivery.objects.filter(pk=submission.pk).update(evidence="lookup_match")
    assert "CustomerGauge reports an error on its side." in words(browser.get("/attention/").text)


@pytest.fixture
def many(agent: User) -> list[str]:
    """120 submissions, some of them within the same microsecond, oldest first."""
    rows = [
        make_submission(agent, STOPPED[number % 3], created_at=NOON + timedelta(microseconds=number // 7))
        for number in range(120)
    ]
    return [str(row.uuid) for row in rows]


def test_walking_the_pages_visits_every_row_once_in_both_directions(browser: Client, many: list[str]) -> None:
    def walk(start: str, rel: str) -> tuple[list[list[str]], str]:
        pages, url = [], start
        while True:
            html = browser.get(url).text
            pages.append(ids(html))
            link = re.search(rf'href="([^"]+)" rel="{rel}"', html)
            if not link:
                return pages, url
            url = "/attention/" + link[1].replace("&amp;", "&")

    down, last = walk("/attention/", "next")
    assert [len(page) for page in down] == [50, 50, 20]
    assert [uuid for page in down for uuid in page] == many
    up, _ = walk(last, "prev")
    assert [uuid for page in reversed(up) for uuid in page] == many


@pytest.mark.parametrize("query", ["before=x", "after=-1-1", "before=%00", "before=1-1&after=1-1", "after=٣-٣"])
def test_a_nonsense_cursor_shows_the_first_page_and_says_so(
    browser: Client, one_each: dict[State, Submission], query: str
) -> None:
    response = browser.get(f"/attention/?{query}")
    assert response.status_code == 200
    assert "names a page that does not exist" in response.text
    assert len(ids(response.text)) == 3


def test_a_cursor_past_the_end_offers_the_way_back(browser: Client, one_each: dict[State, Submission]) -> None:
    response = browser.get("/attention/?before=1-1")
    assert ids(response.text) == []
    assert "There is nothing further." in response.text


def test_a_row_says_why_in_our_words_and_in_customergauges(browser: Client, agent: User) -> None:
    submission = make_submission(agent, created_at=timezone.now() - timedelta(hours=3, minutes=5))
    reject(submission, "Field email is required but seems to be empty.")
    text = words(browser.get("/attention/").text)
    assert "L••• K••• Entered by anna 3 h ago CustomerGauge refused the content of this record." in text
    assert "Field email is required but seems to be empty. Rejected The agent corrects it." in text


def test_a_row_that_was_stopped_twice_tells_of_the_last_time(browser: Client, agent: User, manager: User) -> None:
    submission = make_submission(agent)
    refuse(submission)
    submission.delivery.fail(end(claim(submission, wire=False), "dns", None))
    again = {"decision": "again", "version": submission.delivery.version, "reason": "The network is mended"}
    assert browser.post(f"/history/{submission.uuid}/decide/", again).status_code == 302
    submission.delivery.refresh_from_db()
    reject(submission, "The second time")
    text = words(browser.get("/attention/").text)
    assert "The second time" in text
    assert "could not be resolved" not in text


@pytest.mark.parametrize(
    ("state", "evidence", "code", "who"),
    [
        (State.REJECTED, "content_refused", "400003", "The agent corrects it."),
        (State.REJECTED, "content_refused", "400011", "An administrator corrects the list of workflow statuses."),
        (State.REJECTED, "content_refused", "300001", "An administrator corrects the fields."),
        (State.REJECTED, "status_refused", "", "An administrator finds out who refused it."),
        (State.FAILED, "refused", "", "A manager decides."),
        (State.FAILED, "internal", "", "An administrator reads the log; then a manager decides."),
        (State.UNCONFIRMED, "internal", "", "A manager decides."),
    ],
)
def test_a_row_says_who_must_act(
    browser: Client, agent: User, state: State, evidence: str, code: str, who: str
) -> None:
    submission = make_submission(agent)
    cause = end(claim(submission), evidence, 400 if code else None, "{}", code)
    moves = {State.REJECTED: "reject", State.FAILED: "fail", State.UNCONFIRMED: "unconfirm"}
    assert getattr(submission.delivery, moves[state])(cause)
    text = words(browser.get("/attention/").text)
    assert f"{state.label} {who} Decide about L••• K•••" in text


@pytest.mark.parametrize(
    ("passed", "told"),
    [
        (timedelta(seconds=20), "under 1 min ago"),
        (timedelta(minutes=59, seconds=30), "59 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=12, hours=5), "12 d ago"),
    ],
)
def test_age_is_told_in_its_largest_unit(browser: Client, agent: User, passed: timedelta, told: str) -> None:
    make_submission(agent, State.FAILED, created_at=timezone.now() - passed)
    assert told in words(browser.get("/attention/").text)


ATTACK = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def test_nothing_that_was_entered_or_came_back_becomes_markup(browser: Client, agent: User) -> None:
    name = {"key": "LastName", "label": "Last name", "kind": "text", "value": ATTACK, "personal": True}
    reject(make_submission(agent, customer=[name], agent_name=ATTACK), ATTACK)
    html = browser.get("/attention/").text
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert html.count("&lt;script&gt;alert(1)") == 2  # of the customer's name only the first letters are shown


@pytest.mark.parametrize("body", ["<html>", "\x00", "[" * 5000, '{"Error":null}', '{"Error":{"Message":[1]}}'])
def test_a_reply_that_says_nothing_is_not_quoted(browser: Client, agent: User, body: str) -> None:
    lose(make_submission(agent), body)
    html = browser.get("/attention/").text
    assert "CustomerGauge reports an error on its side." in html
    assert "quote" not in html


def test_a_pause_stands_first_with_its_cause_and_who_must_act(browser: Client, agent: User, manager: User) -> None:
    make_submission(agent, State.FAILED)
    Channel.current().pause("host:12", "credential_refused")
    html = browser.get("/attention/").text
    page = html[html.index("<main") :]
    assert page.index("All sending is paused, since") < page.index("#decide")
    assert "CustomerGauge refused the API key or token. An administrator must set a valid key" in words(page)
    assert 'href="/health/"' in page


def test_when_nothing_is_wrong_nothing_needs_you(browser: Client, agent: User, manager: User) -> None:
    Worker.objects.create(name="host:1")
    make_submission(agent, State.DELIVERED)
    html = browser.get("/attention/").text
    assert "Nothing needs you." in html
    assert "Attention (" not in html
    Channel.current().pause(manager, "by_person")
    assert "Nothing needs you." not in browser.get("/attention/").text
    make_submission(agent, State.FAILED)
    assert "No result in this state needs a person." in browser.get("/attention/?state=rejected").text


def test_the_number_stands_in_the_header_of_every_page_for_those_who_decide(
    browser: Client, agent: User, admin: User, one_each: dict[State, Submission], signed_in: Callable[[User], Client]
) -> None:
    for url in ("/attention/", "/history/", "/health/", "/submissions/new/"):
        assert 'href="/attention/"' in browser.get(url).text
        assert ">Attention (3)</a>" in browser.get(url).text
    assert "Attention" not in signed_in(agent).get("/submissions/new/").text
    assert "Attention" not in signed_in(admin).get("/health/").text


def test_a_longer_list_asks_the_database_no_more_often(browser: Client, agent: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get("/attention/")
        return len(captured)

    reject(make_submission(agent), "No")
    queries()  # the first page ever also makes the channel's row
    one = queries()
    for _ in range(20):
        reject(make_submission(agent), "No")
        lose(make_submission(agent))
    assert queries() == one


def test_the_page_reads_what_needs_a_person_and_not_every_submission(agent: User) -> None:
    if connection.vendor != "sqlite":
        return  # PostgreSQL chooses its plan by statistics, which a test database has not
    make_submission(agent, State.FAILED)
    with CaptureQueriesContext(connection) as captured:
        shown = attention.page(attention.STATES)
    assert len(shown.rows) == 1
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {captured[0]['sql']}")
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "delivery_by_state" in plan or "delivery_due" in plan
    assert "SCAN" not in plan


@pytest.mark.parametrize("who", ["agent", "admin", "outsider"])
def test_only_managers_see_it(request: pytest.FixtureRequest, signed_in: Callable[[User], Client], who: str) -> None:
    assert signed_in(request.getfixturevalue(who)).get("/attention/").status_code == 403


def test_it_cannot_be_posted_to(browser: Client) -> None:
    assert browser.post("/attention/").status_code == 405
