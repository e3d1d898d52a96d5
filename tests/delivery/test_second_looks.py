"""Coincidences: a trial that comes to nothing, clocks that are put right, a statement that fails after a claim."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.utils import timezone

from tests.factories import make_submission
from uploads.delivery.loop import Loop
from uploads.delivery.settle import reap
from uploads.models import LEASE, Attempt, Cause, Channel, Delivery, Outage, State, Submission
from uploads.simulator import Simulator

from .conftest import drain
from .test_loop import PAYLOAD


def queued(agent: User) -> Submission:
    return make_submission(agent, payload=PAYLOAD)


def break_the_line(loop: Loop, simulator: Simulator, agent: User) -> None:
    """The breaker is open, and its time is over."""
    simulator.behave("refused")
    for _ in range(7):
        queued(agent)
    drain(loop)
    assert Channel.current().breaks == 1
    let_time_pass()


def let_time_pass() -> None:
    past = timezone.now() - timedelta(seconds=1)
    Channel.objects.update(wait_until=past)
    Delivery.objects.filter(state=State.QUEUED).update(next_at=past)


def test_sending_is_resumed_although_the_one_that_tried_waits_again(
    loop: Loop, simulator: Simulator, agent: User, manager: User
) -> None:
    break_the_line(loop, simulator, agent)
    simulator.behave("401")
    drain(loop)
    assert Channel.current().paused
    Channel.current().resume(manager)
    assert Outage.objects.get().figures()["waited"] == 7


def test_a_success_stays_one_although_the_one_that_tried_waits_again(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    break_the_line(loop, simulator, agent)
    simulator.behave("429")
    drain(loop)
    simulator.behave_well()
    let_time_pass()
    queued(agent)
    drain(loop)
    assert not Delivery.objects.filter(state=State.UNCONFIRMED).exists()
    assert len(simulator.records) == Delivery.objects.filter(state=State.DELIVERED).count() > 0


def test_which_attempt_was_marked_is_not_asked_of_the_clock(agent: User) -> None:
    delivery = queued(agent).delivery
    first = delivery.claim("one:1", timezone.now() + LEASE, None)
    assert first
    Attempt.objects.filter(pk=first.pk).update(started_at=timezone.now() + timedelta(days=1))
    delivery.requeue(Cause("one:1", "refused", first), timezone.now())
    second = delivery.claim("two:2", timezone.now() + LEASE, None)
    assert second
    assert delivery.mark_on_wire(second)
    reap(Delivery.objects.get(pk=delivery.pk), "three:3")
    assert Delivery.objects.get(pk=delivery.pk).state == State.UNCONFIRMED


def test_a_rate_that_was_used_up_in_the_future_is_granted_again(db: None) -> None:
    Channel.current()
    Channel.objects.update(rate_at=timezone.now() + timedelta(hours=1))
    assert Channel.allot(5, 5) == 0
    Channel.objects.update(rate_at=Channel.current().rate_at - timedelta(seconds=1))
    assert Channel.allot(5, 5) == 5


def test_what_is_claimed_is_sent_although_the_next_statement_fails(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    if connection.vendor != "sqlite":
        return  # in a test PostgreSQL's connection does not outlive its own closing
    submission = queued(agent)

    def fail(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if '"lookup_at" <=' in sql:
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    loop.hint()
    with connection.execute_wrapper(fail):
        loop.step()
    drain(loop)
    assert Delivery.objects.get(pk=submission.pk).state == State.DELIVERED
