"""A machine whose clock was ahead, and has been put right, keeps nobody waiting."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.factories import make_submission
from uploads.delivery import backoff
from uploads.delivery.clocks import put_right
from uploads.delivery.loop import Loop
from uploads.models import LOOKUPS, Channel, Delivery, Lane, State
from uploads.simulator import Simulator

from .conftest import drain

DAY = timedelta(days=1)
A_MOMENT = timedelta(seconds=5)


def soon(at: datetime, wait: timedelta) -> bool:
    """Whether a moment is as far away as `wait` says."""
    return abs(at - timezone.now() - wait) < A_MOMENT


@pytest.mark.parametrize(
    ("lane", "longest"),
    [(Lane.ENTRY, timedelta(seconds=15)), (Lane.RETRY, backoff.LONGEST), (Lane.BULK, backoff.LONGEST)],
)
def test_nothing_waits_longer_than_the_portal_ever_makes_it_wait(
    agent: User, settings: Any, lane: Lane, longest: timedelta
) -> None:
    settings.SUBMISSION_HOLD_SECONDS = 15
    late = make_submission(agent, next_at=timezone.now() + DAY)
    other = make_submission(agent, next_at=timezone.now() + longest / 2)
    Delivery.objects.update(priority=lane)
    before = Delivery.objects.get(pk=other.pk).next_at
    assert put_right() == 1
    assert soon(Delivery.objects.get(pk=late.pk).next_at, longest)
    assert Delivery.objects.get(pk=other.pk).next_at == before
    assert put_right() == 0


def test_a_look_up_waits_half_a_day_at_most(agent: User) -> None:
    submission = make_submission(agent, State.UNCONFIRMED)
    Delivery.objects.update(lookup_at=timezone.now() + 2 * DAY)
    put_right()
    at = Delivery.objects.get(pk=submission.pk).lookup_at
    assert at
    assert soon(at, LOOKUPS[-1])


def test_a_channel_whose_moments_lie_ahead_sends_and_watches_again(
    loop: Loop, simulator: Simulator, manager: User, agent: User
) -> None:
    ahead = timezone.now() + DAY
    Channel.current().ask_test(manager)
    Channel.objects.update(wait_until=ahead, resumed_at=ahead, changed_at=ahead, test_asked_at=ahead, ramp=1)
    put_right()
    line = Channel.current()
    assert line.wait_until
    assert soon(line.wait_until, backoff.LONGEST)
    Channel.objects.update(wait_until=None)
    first, second = make_submission(agent), make_submission(agent)
    drain(loop)
    assert {Delivery.objects.get(pk=each.pk).state for each in (first, second)} == {State.REJECTED}
    line = Channel.current()
    assert (line.ramp, line.test_wanted, line.test_passed) == (4, False, True)
    assert simulator.arrivals
