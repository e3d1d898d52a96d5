"""What may have arrived is looked up by its reference; only an exact hit counts."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.factories import make_submission
from uploads.delivery.loop import Loop
from uploads.models import Action, Attempt, AuditEvent, Channel, Delivery, State, Submission
from uploads.models.submission import new_reference
from uploads.simulator import Simulator

from .conftest import drain

PAYLOAD = [
    ["Email", "lee@example.com"],
    ["NetPromoterScore", "4"],
    ["SurveyCompletedDate", "2026-11-02 13:59:12"],
]


def unconfirmed(loop: Loop, simulator: Simulator, agent: User, behaviour: str, *, reference: bool = True) -> Submission:
    """A submission whose only call ended without a usable answer."""
    mine = new_reference()
    extra = [["cgportal_ref", mine]] if reference else []
    submission = make_submission(agent, payload=PAYLOAD + extra, reference=mine)
    simulator.behave(behaviour)
    drain(loop)
    simulator.behave_well()
    assert Delivery.objects.get(pk=submission.pk).state == State.UNCONFIRMED
    return submission


def look_now(loop: Loop, submission: Submission) -> Delivery:
    Delivery.objects.filter(lookup_at__isnull=False).update(lookup_at=timezone.now() - timedelta(seconds=1))
    loop.hint()
    drain(loop)
    return Delivery.objects.get(pk=submission.pk)


def test_a_record_with_our_reference_is_delivered(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored")
    delivery = look_now(loop, submission)
    (number,) = simulator.records
    assert (delivery.state, delivery.confirmed_by, delivery.cg_id) == (State.DELIVERED, "lookup", str(number))
    assert [attempt.kind for attempt in Attempt.objects.all()] == ["send", "lookup"]
    assert AuditEvent.objects.about(submission).last().outcome == "lookup_found"


def test_nothing_found_proves_nothing_and_is_looked_up_five_times(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    submission = unconfirmed(loop, simulator, agent, "500")
    waits = []
    for _ in range(5):
        delivery = look_now(loop, submission)
        assert delivery.state == State.UNCONFIRMED
        waits.append(delivery.lookup_at and round((delivery.lookup_at - timezone.now()).total_seconds() / 60))
    assert waits == [5, 30, 120, 720, None]
    assert look_now(loop, submission).lookups == 5
    assert AuditEvent.objects.filter(action=Action.LOOKED_UP, outcome="lookup_none").count() == 5
    assert not simulator.records, "an unconfirmed result was sent again by itself"


def test_an_answer_that_ignores_the_filter_is_not_believed(loop: Loop, simulator: Simulator, agent: User) -> None:
    other = make_submission(agent, payload=PAYLOAD)
    drain(loop)
    submission = unconfirmed(loop, simulator, agent, "500")
    simulator.behave("lookup-everything")
    assert look_now(loop, submission).state == State.UNCONFIRMED
    assert Delivery.objects.get(pk=other.pk).state == State.DELIVERED


def test_two_records_with_one_reference_are_left_to_a_person(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored")
    twin = make_submission(agent, payload=submission.payload)
    drain(loop)
    assert Delivery.objects.get(pk=twin.pk).state == State.DELIVERED
    delivery = look_now(loop, submission)
    assert delivery.state == State.UNCONFIRMED
    assert AuditEvent.objects.about(submission).last().outcome == "lookup_several"


@pytest.mark.parametrize("behaviour", ["500", "silence", "html", "garbage", "reset-after-body"])
def test_a_look_up_that_fails_changes_nothing_and_does_not_count(
    loop: Loop, simulator: Simulator, agent: User, behaviour: str
) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored")
    simulator.behave(behaviour)
    delivery = look_now(loop, submission)
    assert (delivery.state, delivery.lookups) == (State.UNCONFIRMED, 0)
    assert delivery.lookup_at > timezone.now()
    simulator.behave_well()
    assert look_now(loop, submission).state == State.DELIVERED


def test_a_refused_key_during_a_look_up_pauses_the_channel(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored")
    simulator.behave("401")
    assert look_now(loop, submission).state == State.UNCONFIRMED
    assert Channel.current().paused


def test_without_a_reference_there_is_nothing_to_look_for(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored", reference=False)
    delivery = look_now(loop, submission)
    assert (delivery.state, delivery.lookup_at) == (State.UNCONFIRMED, None)
    assert [arrival.method for arrival in simulator.arrivals] == ["POST"]
