"""One form is one submission, saved whole or not at all, and frozen from then on."""

import json
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from uploads.models import Action, AuditEvent, Delivery, ReasonCode, State, Submission, SurveyField

from .conftest import NEW, Desk, errors_of, token_of


def test_a_valid_form_is_saved_with_delivery_and_audit_event(
    desk: Desk, agent: User, reasons: dict[str, ReasonCode]
) -> None:
    reply = desk.save(reasons=["10020"])
    submission = Submission.objects.get()
    assert reply.headers["Location"] == f"/submissions/{submission.uuid}/"
    assert (submission.agent, submission.agent_name) == (agent, "Anna de Vries")
    assert submission.workflow_status_label == "Open"
    assert submission.delivery.state == State.QUEUED
    event = AuditEvent.objects.about(submission).get()
    assert (event.action, event.actor) == (Action.SUBMITTED, agent)
    body = json.loads(bytes(event.payload.body))
    assert body["comment"] == "Waited too long"
    assert body["payload"] == submission.payload
    assert body["ignored"] == 0


def test_the_first_sending_waits_for_the_hold(desk: Desk, settings: object) -> None:
    settings.SUBMISSION_HOLD_SECONDS = 90
    desk.save()
    delivery = Delivery.objects.get()
    assert delivery.next_at - delivery.submission.created_at == timedelta(seconds=90)


def test_what_was_saved_does_not_follow_later_renames(desk: Desk, reasons: dict[str, ReasonCode]) -> None:
    desk.save(reasons=["10020"])
    before = Submission.objects.values().get()
    ReasonCode.objects.update(label="Renamed", active=False)
    SurveyField.objects.filter(key="Email").update(key="Mail", label="Mail")
    assert Submission.objects.values().get() == before
    assert {"code": "10020", "label": "Waiting time"} in before["reasons"]


def test_the_same_form_twice_is_one_submission(desk: Desk) -> None:
    answers = desk.answers()
    first, second = desk.client.post(NEW, answers), desk.client.post(NEW, answers)
    assert first.status_code == second.status_code == 302
    assert first.headers["Location"] == second.headers["Location"]
    assert (
        Submission.objects.count()
        == Delivery.objects.count()
        == AuditEvent.objects.filter(action=Action.SUBMITTED).count()
        == 1
    )


def test_the_same_form_again_shows_what_was_saved_even_if_it_is_wrong_now(desk: Desk) -> None:
    answers = desk.answers()
    desk.client.post(NEW, answers)
    page = desk.client.post(NEW, answers | {"score": "11"}, follow=True)
    assert page.redirect_chain == [(f"/submissions/{Submission.objects.get().uuid}/", 302)]
    assert "This form was saved before" in page.content.decode()


@pytest.mark.parametrize("token", [None, "", "x", "0", "\x00", "f" * 5000, "{}", "../"])
def test_a_form_without_a_proper_token_comes_back_with_a_fresh_one(desk: Desk, token: str | None) -> None:
    reply = desk.save(submit_token=token)
    assert "This form had expired." in errors_of(reply)["__all__"][0]
    assert 'value="lee@company.com"' in reply.content.decode()
    assert desk.save(submit_token=token_of(reply)).status_code == 302
    assert Submission.objects.count() == 1


def test_the_token_of_another_agent_is_refused_and_tells_nothing(desk: Desk, desk2: Desk) -> None:
    answers = desk.answers()
    desk.client.post(NEW, answers)
    reply = desk2.client.post(NEW, answers | {"comment": "mine"})
    assert "This form had expired." in errors_of(reply)["__all__"][0]
    assert token_of(reply) != answers["submit_token"]
    assert desk2.save(submit_token=token_of(reply)).status_code == 302
    assert Submission.objects.count() == 2


def test_a_refused_form_keeps_its_token(desk: Desk) -> None:
    token = str(uuid.uuid4())
    assert token_of(desk.save(submit_token=token, score="11")) == token


def test_save_and_next_opens_an_empty_form_that_links_to_what_was_saved(desk: Desk) -> None:
    page = desk.client.post(NEW, desk.answers(next="1"), follow=True)
    assert page.redirect_chain == [(NEW, 302)]
    html = page.content.decode()
    assert f'<a href="/submissions/{Submission.objects.get().uuid}/">Lee Klameth, score 4</a>' in html
    assert "lee@company.com" not in html


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example"])
def test_next_leads_nowhere_else(desk: Desk, target: str) -> None:
    assert desk.save(next=target).headers["Location"] == NEW


def test_the_message_after_saving_is_escaped(desk: Desk) -> None:
    page = desk.client.post(NEW, desk.answers(next="1", FirstName="<i>Lee</i>"), follow=True)
    assert "&lt;i&gt;Lee&lt;/i&gt;" in page.content.decode()
    assert "<i>Lee" not in page.content.decode()


def test_a_form_of_another_site_is_refused(agent: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(NEW, {"score": "7"}).status_code == 403
    assert Submission.objects.count() == 0


def test_nothing_is_saved_when_the_audit_event_cannot_be(desk: Desk) -> None:
    answers = desk.answers()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE uploads_auditevent RENAME TO away")
    assert desk.client.post(NEW, answers).status_code == 503
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE away RENAME TO uploads_auditevent")
    assert Submission.objects.count() == Delivery.objects.count() == 0
    assert desk.client.post(NEW, answers).status_code == 302
