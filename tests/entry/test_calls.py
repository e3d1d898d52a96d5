"""Calls without a survey: noted with what is known of the customer, called again in time, never sent anywhere."""

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.processes import Portal
from uploads.models import Action, AuditEvent, Call, CallOutcome, Delivery, Draft, Submission

from .conftest import NEW, Desk, Form, filled, token_of

CALLS = "/calls/"
DUE = "/calls/due/"
OWN = "/submissions/"

SignedIn = Callable[[User], Client]


def outcome(label: str) -> str:
    return str(CallOutcome.objects.get(label=label).pk)


def at(later: timedelta) -> str:
    return f"{timezone.localtime(timezone.now() + later):%Y-%m-%dT%H:%M}"


def note(client: Client, label: str = "No answer", **answers: Any) -> HttpResponse:
    """Note how a call ended on a fresh form."""
    form = {"submit_token": token_of(client.get(NEW)), "call-outcome": outcome(label)} if label else {}
    return client.post(CALLS, form | answers)


def call_back(client: Client, later: timedelta = timedelta(hours=2), **answers: Any) -> Call:
    """A call that its agent put off."""
    answers = {"FirstName": "Lee", "LastName": "Klameth"} | answers | {"call-back": at(later)}
    assert note(client, "Call back later", **answers).status_code == 302
    return Call.objects.latest("pk")


@pytest.fixture
def client(agent: User, signed_in: SignedIn) -> Client:
    return signed_in(agent)


def test_a_call_is_noted_with_what_is_known_of_the_customer_and_the_next_form_opens(client: Client) -> None:
    answer = note(client, "Refused", FirstName=" Lee ", Email="not an address", **{"call-note": "No time"})
    assert answer.headers["Location"] == NEW
    call = Call.objects.get()
    assert (call.outcome_label, call.agent_name, call.note) == ("Refused", "Anna de Vries", "No time")
    assert {field["key"]: field["value"] for field in call.customer} == {"FirstName": "Lee", "Email": "not an address"}
    assert "Noted: Refused, Lee." in client.get(NEW).text


def test_nothing_of_a_call_goes_to_customergauge_and_its_event_names_nobody(client: Client, agent: User) -> None:
    note(client, "No answer", FirstName="Lee", **{"call-note": "Mailbox of Lee"})
    event = AuditEvent.objects.get(action=Action.CALL_RECORDED)
    assert (event.actor, event.object_name) == (agent, str(Call.objects.get()))
    assert json.loads(bytes(event.payload.body)) == {"how": "No answer", "call_back_at": None}
    assert not Submission.objects.exists()
    assert not Delivery.objects.exists()


def test_one_form_is_one_call_and_no_draft_any_more(client: Client, agent: User) -> None:
    token = token_of(client.get(NEW))
    Draft.objects.create(token=token, agent=agent)
    for _ in range(2):
        assert note(client, submit_token=token).status_code == 302
    assert Call.objects.count() == 1
    assert AuditEvent.objects.filter(action=Action.CALL_RECORDED).count() == 1
    assert not Draft.objects.exists()


def test_a_form_that_was_saved_as_a_result_leads_there(desk: Desk) -> None:
    token = desk.token()
    desk.save(submit_token=token)
    answer = note(desk.client, submit_token=token)
    assert answer.headers["Location"] == f"/submissions/{Submission.objects.get().uuid}/"
    assert not Call.objects.exists()


@pytest.mark.parametrize(
    ("label", "answers", "sentence"),
    [
        ("Call back later", {}, "Call back at is missing. Give the day and the time."),
        ("Call back later", {"call-back": "soon"}, "Call back at is not a date with a time."),
        ("Call back later", {"call-back": timedelta(minutes=-2)}, "Call back at has passed already."),
        ("Call back later", {"call-back": timedelta(days=91)}, "Call back at lies more than 90 days ahead."),
        ("No answer", {"call-back": timedelta(days=1)}, "“No answer” takes no time to call back."),
        ("No answer", {"call-outcome": "999999999999999999999"}, "How the call ended has a value that is not offered"),
        ("No answer", {"call-outcome": ""}, "How the call ended is missing."),
        ("No answer", {"call-note": "x" * 501}, "Note is too long: 501 characters"),
        ("No answer", {"FirstName": "Lee\0"}, "First name contains an invisible control character."),
        ("No answer", {"score": "4", "comment": "Slow"}, "The form holds a score and a comment. Save it as a result"),
        ("No answer", {"submit_token": "nonsense"}, "This form had expired."),
    ],
)  # fmt: skip
def test_what_cannot_be_noted_is_said_and_nothing_typed_is_lost(
    client: Client, label: str, answers: dict[str, Any], sentence: str
) -> None:
    answers = {name: at(value) if isinstance(value, timedelta) else value for name, value in answers.items()}
    answer = note(client, label, **{"LastName": "Klameth", "call-note": "Mailbox"} | answers)
    assert answer.status_code == 422
    assert sentence in answer.text
    kept = filled(answer)
    assert kept["LastName"] == "Klameth"
    assert kept["call-note"] == answers.get("call-note", "Mailbox")
    assert not Call.objects.exists()


def test_an_error_of_a_call_leads_to_its_input(client: Client) -> None:
    page = note(client, "Call back later").text
    assert '<a href="#id_call-back">' in page
    assert 'aria-describedby="id_call-back_error"' in page
    assert 'id="id_call-back_error"' in page
    assert Form(page).focus == "call-back"


def test_who_calls_again_reads_what_was_promised_and_noted(client: Client) -> None:
    call = call_back(client, **{"call-note": "Prefers the <evening>"})
    page = client.get(f"{NEW}?call={call.uuid}").text
    assert (
        f"to call back at {timezone.localtime(call.call_back_at):%-d %B, %H:%M}. Your note: Prefers the &lt;e" in page
    )


@pytest.mark.parametrize("later", [timedelta(minutes=0), timedelta(days=90)])
def test_a_call_may_be_put_off_from_now_to_ninety_days(client: Client, later: timedelta) -> None:
    call_back(client, later)
    assert Call.objects.get().call_back_at == datetime.fromisoformat(at(later)).astimezone()


def test_a_call_that_could_not_be_noted_stays_in_the_form(client: Client) -> None:
    token = token_of(client.get(NEW))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE uploads_auditpayload RENAME COLUMN body TO gone")
    answer = note(client, FirstName="Lee", submit_token=token)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE uploads_auditpayload RENAME COLUMN gone TO body")
    assert (answer.status_code, filled(answer)["FirstName"]) == (503, "Lee")
    assert note(client, FirstName="Lee", submit_token=token).status_code == 302
    assert Call.objects.count() == 1


def test_a_stale_key_keeps_what_was_typed(agent: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = browser.post(CALLS, {"call-outcome": outcome("No answer"), "FirstName": "Lee"})
    assert (answer.status_code, filled(answer)["FirstName"]) == (403, "Lee")
    assert not Call.objects.exists()


# -- calling again -------------------------------------------------------------------------------------------


def test_call_backs_stand_in_the_own_list_the_next_one_first(client: Client, agent2: User, signed_in: SignedIn) -> None:
    call_back(client, timedelta(hours=3), LastName="Later")
    call_back(client, timedelta(hours=1), LastName="Sooner", **{"call-note": "Ask for the warehouse"})
    call_back(signed_in(agent2), LastName="Somebody else's")
    note(client, "Refused", LastName="Never again")
    page = client.get(OWN)
    assert [call.customer[1]["value"] for call in page.context["call_backs"]] == ["Sooner", "Later"]
    assert "Ask for the warehouse" in page.text


def test_a_call_that_is_due_is_said_on_every_page_and_only_to_its_agent(
    client: Client, agent2: User, manager: User, signed_in: SignedIn
) -> None:
    call = call_back(client)
    for path in (NEW, OWN):
        assert "Call back</strong>" not in client.get(path).text
    Call.objects.update(call_back_at=timezone.now() - timedelta(minutes=1))
    for path in (NEW, OWN):
        page = client.get(path).text
        assert f'<a href="{NEW}?call={call.uuid}"><bdi>Lee Klameth</bdi></a>' in page
        assert 'My work<span id="calls-number"> (1<' in page
    for user in (agent2, manager):
        assert "Lee Klameth" not in signed_in(user).get(NEW).text


def test_an_open_page_hears_of_a_due_call_once_and_of_a_sign_out_never(client: Client) -> None:
    call = call_back(client)
    seen = client.get(OWN).text.split('name="calls-seen" value="')[1].split('"')[0]
    assert client.get(DUE, {"calls-seen": seen}).status_code == 204
    Call.objects.update(call_back_at=timezone.now())
    news = client.get(DUE, {"calls-seen": seen})
    assert str(call.uuid) in news.text
    assert 'hx-swap-oob="true"' in news.text
    assert Client().get(DUE, {"calls-seen": seen}).status_code == 204


def test_calling_again_opens_the_form_with_the_customer_and_the_survey_settles_it(desk: Desk) -> None:
    call = call_back(desk.client, Email="lee@company.com", CustomerNumber="1143")
    form = filled(desk.client.get(f"{NEW}?call={call.uuid}"))
    assert (form["FirstName"], form["Email"], form["call-again"]) == ("Lee", "lee@company.com", str(call.uuid))
    answers = desk.answers(**{"submit_token": form["submit_token"], "call-again": form["call-again"]})
    assert desk.client.post(NEW, answers).status_code == 302
    call.refresh_from_db()
    assert call.done_at is not None
    assert AuditEvent.objects.get(action=Action.CALL_DONE).outcome == "called"
    assert list(desk.client.get(OWN).context["call_backs"]) == []


def test_a_survey_that_is_refused_leaves_the_call_back_open_and_still_named(desk: Desk) -> None:
    call = call_back(desk.client)
    answers = desk.answers(score="", **{"call-again": str(call.uuid)})
    answer = desk.client.post(NEW, answers)
    assert (answer.status_code, filled(answer)["call-again"]) == (422, str(call.uuid))
    assert list(Call.objects.to_call_back(call.agent)) == [call]


def test_nobody_there_again_settles_the_old_call_and_notes_a_new_one(client: Client) -> None:
    first = call_back(client)
    second = call_back(client, timedelta(days=1), **{"call-again": str(first.uuid)})
    assert list(Call.objects.to_call_back(first.agent)) == [second]


def test_a_call_is_taken_off_the_list_once(client: Client) -> None:
    call = call_back(client)
    for _ in range(2):
        assert client.post(f"/calls/{call.uuid}/done/").headers["Location"] == OWN
    assert AuditEvent.objects.get(action=Action.CALL_DONE).outcome == "dropped"
    assert not Call.objects.to_call_back(call.agent).exists()


def test_nobody_reaches_a_call_of_somebody_else(client: Client, agent2: User, signed_in: SignedIn) -> None:
    call, other = call_back(client), signed_in(agent2)
    assert other.get(f"{NEW}?call={call.uuid}").status_code == 404
    assert other.post(f"/calls/{call.uuid}/done/").status_code == 404
    note(other, "No answer", **{"call-again": str(call.uuid)})
    assert list(Call.objects.to_call_back(call.agent)) == [call]
    assert client.get(f"{NEW}?call=nonsense").status_code == 404
    assert client.get(f"{NEW}?call={uuid.uuid4()}").status_code == 404


def test_an_outcome_that_is_switched_off_is_not_offered(client: Client) -> None:
    CallOutcome.objects.filter(label="Refused").update(active=False)
    assert "Refused" not in client.get(NEW).text
    assert note(client, "Refused").status_code == 422


def test_without_outcomes_there_is_no_way_out(client: Client) -> None:
    CallOutcome.objects.update(active=False)
    assert "No survey?" not in client.get(NEW).text


@pytest.mark.browser
@pytest.mark.processes
def test_a_page_that_stays_open_says_when_a_call_is_due_and_keeps_what_is_typed(web: Portal, page: Page) -> None:
    page.clock.install()
    web.browser_session("agent").lend(page, NEW)
    page.fill("[name=FirstName]", "Lee")
    page.get_by_text("No survey?").click()
    page.get_by_label("Call back at").fill(f"{timezone.localtime() + timedelta(hours=1):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Call back later").click()
    expect(page.locator(".alert-success")).to_contain_text("Noted: Call back later, Lee")
    page.fill("[name=FirstName]", "Mia")
    web.sql(f"UPDATE uploads_call SET call_back_at = '{timezone.now() - timedelta(minutes=1):%Y-%m-%d %H:%M:%S}'")
    page.clock.run_for(31_000)
    expect(page.locator(".due")).to_contain_text("Call back Lee")
    expect(page.get_by_role("link", name="My work")).to_have_text("My work (1 to call back)")
    expect(page.locator("[name=FirstName]")).to_have_value("Mia")
    page.locator(".due a").click()
    expect(page.locator("[name=FirstName]")).to_have_value("Lee")
