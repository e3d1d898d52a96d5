"""The agent's pages: who may see which, what they say, how they stay live."""

import gzip
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_submission
from uploads.models import Cause, Channel, ConfirmedBy, ReasonCode, State, Submission

from .conftest import NEW, Desk

OWN = "/submissions/"
SignedIn = Callable[[User], Client]


def page_of(submission: Submission) -> str:
    return f"/submissions/{submission.uuid}/"


def without_tokens(page: HttpResponse) -> bytes:
    """The page without what differs from request to request."""
    return re.sub(rb'name="csrfmiddlewaretoken" value="\w+"|[0-9a-f-]{36}', b"", page.content)


# -- who ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "target"), [("agent", NEW), ("manager", "/history/"), ("admin", "/admin/"), ("superuser", "/history/")]
)
def test_everybody_has_a_home(request: pytest.FixtureRequest, signed_in: SignedIn, who: str, target: str) -> None:
    reply = signed_in(request.getfixturevalue(who)).get("/")
    assert (reply.status_code, reply.headers["Location"]) == (302, target)


def test_without_a_role_home_says_whom_to_ask(outsider: User, signed_in: SignedIn) -> None:
    page = signed_in(outsider).get("/")
    assert page.status_code == 200
    assert "Ask your administrator" in page.content.decode()


@pytest.mark.parametrize(
    "path", ["/", NEW, OWN, f"/submissions/{uuid.UUID(int=1)}/", f"/submissions/{uuid.UUID(int=1)}/state/"]
)
def test_strangers_are_sent_to_sign_in(db: None, path: str) -> None:
    reply = Client().get(path)
    assert (reply.status_code, reply.headers["Location"]) == (302, f"/accounts/login/?next={path}")


@pytest.mark.parametrize("who", ["admin", "outsider", "superuser"])
@pytest.mark.parametrize("path", [NEW, OWN])
def test_only_those_who_enter_results_get_the_pages(
    request: pytest.FixtureRequest, signed_in: SignedIn, who: str, path: str
) -> None:
    client = signed_in(request.getfixturevalue(who))
    assert client.get(path).status_code == 403
    assert client.post(NEW, {"score": "7"}).status_code == 403


@pytest.mark.parametrize("end", ["", "state/"])
@pytest.mark.parametrize("who", ["agent2", "manager"])
def test_somebody_elses_result_answers_like_an_absent_one(
    request: pytest.FixtureRequest, signed_in: SignedIn, agent: User, who: str, end: str
) -> None:
    client = signed_in(request.getfixturevalue(who))
    foreign = client.get(page_of(make_submission(agent)) + end)
    absent = client.get(f"/submissions/{uuid.uuid4()}/{end}")
    assert foreign.status_code == absent.status_code == 404
    assert without_tokens(foreign) == without_tokens(absent)


def test_lists_hold_nothing_of_others(agent: User, agent2: User, signed_in: SignedIn) -> None:
    foreign = make_submission(agent, email="secret@company.com")
    client = signed_in(agent2)
    for path in (NEW, OWN, f"{OWN}?before={foreign.uuid}"):
        html = client.get(path).content.decode()
        assert str(foreign.uuid) not in re.sub(r"before=[0-9a-f-]+", "", html)
    assert client.get(OWN).context["work"].surveys == 0


@pytest.mark.parametrize("path", [OWN, "/"])
def test_lists_cannot_be_posted_to(agent: User, signed_in: SignedIn, path: str) -> None:
    assert signed_in(agent).post(path).status_code == 405


# -- one result ------------------------------------------------------------------------------------------------

SENTENCES: list[tuple[State, dict[str, Any], str]] = [
    (State.QUEUED, {}, "It will be sent in a few seconds."),
    (State.QUEUED, {"next_at": timedelta(hours=3)}, "It will be sent at "),
    (State.QUEUED, {"next_at": timedelta(minutes=-5)}, "sending is held up at the moment"),
    (State.SENDING, {}, "CustomerGauge gets it right now."),
    (State.DELIVERED, {"cg_id": "83012"}, "Its number there is 83012."),
    (State.DELIVERED, {"cg_id": ""}, "A manager has checked it."),
    (State.REJECTED, {}, "Its content was not accepted. Correct it."),
    (State.FAILED, {}, "Do not enter it again."),
    (State.UNCONFIRMED, {}, "It may have arrived. Do not enter it again; a manager checks."),
    (State.CANCELLED, {}, "Will not be sent"),
]


@pytest.mark.parametrize(("state", "fields", "sentence"), SENTENCES)
def test_every_state_is_told_in_plain_words(
    agent: User, signed_in: SignedIn, state: State, fields: dict[str, Any], sentence: str
) -> None:
    if "next_at" in fields:
        fields = {"next_at": timezone.now() + fields["next_at"]}
    html = signed_in(agent).get(page_of(make_submission(agent, state, **fields))).content.decode()
    assert re.findall(r'data-state="(\w+)"', html) == [state.value]
    assert sentence in html


@pytest.mark.parametrize("state", State)
def test_asking_for_news_ends_when_only_a_person_can_bring_any(agent: User, signed_in: SignedIn, state: State) -> None:
    page = page_of(make_submission(agent, state))
    client = signed_in(agent)
    moving = state in {State.QUEUED, State.SENDING}
    html = client.get(page).content.decode()
    fragment = client.get(page + "state/", headers={"HX-Request": "true"})
    assert fragment.status_code == (200 if moving else 286)
    assert f'data-state="{state}"' in fragment.content.decode()
    asks = f'hx-get="{page}state/'
    assert (asks in html) == (asks in fragment.content.decode()) == moving
    assert "<html" not in fragment.content.decode()


def test_a_state_that_reads_the_same_is_not_sent_again(agent: User, signed_in: SignedIn) -> None:
    submission = make_submission(agent)
    client = signed_in(agent)
    found = re.search(r'hx-get="(/submissions/[^"]+/state/[^"]*)"', client.get(page_of(submission)).content.decode())
    assert found
    assert client.get(found[1]).status_code == 204
    submission.delivery.claim("worker", timezone.now() + timedelta(minutes=1), b"")
    assert 'data-state="sending"' in client.get(found[1]).content.decode()


def test_what_was_entered_is_shown_escaped_and_in_the_zone_it_was_entered_in(agent: User, signed_in: SignedIn) -> None:
    reasons = [{"code": "1", "label": "<b>x</b>"}]
    comment = "<script>alert(1)</script>"
    submission = make_submission(agent, comment=comment, reasons=reasons, time_zone="America/New_York")
    html = signed_in(agent).get(page_of(submission)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<b>x</b>" not in html
    assert "2 November 2026 07:59" in html
    assert "America/New_York" in html


# -- the list --------------------------------------------------------------------------------------------------


def walk(client: Client) -> list[str]:
    """Every result of the list, page by page, until there is no older one."""
    found, path = [], OWN
    while path:
        html = client.get(path).content.decode()
        found += re.findall(r'<th scope="row"><a href="/submissions/([^/]+)/"', html)
        older = re.search(r'href="([^"]+)" rel="next"', html)
        path = older[1] if older else ""
    return found


def test_the_list_shows_each_result_once_newest_first(agent: User, signed_in: SignedIn) -> None:
    now = timezone.now()
    # several in the same moment, so that the order needs the id
    made = [make_submission(agent, created_at=now - timedelta(minutes=number // 7)) for number in range(60)]
    order = sorted(made, key=lambda row: (row.created_at, row.pk), reverse=True)
    assert walk(signed_in(agent)) == [str(row.uuid) for row in order]


@pytest.mark.parametrize("cursor", ["0", "-1", "x", "%00", "1e9", str(uuid.UUID(int=7)), "a" * 8000])
def test_a_cursor_that_names_nothing_starts_at_the_top(agent: User, signed_in: SignedIn, cursor: str) -> None:
    submission = make_submission(agent)
    assert str(submission.uuid) in signed_in(agent).get(f"{OWN}?before={cursor}").content.decode()


def test_an_empty_list_says_what_to_do(agent: User, signed_in: SignedIn) -> None:
    assert "You have not entered a result yet." in signed_in(agent).get(OWN).content.decode()


@pytest.mark.parametrize("path", [OWN, NEW])
def test_the_number_of_queries_does_not_grow_with_the_list(agent: User, signed_in: SignedIn, path: str) -> None:
    client = signed_in(agent)
    counts = []
    for _ in range(3):
        make_submission(agent)
        client.get(path)  # the first request of all makes rows that later ones find
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]


def test_only_todays_results_are_counted(agent: User, signed_in: SignedIn) -> None:
    make_submission(agent)
    make_submission(agent, created_at=timezone.now() - timedelta(days=1))
    assert signed_in(agent).get(OWN).context["work"].surveys == 1


@pytest.mark.parametrize(("target", "listed"), [("recent", 5), ("rows", 7)])
def test_lists_stay_live_until_everything_is_settled(
    agent: User, signed_in: SignedIn, target: str, listed: int
) -> None:
    moving = make_submission(agent)
    for _ in range(6):
        make_submission(agent, State.DELIVERED, created_at=timezone.now() - timedelta(hours=1))
    client = signed_in(agent)
    ask = {"HX-Request": "true", "HX-Target": target}
    first = client.get(OWN, headers=ask)
    assert first.status_code == 200
    assert first.content.decode().count('href="/submissions/') - first.content.decode().count(f'href="{OWN}"') == listed
    again = re.search(r'hx-get="(/submissions/[^"]+)"', first.content.decode())
    assert again
    assert client.get(again[1].replace("&amp;", "&"), headers=ask).status_code == 204
    moving.delivery.claim("worker", timezone.now() + timedelta(minutes=1), b"")
    moving.delivery.deliver(Cause("worker", "success"), "5", ConfirmedBy.REPLY)
    assert client.get(again[1].replace("&amp;", "&"), headers=ask).status_code == 286


def test_the_last_five_stand_beside_the_form(agent: User, signed_in: SignedIn) -> None:
    made = [make_submission(agent, created_at=timezone.now() - timedelta(minutes=number)) for number in range(6)]
    html = signed_in(agent).get(NEW).content.decode()
    assert re.findall(r'href="/submissions/([0-9a-f-]{36})/"', html) == [str(row.uuid) for row in made[:5]]


def test_a_fragment_asked_for_after_sign_out_reloads_the_page(db: None) -> None:
    reply = Client().get(OWN, headers={"HX-Request": "true", "HX-Target": "rows"})
    assert (reply.status_code, reply.headers["HX-Refresh"]) == (204, "true")


def test_an_entry_with_a_stale_key_is_not_saved_and_keeps_what_was_typed(agent: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = browser.post(NEW, {"score": "4", "comment": "typed before the key went stale"})
    assert answer.status_code == 403
    assert "typed before the key went stale" in answer.text
    assert "check it and save again" in answer.text
    assert not Submission.objects.exists()


def test_what_could_not_be_saved_stays_in_the_form_and_saving_again_makes_one_result(desk: Desk) -> None:
    token = str(uuid.uuid4())
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE uploads_auditpayload RENAME COLUMN body TO gone")
    answer = desk.save(comment="typed while the disk was full", submit_token=token)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE uploads_auditpayload RENAME COLUMN gone TO body")
    assert answer.status_code == 503
    assert "could not save this just now" in answer.text
    assert "typed while the disk was full" in answer.text
    assert token in answer.text
    assert not Submission.objects.exists()
    assert desk.save(comment="typed while the disk was full", submit_token=token).status_code == 302
    assert Submission.objects.count() == 1


def test_while_sending_is_paused_nobody_is_told_that_it_will_be_sent_in_seconds(
    signed_in: SignedIn, agent: User
) -> None:
    submission = make_submission(agent)
    page = f"/submissions/{submission.uuid}/"
    assert "in a few seconds" in signed_in(agent).get(page).text
    Channel.current().pause("here:1", "credential_refused")
    assert "in a few seconds" not in signed_in(agent).get(page).text
    assert "sending is held up at the moment" in signed_in(agent).get(page).text


def test_the_form_with_three_hundred_reasons_weighs_little(desk: Desk) -> None:
    ReasonCode.objects.bulk_create(
        ReasonCode(code=f"{number}", label=f"Reason {number} {uuid.uuid4()}") for number in range(300)
    )
    page = desk.client.get(NEW, headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    files = set(re.findall(r'(?:href|src)="/static/([^"]+)"', gzip.decompress(page.content).decode()))
    assert len(files) > 10
    weights = [len(gzip.compress(Path(str(finders.find(name))).read_bytes())) for name in files]
    assert len(page.content) + sum(weights) < 120_000
