"""Close the loop: a manager asks for a change of a result's case, and decides about one that stands still."""

import json
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_submission
from uploads.models import (
    Action,
    AuditEvent,
    CaseDelivery,
    CaseUpdate,
    Cause,
    Delivery,
    State,
    Submission,
    WorkflowStatus,
)

SignedIn = Callable[[User], Client]


@pytest.fixture
def delivered(agent: User) -> Submission:
    return make_submission(agent, State.DELIVERED)


def page_of(submission: Submission) -> str:
    return f"/history/{submission.uuid}/"


def token_of(browser: Client, submission: Submission) -> str:
    found = re.search(r'name="token" value="([^"]+)"', browser.get(page_of(submission)).content.decode())
    assert found, "the page offers no change of the case"
    return found[1]


def ask(browser: Client, submission: Submission, **fields: Any) -> HttpResponse:
    fields = {"token": token_of(browser, submission)} | fields
    return browser.post(f"{page_of(submission)}case/", fields)


def stuck(submission: Submission, manager: User, state: State, evidence: str = "", **wanted: Any) -> CaseDelivery:
    """A change of the case that stands still."""
    update = CaseUpdate.objects.create(
        token=uuid.uuid4(), submission=submission, author=manager, author_name="Mia",
        **(wanted or {"comment": "Called her"}),
    )  # fmt: skip
    return CaseDelivery.objects.create(case_update=update, result=submission, state=state, evidence=evidence)


def decide(browser: Client, case: CaseDelivery, decision: str, **fields: Any) -> HttpResponse:
    given = {"decision": decision, "version": str(case.version), "reason": "I looked there"} | fields
    return browser.post(f"/history/case/{case.case_update.uuid}/decide/", given)


# -- asking ----------------------------------------------------------------------------------------------------


def test_a_change_is_stored_with_its_event_and_shown_with_its_state(
    browser: Client, manager: User, delivered: Submission
) -> None:
    reply = ask(browser, delivered, status="CLOSED", comment="Called her\r\nAll is well", assigned_to="mia@company.com")
    assert reply.headers["Location"] == page_of(delivered)
    case = CaseDelivery.objects.select_related("case_update").get()
    assert (case.state, case.result) == (State.QUEUED, delivered)
    update = case.case_update
    assert (update.status, update.status_label, update.author) == ("CLOSED", "Closed", manager)
    assert (update.comment, update.assigned_to) == ("Called her\nAll is well", "mia@company.com")
    event = AuditEvent.objects.about(delivered).get(action=Action.CASE_ASKED)
    assert event.actor == manager
    assert json.loads(bytes(event.payload.body)) == {
        "status": "CLOSED",
        "status_label": "Closed",
        "comment": "Called her\nAll is well",
        "assigned_to": "mia@company.com",
    }
    html = browser.get(page_of(delivered)).content.decode()
    for shown in ("Called her\nAll is well", "mia@company.com", "wants its case at CustomerGauge changed"):
        assert shown in html


def test_pressed_twice_it_is_one(browser: Client, delivered: Submission) -> None:
    token = token_of(browser, delivered)
    replies = [ask(browser, delivered, token=token, comment="Called her") for _ in range(2)]
    assert [reply.status_code for reply in replies] == [302, 302]
    assert CaseUpdate.objects.count() == AuditEvent.objects.filter(action=Action.CASE_ASKED).count() == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Give a status, a comment or an assignee"),
        ({"comment": "  \n "}, "Give a status, a comment or an assignee"),
        ({"status": "NONSENSE"}, "This status is not offered any more. Choose another one."),
        ({"comment": "a\x08b"}, "The comment contains an invisible control character."),
        ({"comment": "x" * 2001}, "The comment is too long: at most 2000 characters."),
        ({"assigned_to": "mia"}, "This is not an e-mail address."),
        ({"comment": "Called her", "token": "x"}, "This form had expired."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(
    browser: Client, delivered: Submission, fields: dict[str, str], sentence: str
) -> None:
    page = ask(browser, delivered, **fields)
    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert not CaseUpdate.objects.exists()


def test_what_was_typed_is_kept_and_can_be_sent_then(browser: Client, delivered: Submission) -> None:
    page = ask(browser, delivered, comment="Called <b>her</b>", assigned_to="mia")
    html = page.content.decode()
    assert "Called &lt;b&gt;her&lt;/b&gt;" in html
    found = re.search(r'name="token" value="([^"]+)"', html)
    assert found
    assert ask(browser, delivered, token=found[1], comment="Called her").status_code == 302
    assert "<b>" not in CaseUpdate.objects.get().comment


@pytest.mark.parametrize("closed", ["CLOSED", "CLOSE"])
def test_opening_a_closed_case_again_wants_a_tick(browser: Client, delivered: Submission, closed: str) -> None:
    WorkflowStatus.objects.update(active=True)
    assert "Open the closed case again" not in browser.get(page_of(delivered)).content.decode()
    ask(browser, delivered, status=closed)
    assert "CustomerGauge then clears its follow-up and closing times." in browser.get(
        page_of(delivered)
    ).content.decode().replace("&#x27;", "'")
    page = ask(browser, delivered, status="OPEN")
    assert page.status_code == 422
    assert "The case is closed. Tick this if it shall be opened again" in page.content.decode()
    assert ask(browser, delivered, comment="only a word").status_code == 302
    assert ask(browser, delivered, status="CLOSE").status_code == 302
    assert ask(browser, delivered, status="OPEN", reopen="on").status_code == 302
    assert CaseUpdate.objects.count() == 4


@pytest.mark.parametrize(
    ("state", "fields", "sentence"),
    [
        (State.REJECTED, {}, "CustomerGauge has refused this result"),
        (State.FAILED, {}, "This result was not delivered"),
        (State.CANCELLED, {}, "This result is not sent"),
        (State.DELIVERED, {"cg_id": ""}, "Nobody gave CustomerGauge"),
    ],
)
def test_without_a_record_there_is_no_case_to_change(
    browser: Client, agent: User, state: State, fields: dict[str, str], sentence: str
) -> None:
    submission = make_submission(agent, state, **fields)
    html = browser.get(page_of(submission)).content.decode()
    assert sentence in html
    assert 'name="token"' not in html
    page = browser.post(f"{page_of(submission)}case/", {"comment": "Called her", "token": str(uuid.uuid4())})
    assert page.status_code == 409
    assert sentence in page.content.decode()
    assert not CaseUpdate.objects.exists()


@pytest.mark.parametrize("state", [State.QUEUED, State.SENDING, State.UNCONFIRMED])
def test_it_waits_where_the_result_has_no_number_yet(browser: Client, agent: User, state: State) -> None:
    submission = make_submission(agent, state)
    assert ask(browser, submission, comment="Called her").status_code == 302
    html = browser.get(page_of(submission)).content.decode()
    assert "It waits until CustomerGauge has given the result its number." in html


def test_it_follows_a_refused_result_to_its_corrected_version(
    browser: Client, agent: User, manager: User, signed_in: SignedIn
) -> None:
    submission = make_submission(agent)
    ask(browser, submission, comment="Called her")
    Delivery.objects.update(state=State.REJECTED)
    form = signed_in(manager).get(f"{page_of(submission)}correct/")
    token = re.search(r'name="submit_token" value="([^"]+)"', form.content.decode())
    assert token
    now = timezone.localtime()
    answers = {
        "submit_token": token[1], "Email": "lee@company.com", "FirstName": "Lee", "LastName": "Klameth", "score": "4",
        "CustomerNumber": "1143", "sent_at": (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
        "completed_at": now.strftime("%Y-%m-%dT%H:%M"),
    }  # fmt: skip
    assert browser.post(f"{page_of(submission)}correct/", answers).status_code == 302
    new = Submission.objects.get(revision_of=submission)
    assert CaseDelivery.objects.get().result == new
    assert "Called her" in browser.get(page_of(new)).content.decode()


@pytest.mark.parametrize("role", ["agent", "admin"])
def test_only_managers_change_cases(
    request: pytest.FixtureRequest, signed_in: SignedIn, manager: User, delivered: Submission, role: str
) -> None:
    client = signed_in(request.getfixturevalue(role))
    reply = client.post(f"{page_of(delivered)}case/", {"comment": "Called her", "token": str(uuid.uuid4())})
    assert reply.status_code == 403
    case = stuck(delivered, manager, State.FAILED)
    assert decide(client, case, "drop").status_code == 403
    assert CaseUpdate.objects.count() == 1
    assert CaseDelivery.objects.get().state == State.FAILED


def test_looking_at_the_case_of_anothers_result_is_recorded(browser: Client, delivered: Submission) -> None:
    browser.get(f"{page_of(delivered)}case/")
    assert AuditEvent.objects.about(delivered).filter(action=Action.VIEWED).count() == 1


def test_the_list_keeps_itself_up_to_date(browser: Client, manager: User, delivered: Submission) -> None:
    case = stuck(delivered, manager, State.QUEUED)
    htmx = {"HX-Request": "true"}
    fragment = browser.get(f"{page_of(delivered)}case/", headers=htmx)
    assert fragment.status_code == 200
    seen = re.search(r"seen=([\w.-]+)", fragment.content.decode())
    assert seen
    path = f"{page_of(delivered)}case/?seen={seen[1]}"
    assert browser.get(path, headers=htmx).status_code == 204
    attempt = case.claim("here:1", timezone.now(), None)
    assert attempt
    assert browser.get(path, headers=htmx).status_code == 200
    assert case.succeed(Cause("here:1", "stored", attempt), "12")
    assert browser.get(path, headers=htmx).status_code == 286


# -- deciding --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "decision", "becomes"),
    [
        (State.FAILED, "again", State.QUEUED),
        (State.FAILED, "done", State.DELIVERED),
        (State.FAILED, "drop", State.CANCELLED),
        (State.UNCONFIRMED, "again", State.QUEUED),
        (State.UNCONFIRMED, "done", State.DELIVERED),
        (State.UNCONFIRMED, "drop", State.CANCELLED),
        (State.REJECTED, "drop", State.CANCELLED),
    ],
)
def test_a_decision_is_carried_out_and_its_reason_kept(
    browser: Client, manager: User, delivered: Submission, state: State, decision: str, becomes: State
) -> None:
    case = stuck(delivered, manager, state)
    assert f'value="{decision}"' in browser.get("/attention/").content.decode()
    assert decide(browser, case, decision).headers["Location"] == page_of(delivered)
    assert CaseDelivery.objects.get().state == becomes
    event = AuditEvent.objects.about(delivered).get(action=f"case.{becomes}")
    assert event.actor == manager
    assert json.loads(bytes(event.payload.body)) == {"reason": "I looked there"}
    assert "I looked there" in browser.get(page_of(delivered)).content.decode()


@pytest.mark.parametrize(
    ("state", "decision"),
    [
        (State.REJECTED, "again"), (State.REJECTED, "done"), (State.QUEUED, "drop"), (State.DELIVERED, "again"),
        (State.CANCELLED, "done"),
    ],
)  # fmt: skip
def test_a_decision_that_is_not_open_changes_nothing(
    browser: Client, manager: User, delivered: Submission, state: State, decision: str
) -> None:
    case = stuck(delivered, manager, state)
    page = decide(browser, case, decision)
    assert page.status_code == 409
    assert "Somebody was faster" in page.content.decode()
    assert CaseDelivery.objects.get().state == state


def test_a_decision_needs_a_reason(browser: Client, manager: User, delivered: Submission) -> None:
    case = stuck(delivered, manager, State.FAILED)
    page = decide(browser, case, "drop", reason=" ")
    assert page.status_code == 422
    assert "Give the reason: it is kept in the history." in page.content.decode()
    assert CaseDelivery.objects.get().state == State.FAILED


def test_of_two_managers_the_first_wins_and_the_second_is_told(
    browser: Client, manager: User, delivered: Submission
) -> None:
    case = stuck(delivered, manager, State.UNCONFIRMED)
    assert decide(browser, case, "done").status_code == 302
    page = decide(browser, case, "again")
    assert page.status_code == 409
    assert "it is now “Delivered”" in page.content.decode()


@pytest.mark.parametrize("version", ["", "x", "99", "-1"])
def test_a_decision_about_another_version_changes_nothing(
    browser: Client, manager: User, delivered: Submission, version: str
) -> None:
    case = stuck(delivered, manager, State.FAILED)
    assert decide(browser, case, "drop", version=version).status_code == 409
    assert decide(browser, case, "nonsense").status_code == 422
    assert CaseDelivery.objects.get().state == State.FAILED


def test_sending_a_comment_again_that_may_have_arrived_is_warned_of(
    browser: Client, manager: User, delivered: Submission
) -> None:
    warning = "It may have arrived: then the comment may stand there twice."
    stuck(delivered, manager, State.FAILED)
    assert warning not in browser.get("/attention/").content.decode()
    stuck(delivered, manager, State.UNCONFIRMED)
    assert warning in browser.get("/attention/").content.decode()


def test_attention_says_why_a_change_stands_still_and_whose_it_is(
    browser: Client, manager: User, delivered: Submission
) -> None:
    case = stuck(delivered, manager, State.QUEUED, status="NONSENSE", status_label="Nonsense")
    attempt = case.claim("here:1", timezone.now(), None)
    assert attempt
    attempt.end(outcome="rejected", evidence="content_refused", seconds=0.1, status=400, code="400200")
    body = {"status": 400, "headers": [], "body": '{"Error":{"Message":"Workflow <not> found","Code":400200}}'}
    assert case.reject(Cause("here:1", "content_refused", attempt, body))
    html = browser.get("/attention/").content.decode()
    assert "CustomerGauge has no such case; perhaps the record was removed there. A manager looks there." in html
    assert "Workflow &lt;not&gt; found" in html
    assert f'href="{page_of(delivered)}#case"' in html
    assert "Changes of cases that need a person" in html


def test_many_troubles_take_no_more_queries_than_one_and_are_cut_with_a_word(
    browser: Client, manager: User, delivered: Submission
) -> None:
    counts = []
    for number in (1, 59):
        for _ in range(number):
            stuck(delivered, manager, State.FAILED, "internal")
        browser.get("/attention/")
        with CaptureQueriesContext(connection) as queries:
            page = browser.get("/attention/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert "These are the 50 oldest of 60." in page.content.decode()
