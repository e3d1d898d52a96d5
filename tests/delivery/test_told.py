"""What really happened on the way, as a manager reads it: one step per call, and the true cause of a wait."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from tests.factories import make_submission
from uploads.delivery.loop import Loop
from uploads.models import Action, AuditEvent, Cause, Channel, Delivery, Submission
from uploads.simulator import Simulator

from .conftest import drain
from .test_cases import PAYLOAD, wanted

SignedIn = Callable[[User], Client]


@pytest.fixture
def browser(manager: User, signed_in: SignedIn) -> Client:
    return signed_in(manager)


@pytest.fixture
def delivered(loop: Loop, agent: User) -> Submission:
    submission = make_submission(agent, payload=PAYLOAD)
    AuditEvent.objects.record(Action.SUBMITTED, submission, actor=agent, body={"score": 4})
    drain(loop)
    return submission


def story(browser: Client, submission: Submission) -> list[str]:
    """The headings of the steps, without the name of the worker and how long it took."""
    html = browser.get(f"/history/{submission.uuid}/").content.decode()
    found = re.findall(r'class="step-what">\s*<p class="m-0">(.*?)</p>', html)
    return [re.sub(r" \([\d.]+ s\)|here:1 ", "", " ".join(strip_tags(step).split())) for step in found]


def words(browser: Client, submission: Submission) -> str:
    return " ".join(strip_tags(browser.get(f"/history/{submission.uuid}/").content.decode()).split())


def test_a_change_of_a_case_is_told_as_one_step(
    loop: Loop, browser: Client, delivered: Submission, manager: User
) -> None:
    wanted(delivered, manager, status="CLOSED")
    drain(loop)
    assert story(browser, delivered)[2:] == ["Worker sent the change of its case: CustomerGauge answered 200."]


@pytest.mark.parametrize(
    ("behaviour", "sentence", "follows"),
    [
        ("error-400011", "sent the change of its case: CustomerGauge answered 400", "The change is not sent again as"),
        ("500", "sent the change of its case: CustomerGauge answered 500", "Its comment may stand there already"),
        ("refused", "tried to send the change of its case", "The change went back into the queue."),
    ],
)
def test_why_a_change_of_a_case_did_not_arrive_stands_in_its_step(
    loop: Loop, simulator: Simulator, browser: Client, delivered: Submission, manager: User, behaviour: str,
    sentence: str, follows: str,
) -> None:  # fmt: skip
    simulator.behave(behaviour)
    wanted(delivered, manager, comment="Called her")
    drain(loop)
    assert len(story(browser, delivered)) == 3
    assert sentence in story(browser, delivered)[2]
    assert follows in words(browser, delivered)


def test_a_correction_is_told_as_one(loop: Loop, browser: Client, delivered: Submission, agent: User) -> None:
    delivered.delivery.refresh_from_db()
    corrected = make_submission(agent, revision_of=delivered, payload=[["Comment", "Short wait"]])
    Delivery.objects.filter(pk=corrected.pk).update(amends=delivered.delivery.cg_id)
    AuditEvent.objects.record(Action.SUBMITTED, corrected, actor=agent, outcome="corrected", body={"score": 4})
    drain(loop)
    assert story(browser, corrected) == [
        "Anna de Vries (anna) corrected the result.",
        "Worker sent the correction: CustomerGauge answered 200.",
    ]


def test_a_new_version_of_a_refused_result_is_told_as_a_correction(browser: Client, agent: User) -> None:
    again = make_submission(agent)
    AuditEvent.objects.record(Action.SUBMITTED, again, actor=agent, body={"score": 4, "revision_of": "an older one"})
    assert story(browser, again) == ["Anna de Vries (anna) corrected the result."]


def test_what_waits_for_a_line_that_is_broken_is_not_said_to_wait_at_customergauges_wish(
    browser: Client, agent: User
) -> None:
    submission = make_submission(agent)
    Channel.current().trip("worker", "refused")
    assert "CustomerGauge is out of reach. It is asked again at" in words(browser, submission)
    Channel.objects.update(wait_until=timezone.now() - timedelta(seconds=1))
    assert "It is asked again now; once it answers, what waits is sent." in words(browser, submission)
    Channel.current().resume(agent)
    Channel.current().wait("worker", timezone.now() + timedelta(minutes=5), "asked_to_wait")
    assert "CustomerGauge asked us to wait." in words(browser, submission)


def test_a_change_of_a_case_that_is_under_way_has_no_end_yet(
    browser: Client, delivered: Submission, manager: User
) -> None:
    case = wanted(delivered, manager, status="CLOSED")
    attempt = case.claim("here:1", timezone.now() + timedelta(minutes=2), b"")
    assert attempt
    assert story(browser, delivered)[2:] == ["Worker took the change of its case from the queue."]
    attempt.wire_at = timezone.now()
    attempt.save()
    assert story(browser, delivered)[2:] == ["Worker began to send the change of its case."]
    assert case.requeue(Cause("here:1", "worker_lost_unsent", attempt), timezone.now())
