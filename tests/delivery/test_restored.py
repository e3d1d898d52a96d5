"""A restored backup knows nothing of what was sent after it was made."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from tests.factories import make_submission
from uploads.delivery.loop import Loop
from uploads.models import TRANSITIONS, Channel, Delivery, State, Worker
from uploads.simulator import Simulator

from .conftest import drain


def test_what_was_not_settled_is_doubted_and_nothing_leaves(loop: Loop, simulator: Simulator, agent: User) -> None:
    rows = {state: make_submission(agent, state) for state in TRANSITIONS}
    call_command("restored")
    now = {state: Delivery.objects.get(pk=row.pk).state for state, row in rows.items()}
    doubted = {State.QUEUED, State.SENDING, State.FAILED, State.UNCONFIRMED}
    assert now == {state: State.UNCONFIRMED if state in doubted else state for state in TRANSITIONS}
    assert Delivery.objects.get(pk=rows[State.QUEUED].pk).evidence == "restored"
    drain(loop)
    assert not simulator.arrivals
    assert (Channel.current().paused, Channel.current().evidence) == (True, "restored")


def test_a_second_time_changes_nothing(agent: User) -> None:
    row = make_submission(agent)
    call_command("restored")
    version = Delivery.objects.get(pk=row.pk).version
    call_command("restored")
    assert Delivery.objects.get(pk=row.pk).version == version


def test_it_refuses_while_a_worker_is_running(agent: User) -> None:
    row = make_submission(agent)
    Worker.objects.create(name="here:1")
    with pytest.raises(CommandError, match="stop all workers first"):
        call_command("restored")
    assert Delivery.objects.get(pk=row.pk).state == State.QUEUED
