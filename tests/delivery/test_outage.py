"""The receipt of an outage: written when the channel reopens, computed from what became of each that waited."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.factories import make_submission
from uploads.delivery.loop import Loop
from uploads.models import (
    Attempt,
    AttemptKind,
    Cause,
    Channel,
    ConfirmedBy,
    Delivery,
    Outage,
    State,
    Submission,
)
from uploads.simulator import Simulator

from .conftest import drain

PAYLOAD = [["Email", "lee@example.com"], ["NetPromoterScore", "4"], ["SurveyCompletedDate", "2026-11-02 13:59:12"]]


@pytest.fixture
def stopped(agent: User) -> list[Submission]:
    """Three results that wait while sending is paused."""
    Channel.current().pause("here:1", "certificate")
    return [make_submission(agent, payload=PAYLOAD) for _ in range(3)]


def outage() -> Outage:
    return Outage.objects.get()


def test_everything_that_waited_is_counted_and_the_figures_freeze_when_nothing_is_open(
    loop: Loop, simulator: Simulator, stopped: list[Submission], manager: User
) -> None:
    Channel.current().resume(manager)
    before = outage().figures()
    assert (before["waited"], before["open"], outage().is_settled) == (3, 3, False)
    drain(loop)
    figures = outage().figures()
    assert {name: figures[name] for name in ("waited", "delivered", "cancelled", "open", "lost", "twice")} == {
        "waited": 3, "delivered": 3, "cancelled": 0, "open": 0, "lost": 0, "twice": 0,
    }  # fmt: skip
    assert figures["slowest"] > 0
    assert outage().evidence == "certificate"
    assert outage().is_settled
    Attempt.objects.create(delivery_id=stopped[0].pk, wire_at=timezone.now(), worker="later:1")
    assert outage().figures() == figures


def test_the_one_that_tried_after_the_breaker_had_waited_too(loop: Loop, simulator: Simulator, agent: User) -> None:
    simulator.behave("refused")
    for _ in range(7):
        make_submission(agent, payload=PAYLOAD)
    drain(loop)
    simulator.behave_well()
    past = timezone.now() - timedelta(seconds=1)
    Channel.objects.update(wait_until=past)
    Delivery.objects.update(next_at=past)
    drain(loop)
    figures = outage().figures()
    assert (figures["waited"], figures["delivered"], figures["lost"]) == (7, 7, 0)


def test_what_only_waits_for_its_undo_has_not_waited_for_the_outage(
    stopped: list[Submission], agent: User, manager: User
) -> None:
    make_submission(agent, next_at=timezone.now() + timedelta(seconds=90))
    Channel.current().resume(manager)
    assert set(outage().waited.values_list("pk", flat=True)) == {row.pk for row in stopped}


def test_an_outage_in_which_nothing_waited_leaves_no_receipt(db: None, manager: User) -> None:
    Channel.current().pause(manager, "by_person")
    Channel.current().resume(manager)
    assert not Outage.objects.exists()


def test_what_left_twice_is_counted_as_sent_twice(
    loop: Loop, simulator: Simulator, stopped: list[Submission], manager: User
) -> None:
    Channel.current().resume(manager)
    lost = Delivery.objects.get(pk=stopped[0].pk)
    attempt = lost.claim("here:1", timezone.now() + timedelta(seconds=120), None)
    assert attempt
    lost.mark_on_wire(attempt)
    lost.unconfirm(Cause("here:1", "worker_lost", attempt))
    lost.send_again(Cause(manager, "by_person_again"))
    drain(loop)
    figures = outage().figures()
    assert (figures["delivered"], figures["twice"], figures["lost"]) == (3, 1, 0)


@pytest.mark.parametrize(("by", "number", "lost"), [("reply", "", 1), ("reply", "12", 0), ("person", "", 0)])
def test_what_counts_as_delivered_without_a_proof_is_lost(
    stopped: list[Submission], manager: User, by: ConfirmedBy, number: str, lost: int
) -> None:
    Channel.current().resume(manager)
    Delivery.objects.filter(pk=stopped[0].pk).update(state=State.DELIVERED, cg_id=number, confirmed_by=by)
    assert outage().figures()["lost"] == lost


def test_a_row_that_vanished_is_lost(stopped: list[Submission], manager: User) -> None:
    Channel.current().resume(manager)
    Delivery.objects.get(pk=stopped[0].pk).delete()
    figures = outage().figures()
    assert (figures["waited"], figures["open"], figures["lost"]) == (3, 2, 1)


def test_a_correction_that_is_repeated_is_not_sent_twice(stopped: list[Submission], manager: User) -> None:
    Channel.current().resume(manager)
    for _ in range(2):
        Attempt.objects.create(
            delivery_id=stopped[0].pk, kind=AttemptKind.CORRECT, outcome="unknown", wire_at=timezone.now(), worker="w"
        )
    assert outage().figures()["twice"] == 0


def test_however_many_waited_they_are_written_down_in_one_statement(
    agent: User, manager: User, django_assert_max_num_queries: Any
) -> None:
    Channel.current().pause(manager, "by_person")
    for _ in range(60):
        make_submission(agent)
    with django_assert_max_num_queries(16):
        Channel.current().resume(manager)
    assert outage().figures()["waited"] == 60
