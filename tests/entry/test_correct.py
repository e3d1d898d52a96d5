"""Correcting a result that CustomerGauge refused: the cause in plain words, the same form, a new version."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_submission
from uploads.models import (
    Action,
    AuditEvent,
    Cause,
    Delivery,
    Kind,
    ReasonCode,
    Role,
    State,
    Submission,
    SurveyField,
    WorkflowStatus,
)

from .conftest import NEW, Desk, Form, Race, error, errors_of, filled, marked, refuse, token_of

SignedIn = Callable[[User], Client]
NO_EMAIL = error(400003, "Field email is required but seems to be empty.")


def page_of(submission: Submission) -> str:
    return f"/submissions/{submission.uuid}/"


def correct(submission: Submission) -> str:
    return f"{NEW}?from={submission.uuid}"


@pytest.fixture
def refused(desk: Desk) -> Submission:
    """The agent's own result, refused for its e-mail address."""
    desk.save()
    return refuse(Submission.objects.get(), error(400003, "Field email is not a valid e-mail address."))


def save(desk: Desk, old: Submission, **changes: Any) -> HttpResponse:
    """Open the form of a refused result and save it with some answers changed."""
    return desk.client.post(NEW, filled(desk.client.get(correct(old))) | changes)


# -- the cause -------------------------------------------------------------------------------------------------

CAUSES: list[tuple[str, str | bytes, int, str, str]] = [
    ("an answer it requires", NO_EMAIL, 400, "", "CustomerGauge did not find “E-mail” although it was sent."),
    (
        "an answer not given",
        error(300004, "Required field 'First_Name' not supplied"),
        400,
        "FirstName",
        "First name is missing, and CustomerGauge requires it. Fill it in.",
    ),
    (
        "a field the form does not have",
        error(300004, "Required field 'Division' not supplied"),
        400,
        "",
        "CustomerGauge requires “Division”, which the form does not ask. Only an administrator can mend that",
    ),
    (
        "a value it does not take",
        error(400003, "Field nps must be a number from 0 to 10."),
        400,
        "score",
        "CustomerGauge does not accept what was entered as “Score”. Correct it.",
    ),
    (
        "a value by the key itself",
        error(400003, "Field SURVEYCOMPLETEDDATE must be YYYY-MM-DD HH:MM:SS."),
        400,
        "completed_at",
        "does not accept what was entered as “Survey completed”",
    ),
    (
        "a name with its object before it",
        error(400003, "Field contact.last_name is too long."),
        400,
        "LastName",
        "does not accept what was entered as “Last name”",
    ),
    (
        "no completion date",
        error(400007, "Survey completed date is required for responses"),
        400,
        "completed_at",
        "CustomerGauge did not find “Survey completed” although it was sent. Only an administrator can mend that",
    ),
    (
        "an unknown status",
        error(400011, "Workflow status does not exist"),
        400,
        "workflow_status",
        "CustomerGauge does not know this workflow status. Choose another one, and tell an administrator",
    ),
    (
        "arguments",
        error(300001, "Invalid arguments"),
        400,
        "",
        "CustomerGauge does not accept the way results are put together. Only an administrator can mend that",
    ),
    (
        "a key the account has not",
        error(300000, "More parameters than allowed: cgportal_ref"),
        400,
        "",
        "CustomerGauge does not accept one of the fields that the portal sends. Only an administrator can mend that",
    ),
    (
        "an account without completion dates",
        error(400006, "There is no mapping for the survey completed date"),
        400,
        "",
        "CustomerGauge has no field for the completion date under the name that the portal uses. Only an administrator",
    ),
    ("no field named", error(400003, "Could not insert record"), 400, "", "does not say which answer is wrong."),
    ("a code nobody knows", error(400499, "Quota is used up"), 400, "", "CustomerGauge refused its content. Only"),
    ("a word that is no field", error(400499, "Field is wrong"), 400, "", "CustomerGauge refused its content. Only"),
    ("a page of a proxy", "<html>Too large</html>", 413, "", "CustomerGauge refused it without saying why."),
    ("bytes that are no text", b"\xff\xfe\x00", 422, "", "CustomerGauge refused it without saying why."),
    ("nothing", "", 400, "", "CustomerGauge refused it without saying why."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "field", "sentence"), [row[1:] for row in CAUSES], ids=[row[0] for row in CAUSES]
)
def test_the_cause_is_told_in_plain_words_and_marked(
    desk: Desk, body: str | bytes, status: int, field: str, sentence: str
) -> None:
    desk.save(FirstName="")
    old = refuse(Submission.objects.get(), body, status)
    for path in (page_of(old), "/submissions/", NEW):
        html = desk.client.get(path).content.decode()
        assert sentence in html, path
        assert f'href="{correct(old)}"' in html, path
    page = desk.client.get(correct(old))
    assert page.status_code == 200
    html = page.content.decode()
    assert "CustomerGauge refused this result." in html
    if sentence.startswith("CustomerGauge did not find “E-mail”"):
        field = "Email"
    assert sentence in " ".join(marked(page)[field or "__all__"])
    assert Form(html).focus == field
    if "administrator can mend" in sentence:
        assert f"tell one its number, {old.short_id}." in html


@pytest.mark.parametrize(
    ("body", "who"),
    [
        (error(400003, "Field nps must be a number from 0 to 10."), "you"),
        (error(300001, "Invalid arguments"), "an administrator"),
        (error(400005, "id not found"), "a manager"),
    ],
)
def test_the_page_says_who_must_act(desk: Desk, body: str, who: str) -> None:
    desk.save()
    old = refuse(Submission.objects.get(), body)
    assert f"Who must act: {who}</p>" in desk.client.get(page_of(old)).content.decode()


def test_a_result_that_a_filter_stops_is_told_with_what_the_agent_can_do(agent: User, signed_in: SignedIn) -> None:
    old = make_submission(agent, State.REJECTED, evidence="blocked")
    html = signed_in(agent).get(page_of(old)).content.decode()
    assert "A filter on the way to CustomerGauge stops this result because of something in it" in html
    assert f"tell an administrator its number, {old.short_id}." in html


def test_an_answer_in_xml_is_understood(desk: Desk) -> None:
    desk.save(FirstName="")
    body = "<Error><Message>Field FirstName is required but seems to be empty</Message><Code>400003</Code></Error>"
    old = refuse(Submission.objects.get(), body, form="xml")
    assert marked(desk.client.get(correct(old)))["FirstName"] == [
        "First name is missing, and CustomerGauge requires it. Fill it in."
    ]


def test_without_a_recorded_reply_it_can_still_be_corrected(agent: User, signed_in: SignedIn) -> None:
    old = make_submission(agent, State.REJECTED)
    client = signed_in(agent)
    assert "Its content was not accepted. Correct it." in client.get(page_of(old)).content.decode()
    assert marked(client.get(correct(old)))["__all__"] == ["Its content was not accepted. Correct it."]


@pytest.mark.parametrize("where", ["page", "list", "form"])
def test_the_words_of_customergauge_are_shown_and_never_obeyed(desk: Desk, where: str) -> None:
    desk.save()
    evil = "<script>alert(1)</script>\" onfocus='x' \u202e Field <b>email</b> {{ 7 }}"
    old = refuse(Submission.objects.get(), error(400003, evil))
    path = {"page": page_of(old), "list": "/submissions/", "form": correct(old)}[where]
    html = desk.client.get(path).content.decode()
    assert "<script>alert" not in html
    assert "<b>email" not in html
    assert "\u202e" not in html
    assert ("&lt;script&gt;alert(1)&lt;/script&gt;" in html) == (where != "list")


def test_a_field_named_by_customergauge_is_escaped(desk: Desk) -> None:
    desk.save()
    old = refuse(Submission.objects.get(), error(300004, "Required field '<img src=x>' not supplied"))
    for path in (page_of(old), "/submissions/", correct(old)):
        html = desk.client.get(path).content.decode()
        assert "“&lt;img src=x&gt;”, which the form does not ask" in html
        assert "<img src=x" not in html


def test_the_causes_of_a_whole_list_take_no_more_queries_than_one(desk: Desk) -> None:
    counts = []
    for _ in range(3):
        known = set(Submission.objects.values_list("pk", flat=True))
        desk.save()
        refuse(Submission.objects.exclude(pk__in=known).get(), NO_EMAIL)
        desk.client.get("/submissions/")
        with CaptureQueriesContext(connection) as queries:
            desk.client.get("/submissions/")
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2]


# -- the form filled again -------------------------------------------------------------------------------------


def test_every_kind_of_answer_comes_back_as_it_was_entered(
    desk: Desk, reasons: dict[str, ReasonCode], settings: object
) -> None:
    make = SurveyField.objects.create
    for number, (kind, more) in enumerate(
        {
            Kind.PHONE: {},
            Kind.NUMBER: {},
            Kind.DATE: {},
            Kind.DATETIME: {},
            Kind.CHOICE: {"choices": "Gold & <b>\nSilver"},
        }.items()
    ):
        make(key=f"X{kind}", label=f"Extra {kind}", kind=kind, position=200 + number, **more)
    extra = {
        "Xphone": "+31 20 123 4567", "Xnumber": "-12", "Xdate": "1999-12-31",
        "Xdatetime": "2026-03-01T08:30:15", "Xchoice": "Gold & <b>",
    }  # fmt: skip
    words = {"comment": "\"quoted\" <i> & 'so'\nsecond line ☎ שלום", "CustomerNumber": "000/12.A"}
    answers = desk.answers(reasons=["10020", "10030"], score="0", contact="N", **extra, **words)
    assert desk.client.post(NEW, answers).status_code == 302
    old = refuse(Submission.objects.get(), NO_EMAIL)
    again = filled(desk.client.get(correct(old)))
    assert {name: again[name] for name in answers if name != "submit_token"} == {
        name: value for name, value in answers.items() if name != "submit_token"
    }
    assert again["revises"] == str(old.uuid)
    assert again["submit_token"] != answers["submit_token"]
    assert desk.client.post(NEW, again).status_code == 302
    new = Submission.objects.get(revision_of=old)
    same = (
        "score",
        "comment",
        "sent_at",
        "completed_at",
        "contact",
        "workflow_status",
        "reasons",
        "customer",
        "payload",
    )
    assert [getattr(new, name) for name in same] == [getattr(old, name) for name in same]
    assert new.payload == old.payload


def test_moments_follow_the_zone_of_the_form(desk: Desk, settings: object) -> None:
    SurveyField.objects.create(key="Visit", label="Visit", kind=Kind.DATETIME, position=200)
    settings.TIME_ZONE = "America/New_York"
    sent = (timezone.now() - timedelta(days=1)).replace(second=0, microsecond=0)
    local = sent.astimezone(ZoneInfo("America/New_York")).strftime("%Y-%m-%dT%H:%M")
    answers = desk.answers(sent_at=local, completed_at=local, Visit="2026-03-01T08:30")
    desk.client.post(NEW, answers)
    old = refuse(Submission.objects.get(), NO_EMAIL)
    settings.TIME_ZONE = "Asia/Tokyo"
    again = filled(desk.client.get(correct(old)))
    assert again["sent_at"] == sent.astimezone(ZoneInfo("Asia/Tokyo")).strftime("%Y-%m-%dT%H:%M")
    assert again["Visit"] == "2026-03-01T22:30"
    desk.client.post(NEW, again)
    new = Submission.objects.get(revision_of=old)
    assert (new.sent_at, new.completed_at, new.time_zone) == (sent, sent, "Asia/Tokyo")
    assert dict(new.payload) == dict(old.payload)


def test_what_is_not_offered_any_more_is_named_and_left_out(desk: Desk, reasons: dict[str, ReasonCode]) -> None:
    tier = SurveyField.objects.create(key="Tier", label="Tier", kind=Kind.CHOICE, choices="Gold\nTin", position=200)
    desk.save(reasons=["10020", "10030"], Tier="Tin")
    old = refuse(Submission.objects.get(), NO_EMAIL)
    ReasonCode.objects.filter(code="10020").update(active=False, label="Renamed")
    WorkflowStatus.objects.filter(code="OPEN").update(active=False)
    SurveyField.objects.filter(pk=tier.pk).update(choices="Gold")
    SurveyField.objects.filter(key="FirstName").update(active=False)
    SurveyField.objects.filter(role=Role.COMMENT).update(active=False)
    page = desk.client.get(correct(old))
    assert page.context["left_out"] == [
        "Comment is not asked any more; “Waited too long” was left out.",
        "Workflow status: “Open” is not offered any more and was left out.",
        "Reasons: “Waiting time” is not offered any more and was left out.",
        "First name is not asked any more; “Lee” was left out.",
        "Tier: “Tin” is not offered any more and was left out.",
    ]
    for sentence in page.context["left_out"]:
        assert sentence in page.content.decode()
    again = filled(page)
    assert again["reasons"] == ["10030"]
    assert {"FirstName", "comment"}.isdisjoint(again)
    assert desk.client.post(NEW, again).status_code == 302
    new = Submission.objects.get(revision_of=old)
    assert [reason["code"] for reason in new.reasons] == ["10030"]


def test_what_today_s_rules_refuse_is_said_at_once_and_not_lost(desk: Desk, reasons: dict[str, ReasonCode]) -> None:
    desk.save(reasons=["10030"], FirstName="")
    old = refuse(Submission.objects.get(), error(300001, "Invalid arguments"))
    ReasonCode.objects.filter(code="10030").update(side="promoter")
    SurveyField.objects.filter(key="FirstName").update(required=True)
    page = desk.client.get(correct(old))
    assert marked(page)["FirstName"] == ["First name is missing. Fill it in."]
    assert "not offered for the score 4" in marked(page)["reasons"][0]
    assert filled(page)["reasons"] == ["10030"]


# -- the new version -------------------------------------------------------------------------------------------


def test_a_correction_is_a_new_version_and_the_old_one_is_never_sent(
    desk: Desk, agent: User, refused: Submission
) -> None:
    before = Submission.objects.values().get()
    reply = save(desk, refused, Email="new@company.com")
    new = Submission.objects.get(revision_of=refused)
    assert reply.headers["Location"] == page_of(new)
    assert Submission.objects.values().get(pk=refused.pk) == before
    assert (new.agent, new.delivery.state) == (agent, State.QUEUED)
    assert new.reference != refused.reference
    assert dict(new.payload) == dict(refused.payload) | {"Email": "new@company.com"}
    old = Delivery.objects.get(pk=refused.pk)
    assert (old.state, old.evidence) == (State.CANCELLED, "replaced")
    told = AuditEvent.objects.about(refused).last()
    assert told
    assert (told.action, told.actor, told.outcome) == (Action.CANCELLED, agent, "replaced")
    assert json.loads(bytes(told.payload.body)) == {"revision": str(new.uuid)}
    made = AuditEvent.objects.about(new).get()
    assert made.action == Action.SUBMITTED
    assert json.loads(bytes(made.payload.body))["revision_of"] == str(refused.uuid)


def test_the_two_versions_lead_to_each_other(desk: Desk, refused: Submission) -> None:
    save(desk, refused)
    new = Submission.objects.get(revision_of=refused)
    old_page, new_page = (desk.client.get(page_of(row)).content.decode() for row in (refused, new))
    assert f'The corrected version is <a href="{page_of(new)}">{new.short_id}</a>.' in old_page
    assert "It was corrected, and the corrected version took its place." in old_page
    assert f'This corrects <a href="{page_of(refused)}">{refused.short_id}</a>' in new_page
    assert "Waited too long" in old_page
    assert "?from=" not in old_page


def test_a_correction_can_be_refused_and_corrected_again(desk: Desk, refused: Submission) -> None:
    save(desk, refused)
    second = refuse(Submission.objects.get(revision_of=refused), NO_EMAIL)
    save(desk, second)
    assert Submission.objects.get(revision_of=second).delivery.state == State.QUEUED


def test_a_correction_can_be_undone_and_entered_again(desk: Desk, refused: Submission) -> None:
    save(desk, refused, comment="Second words")
    second = Submission.objects.get(revision_of=refused)
    page = desk.client.post(f"{page_of(second)}undo/", follow=True)
    assert filled(page)["comment"] == "Second words"
    assert desk.client.post(NEW, filled(page)).status_code == 302
    assert Submission.objects.count() == 3


def test_a_correction_that_is_wrong_comes_back_as_a_correction(desk: Desk, refused: Submission) -> None:
    page = save(desk, refused, Email="nonsense", comment="typed meanwhile")
    assert "Email" in errors_of(page)
    again = filled(page)
    assert (again["revises"], again["comment"]) == (str(refused.uuid), "typed meanwhile")
    assert Delivery.objects.get().state == State.REJECTED
    assert desk.client.post(NEW, again | {"Email": "lee@company.com"}).status_code == 302
    assert Submission.objects.get(revision_of=refused).comment == "typed meanwhile"


def test_of_two_tabs_the_second_is_told_and_keeps_what_was_typed(desk: Desk, refused: Submission) -> None:
    first, second = (filled(desk.client.get(correct(refused))) for _ in range(2))
    assert desk.client.post(NEW, first).status_code == 302
    new = Submission.objects.get(revision_of=refused)
    page = desk.client.post(NEW, second | {"comment": "typed in the second tab"})
    assert errors_of(page)["__all__"] == [
        f'It has been corrected already: <a href="{page_of(new)}">see the corrected version</a>.'
    ]
    html = page.content.decode()
    assert f'<a href="{page_of(new)}">see the corrected version</a>' in html
    assert "typed in the second tab" in html
    assert Submission.objects.count() == 2


def test_who_is_overtaken_while_saving_saves_nothing(desk: Desk, refused: Submission) -> None:
    answers = filled(desk.client.get(correct(refused)))
    with connection.execute_wrapper(
        Race(lambda: Delivery.objects.get(pk=refused.pk).cancel(Cause("mia", "by_person")))
    ):
        page = desk.client.post(NEW, answers)
    assert "It is not waiting for a correction" in errors_of(page)["__all__"][0]
    assert Submission.objects.count() == Delivery.objects.count() == 1
    assert not AuditEvent.objects.filter(outcome="replaced").exists()


def test_the_same_correction_twice_is_one_version(desk: Desk, refused: Submission) -> None:
    answers = filled(desk.client.get(correct(refused)))
    first, second = desk.client.post(NEW, answers), desk.client.post(NEW, answers)
    assert first.headers["Location"] == second.headers["Location"]
    assert Submission.objects.count() == 2


def test_opening_the_form_of_a_corrected_result_leads_to_its_page(desk: Desk, refused: Submission) -> None:
    save(desk, refused)
    page = desk.client.get(correct(refused), follow=True)
    assert page.redirect_chain == [(page_of(refused), 302)]
    assert "It has been corrected already." in page.content.decode()


def test_nothing_is_kept_when_the_last_write_fails(desk: Desk, refused: Submission) -> None:
    answers = filled(desk.client.get(correct(refused)))

    def no_room(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith('INSERT INTO "uploads_delivery"'):
            raise DatabaseError("the disk is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(no_room):
        assert desk.client.post(NEW, answers).status_code == 503
    assert (Submission.objects.count(), Delivery.objects.get().state) == (1, State.REJECTED)
    assert not AuditEvent.objects.filter(outcome="replaced").exists()
    assert desk.client.post(NEW, answers).status_code == 302


# -- who and what ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", ["", "x", "0", "\x00", "{}", "../", "f" * 5000, str(uuid.UUID(int=7))])
def test_a_correction_of_nothing_is_not_found_and_not_saved(desk: Desk, named: str) -> None:
    assert desk.save(revises=named).status_code == 404
    assert not Submission.objects.exists()


def test_a_correction_of_two_is_not_found_and_not_saved(desk: Desk, refused: Submission) -> None:
    assert desk.save(revises=[str(refused.uuid)] * 2).status_code == 404
    assert Submission.objects.count() == 1


@pytest.mark.parametrize("who", ["agent", "manager"])
def test_nobody_corrects_the_result_of_another(
    request: pytest.FixtureRequest, agent2: User, signed_in: SignedIn, who: str
) -> None:
    foreign = make_submission(agent2, State.REJECTED)
    desk = Desk(signed_in(request.getfixturevalue(who)))
    assert desk.client.get(correct(foreign)).status_code == 404
    assert desk.save(revises=str(foreign.uuid)).status_code == 404
    assert (Submission.objects.count(), Delivery.objects.get().state) == (1, State.REJECTED)


@pytest.mark.parametrize("state", sorted(set(State) - {State.REJECTED, State.DELIVERED}))
def test_what_is_not_rejected_cannot_be_replaced(desk: Desk, agent: User, state: State) -> None:
    other = make_submission(agent, state, evidence="undone" if state is State.CANCELLED else "")
    page = desk.save(revises=str(other.uuid))
    assert "It is not waiting for a correction" in errors_of(page)["__all__"][0]
    assert f'href="{page_of(other)}"' in page.content.decode()
    assert (Submission.objects.count(), Delivery.objects.get().state) == (1, state)


def test_a_stale_key_keeps_a_correction_a_correction(desk: Desk, agent: User, refused: Submission) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = browser.post(NEW, filled(desk.client.get(correct(refused))) | {"csrfmiddlewaretoken": "x" * 64})
    assert page.status_code == 403
    again = filled(page)
    assert again["revises"] == str(refused.uuid)
    assert browser.post(NEW, again).status_code == 302
    assert Submission.objects.filter(revision_of=refused).count() == 1


def test_an_expired_form_keeps_a_correction_a_correction(desk: Desk, refused: Submission) -> None:
    page = desk.client.post(NEW, filled(desk.client.get(correct(refused))) | {"submit_token": ""})
    assert filled(page)["revises"] == str(refused.uuid)
    assert uuid.UUID(token_of(page))
