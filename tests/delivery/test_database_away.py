"""The database goes away while calls are under way: nothing leaves unmarked, no outcome is forgotten.

On SQLite, whose connection outlives its own closing in a test; the nemesis run does it to a real PostgreSQL.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection

from tests.factories import make_submission
from uploads.delivery import loop as loop_module
from uploads.delivery.loop import Loop, ResultsLost
from uploads.models import Attempt, Delivery, State, Submission
from uploads.simulator import Simulator

from .conftest import drain
from .test_loop import PAYLOAD, make_due


@contextmanager
def failing(statement: str) -> Iterator[None]:
    """Every statement that holds these words fails as if the disk were full or the server gone."""

    def execute(call: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if statement in sql:
            raise OperationalError("database or disk is full")
        return call(sql, params, many, context)

    with connection.execute_wrapper(execute):
        yield


def queued(agent: User) -> Submission:
    return make_submission(agent, payload=PAYLOAD)


def state_of(submission: Submission) -> str:
    return Delivery.objects.get(pk=submission.pk).state


def test_nothing_leaves_whose_mark_cannot_be_written(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = queued(agent)
    with failing('"wire_at" = '):
        loop.step()
        while loop.in_flight and not loop._outcomes:
            loop.step(patience=2.0)
    assert not simulator.records
    drain(loop)
    assert state_of(submission) == State.QUEUED
    assert Attempt.objects.get(delivery=submission.pk).wire_at is None
    make_due()
    drain(loop)
    assert state_of(submission) == State.DELIVERED
    assert len(simulator.records) == 1


def test_an_outcome_waits_for_the_database_and_nothing_new_is_sent_meanwhile(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    submission, waiting = queued(agent), None
    with failing('"outcome" = '):
        while not loop._outcomes:
            loop.step(patience=2.0)
        waiting = queued(agent)
        loop.hint()
        for _round in range(3):
            loop.step()
        assert state_of(submission) == State.SENDING
        assert len(simulator.arrivals) == 1, "no send while outcomes cannot be stored"
    drain(loop)
    assert {state_of(submission), state_of(waiting)} == {State.DELIVERED}
    assert len(simulator.records) == 2


def test_outcomes_that_cannot_be_stored_end_the_worker_and_are_named_without_a_word_of_the_customer(
    loop: Loop, simulator: Simulator, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "HOLD_RESULTS", 0.0)
    submission = queued(agent)
    with failing('"outcome" = '), pytest.raises(ResultsLost) as lost:
        while True:
            loop.step(patience=2.0)
    assert "Klameth" not in str(lost.value)
    assert state_of(submission) == State.SENDING, "its lease will show it"
