"""Taking a result back before it is sent: only one's own, only in time, and nothing that was typed is lost."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.factories import make_submission
from uploads.models import Action, AuditEvent, Cause, Delivery, State, Submission

from .conftest import NEW, Desk, Race, filled, marked, token_of

SignedIn = Callable[[User], Client]


def page_of(submission: Submission) -> str:
    return f"/submissions/{submission.uuid}/"


def undo_of(submission: Submission) -> str:
    return f"/submissions/{submission.uuid}/undo/"


def claim(submission: Submission) -> None:
    Delivery.objects.get(pk=submission.pk).claim("worker", timezone.now() + timedelta(minutes=1), b"")


def offered(client: Client, path: str, submission: Submission) -> bool:
    return f'formaction="{undo_of(submission)}"' in client.get(path).content.decode()


def test_undo_cancels_and_leads_to_the_form_with_everything_that_was_entered(desk: Desk, agent: User) -> None:
    answers = desk.answers()
    desk.client.post(NEW, answers)
    submission = Submission.objects.get()
    page = desk.client.post(undo_of(submission), follow=True)
    assert page.redirect_chain == [(f"{NEW}?from={submission.uuid}", 302)]
    html = page.content.decode()
    assert "Nothing was sent: result" in html
    assert token_of(page) != answers["submit_token"]
    again = filled(page)
    assert {name: again[name] for name in answers if name != "submit_token"} == {
        name: value for name, value in answers.items() if name != "submit_token"
    }
    assert (marked(page), "revises" in again) == ({}, False)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.evidence) == (State.CANCELLED, "undone")
    event = AuditEvent.objects.about(submission).last()
    assert event
    assert (event.action, event.actor, event.outcome) == (Action.CANCELLED, agent, "undone")
    html = desk.client.get(page_of(submission)).content.decode()
    assert "You undid it before it was sent." in html
    assert f'href="{NEW}?from={submission.uuid}">Enter it again</a>' in html


def test_the_form_after_undo_saves_a_result_of_its_own(desk: Desk) -> None:
    desk.save()
    first = Submission.objects.get()
    page = desk.client.post(undo_of(first), follow=True)
    assert desk.client.post(NEW, filled(page) | {"comment": "Corrected"}).status_code == 302
    second = Submission.objects.exclude(pk=first.pk).get()
    assert (second.comment, second.delivery.state, second.revision_of) == ("Corrected", State.QUEUED, None)


def test_undo_twice_is_undo_once(desk: Desk) -> None:
    desk.save()
    submission = Submission.objects.get()
    first, second = (desk.client.post(undo_of(submission)) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"] == f"{NEW}?from={submission.uuid}"
    assert AuditEvent.objects.filter(action=Action.CANCELLED).count() == 1


def test_undo_is_offered_on_the_page_in_the_lists_and_after_save_and_next(desk: Desk, settings: object) -> None:
    settings.SUBMISSION_HOLD_SECONDS = 30
    page = desk.client.post(NEW, desk.answers(next="1"), follow=True)
    submission = Submission.objects.get()
    alert = re.search(r'<div class="alert alert-success".*?</div>', page.content.decode(), re.DOTALL)
    assert alert
    assert f'formaction="{undo_of(submission)}"' in alert[0]
    for path in (page_of(submission), page_of(submission) + "state/", "/submissions/", NEW):
        assert offered(desk.client, path, submission), path
    for path in (page_of(submission), "/submissions/", NEW):
        assert '<form id="undo" method="post" hidden>' in desk.client.get(path).content.decode(), path


def test_without_a_hold_nothing_is_promised_after_saving(desk: Desk, settings: object) -> None:
    settings.SUBMISSION_HOLD_SECONDS = 0
    page = desk.client.post(NEW, desk.answers(next="1"), follow=True)
    assert "btn-undo" not in page.content.decode()


def test_the_page_counts_the_seconds_that_are_left(desk: Desk, settings: object) -> None:
    settings.SUBMISSION_HOLD_SECONDS = 90
    desk.save()
    path = page_of(Submission.objects.get())
    html = desk.client.get(path).content.decode()
    found = re.search(r"Sent in <span>(\d+)</span> s", html)
    assert found
    assert 0 < int(found[1]) <= 90
    seen = re.search(r'hx-get="(/submissions/[^"]+/state/[^"]*)"', html)
    assert seen
    assert desk.client.get(seen[1]).status_code == 204  # the page counts by itself


@pytest.mark.parametrize("path", ["page", "state", "list", "new"])
def test_undo_is_not_offered_once_a_worker_has_held_it(agent: User, signed_in: SignedIn, path: str) -> None:
    submission = make_submission(agent)
    paths = {"page": page_of(submission), "state": page_of(submission) + "state/", "list": "/submissions/", "new": NEW}
    client = signed_in(agent)
    assert offered(client, paths[path], submission)
    claim(submission)
    assert not offered(client, paths[path], submission)
    held = Delivery.objects.get()
    held.requeue(Cause("worker", "refused"), timezone.now() + timedelta(hours=1), spend_try=True)
    assert not offered(client, paths[path], submission)


def sending(submission: Submission) -> None:
    claim(submission)


def tried(submission: Submission) -> None:
    claim(submission)
    delivery = Delivery.objects.get(pk=submission.pk)
    delivery.requeue(Cause("worker", "refused"), timezone.now(), spend_try=True)


def rejected(submission: Submission) -> None:
    claim(submission)
    Delivery.objects.get(pk=submission.pk).reject(Cause("worker", "content_refused"))


def dropped(submission: Submission) -> None:
    Delivery.objects.get(pk=submission.pk).cancel(Cause("mia", "by_person"))


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (sending, "It is being sent already; it can no longer be undone."),
        (tried, "Sending it has been tried already, so it can no longer be undone."),
        (rejected, "It was sent before you pressed Undo; here is what became of it."),
        (dropped, "It will not be sent: somebody else has decided so."),
    ],
)
@pytest.mark.parametrize("at_the_last_moment", [False, True])
def test_who_comes_too_late_is_told_so(
    agent: User,
    signed_in: SignedIn,
    before: Callable[[Submission], None],
    told: str,
    at_the_last_moment: bool,
) -> None:
    submission = make_submission(agent)
    client = signed_in(agent)
    if at_the_last_moment:
        with connection.execute_wrapper(Race(lambda: before(submission))):
            reply = client.post(undo_of(submission))
    else:
        before(submission)
        reply = client.post(undo_of(submission))
    state = Delivery.objects.get().state
    assert reply.headers["Location"] == page_of(submission)
    assert told in client.get(page_of(submission)).content.decode()
    assert Delivery.objects.get().state == state
    assert not AuditEvent.objects.filter(outcome="undone").exists()


def test_what_was_undone_cannot_be_claimed_any_more(desk: Desk) -> None:
    desk.save()
    submission = Submission.objects.get()
    stale = Delivery.objects.get()
    desk.client.post(undo_of(submission))
    assert stale.claim("worker", timezone.now() + timedelta(minutes=1), b"") is None


@pytest.mark.parametrize("who", ["agent2", "manager"])
def test_nobody_undoes_the_result_of_another(
    request: pytest.FixtureRequest, agent: User, signed_in: SignedIn, who: str
) -> None:
    submission = make_submission(agent)
    client = signed_in(request.getfixturevalue(who))
    assert client.post(undo_of(submission)).status_code == 404
    assert client.post(f"/submissions/{uuid.uuid4()}/undo/").status_code == 404
    assert Delivery.objects.get().state == State.QUEUED


def test_undo_needs_the_key_of_the_session(agent: User) -> None:
    submission = make_submission(agent)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.post(undo_of(submission)).status_code == 403
    assert browser.get(undo_of(submission)).status_code == 405
    assert Delivery.objects.get().state == State.QUEUED
    key = re.search(r'<form id="undo".*?value="(\w+)"', browser.get(NEW).content.decode())
    assert key
    assert browser.post(undo_of(submission), {"csrfmiddlewaretoken": key[1]}).status_code == 302


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (State.QUEUED, "It is on its way to CustomerGauge."),
        (State.SENDING, "It is on its way to CustomerGauge."),
        (State.FAILED, "A manager has to decide about it first"),
        (State.UNCONFIRMED, "A manager has to decide about it first"),
        (State.CANCELLED, "Enter it as a new result."),
    ],
)
def test_the_form_is_not_filled_with_a_result_that_cannot_be_corrected(
    agent: User, signed_in: SignedIn, state: State, why: str
) -> None:
    submission = make_submission(agent, state, evidence="by_person")
    page = signed_in(agent).get(f"{NEW}?from={submission.uuid}", follow=True)
    assert page.redirect_chain == [(f"/submissions/{submission.uuid}/", 302)]
    assert why in page.content.decode()


@pytest.mark.parametrize("named", ["", "x", "%00", "0", str(uuid.UUID(int=9)), "a" * 5000, "{}", "../"])
def test_the_form_of_nothing_is_not_found(agent: User, signed_in: SignedIn, named: str) -> None:
    assert signed_in(agent).get(f"{NEW}?from={named}").status_code == 404


@pytest.mark.parametrize("state", [State.CANCELLED, State.REJECTED])
def test_the_form_is_never_filled_with_what_another_entered(
    agent: User, agent2: User, signed_in: SignedIn, state: State
) -> None:
    submission = make_submission(agent, state, evidence="undone")
    assert signed_in(agent2).get(f"{NEW}?from={submission.uuid}").status_code == 404
    assert signed_in(agent).get(f"{NEW}?from={submission.uuid}").status_code == 200
