"""One decision about many, carried out by the worker: each row once, in chunks, whoever else is at work."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.factories import make_submission, make_user
from uploads.delivery import bulk as side_job
from uploads.delivery.loop import Loop
from uploads.models import (
    Action,
    AuditEvent,
    Bulk,
    Cause,
    Delivery,
    Lane,
    State,
    Submission,
)
from uploads.models import bulk as models_bulk
from uploads.models.bulk import proposed
from uploads.models.submission import new_reference
from uploads.simulator import Simulator

from .conftest import drain

EVERY = [State.FAILED, State.UNCONFIRMED, State.REJECTED]
PAYLOAD = [["Email", "lee@example.com"], ["NetPromoterScore", "4"], ["SurveyCompletedDate", "2026-11-02 13:59:12"]]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few rows take several turns."""
    monkeypatch.setattr(models_bulk, "CHUNK", 2)


def begin(manager: User, decision: str = "again", states: list[State] = EVERY, cause: str = "", **given: Any) -> Bulk:
    values = {"token": uuid.uuid4(), "reason": "The network is back", "manager": manager} | given
    return proposed(decision, list(states), cause, timezone.now(), **values).begin()


def failed(agent: User, count: int, state: State = State.FAILED, **fields: Any) -> list[Submission]:
    return [make_submission(agent, state, payload=PAYLOAD, **fields) for _ in range(count)]


def unconfirmed(agent: User, count: int) -> list[Submission]:
    """Results that CustomerGauge can be asked about."""
    found = []
    for _ in range(count):
        mine = new_reference()
        payload = [*PAYLOAD, ["cgportal_ref", mine]]
        found.append(make_submission(agent, State.UNCONFIRMED, payload=payload, reference=mine))
    return found


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def test_all_that_match_are_sent_again_behind_what_agents_enter(agent: User, manager: User) -> None:
    failed(agent, 5, tries=9)
    bulk = begin(manager)
    assert (bulk.counted, states()) == (5, [State.FAILED] * 5)
    assert not side_job.carry_on()
    assert set(Delivery.objects.values_list("state", "priority", "tries")) == {(State.QUEUED, Lane.BULK, 0)}
    bulk.refresh_from_db()
    assert (bulk.status, bulk.done, bulk.passed_over) == (Bulk.Status.DONE, 5, 0)
    assert bulk.ended_at


def test_the_parent_and_its_children_are_one_request(agent: User, manager: User) -> None:
    failed(agent, 3)
    bulk = begin(manager)
    side_job.carry_on()
    children = AuditEvent.objects.filter(request_id=bulk.request_id, object_type="submission")
    assert {(event.action, event.actor_name, event.outcome) for event in children} == {
        (Action.QUEUED, "mia", "by_person_again")
    }
    assert children.count() == 3
    assert all(b"The network is back" in bytes(event.payload.body) for event in children)
    assert [event.action for event in AuditEvent.objects.about(bulk)] == [Action.BULK_BEGUN, Action.BULK_DONE]


@pytest.mark.parametrize(
    ("decision", "after"), [("again", [State.REJECTED, State.QUEUED]), ("drop", ["cancelled"] * 2)]
)
def test_a_decision_touches_only_states_in_which_it_makes_sense(
    agent: User, manager: User, decision: str, after: list[str]
) -> None:
    failed(agent, 1, State.REJECTED)
    failed(agent, 1)
    begin(manager, decision)
    side_job.carry_on()
    assert states() == after


def test_only_what_has_the_cause_and_was_counted_is_touched(agent: User, manager: User) -> None:
    failed(agent, 2, evidence="dns")
    failed(agent, 1, evidence="internal")
    bulk = begin(manager, "drop", cause="dns")
    Delivery.objects.filter(pk=failed(agent, 1, evidence="dns")[0].pk).update(
        changed_at=timezone.now() + timedelta(seconds=5)
    )
    side_job.carry_on()
    bulk.refresh_from_db()
    assert (bulk.counted, bulk.done) == (2, 2)
    assert states() == [State.CANCELLED, State.CANCELLED, State.FAILED, State.FAILED]


def test_what_somebody_else_has_decided_meanwhile_is_passed_over_and_counted(agent: User, manager: User) -> None:
    rows = failed(agent, 5)
    bulk = begin(manager)
    assert bulk.carry_on("here:1")
    Delivery.objects.get(pk=rows[3].pk).cancel(Cause(manager, "by_person_dropped"))
    side_job.carry_on()
    bulk.refresh_from_db()
    assert (bulk.done, bulk.passed_over, states()[3]) == (4, 1, State.CANCELLED)


def test_stopped_in_the_middle_the_rest_stays_as_it_was(agent: User, manager: User) -> None:
    failed(agent, 5)
    bulk = begin(manager)
    assert bulk.carry_on("here:1")
    assert Bulk.objects.get().stop(manager)
    assert not bulk.carry_on("here:1")
    side_job.carry_on()
    bulk.refresh_from_db()
    assert (bulk.status, bulk.done, states().count(State.FAILED)) == (Bulk.Status.STOPPED, 2, 3)
    assert not bulk.stop(manager)


def test_pressed_twice_or_asked_for_twice_it_is_one(agent: User, manager: User) -> None:
    failed(agent, 3)
    first = begin(manager)
    assert begin(manager, token=first.token) == first
    assert begin(make_user("max", "manager")) == first, "the same filter and decision, while the first is under way"
    assert begin(manager, "drop").pk != first.pk
    side_job.carry_on()
    assert begin(manager, token=first.token) == first
    assert AuditEvent.objects.filter(action=Action.QUEUED).count() == 3


def test_where_nothing_matches_nothing_is_saved(agent: User, manager: User) -> None:
    failed(agent, 1, State.DELIVERED)
    assert begin(manager).pk is None
    assert not AuditEvent.objects.filter(action=Action.BULK_BEGUN).exists()


def test_two_workers_never_do_the_same_chunk_twice(agent: User, manager: User) -> None:
    failed(agent, 6)
    mine, theirs = begin(manager), Bulk.objects.get()
    while mine.carry_on("here:1") | theirs.carry_on("there:2"):
        pass
    assert AuditEvent.objects.filter(action=Action.QUEUED).count() == 6
    assert AuditEvent.objects.filter(action=Action.BULK_DONE).count() == 1
    assert Bulk.objects.get().done == 6


def test_a_turn_that_is_over_leaves_the_rest_for_the_next(
    agent: User, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_job, "TURN", -1.0)
    failed(agent, 5)
    begin(manager)
    turns = 1
    while side_job.carry_on():
        turns += 1
    assert turns == 4  # three chunks, and the end
    assert set(states()) == {State.QUEUED}


def test_unconfirmed_ones_are_looked_up_first_and_only_the_absent_are_sent(
    loop: Loop, simulator: Simulator, agent: User, manager: User
) -> None:
    found = []
    for behaviour in ("500-stored", "500"):
        simulator.behave(behaviour)
        mine = new_reference()
        found.append(make_submission(agent, payload=[*PAYLOAD, ["cgportal_ref", mine]], reference=mine))
        drain(loop)
    assert states() == [State.UNCONFIRMED] * 2
    simulator.behave_well()
    begin(manager, states=[State.UNCONFIRMED])
    side_job.carry_on()
    drain(loop)
    arrived, absent = (Delivery.objects.get(pk=row.pk) for row in found)
    assert (arrived.confirmed_by, absent.confirmed_by) == ("lookup", "reply")
    assert len(simulator.records) == 2


def test_what_cannot_be_looked_up_is_left_to_a_person(agent: User, manager: User) -> None:
    make_submission(agent, State.UNCONFIRMED, payload=[["NetPromoterScore", "4"]], customer=[])
    bulk = begin(manager)
    side_job.carry_on()
    bulk.refresh_from_db()
    assert (bulk.done, bulk.passed_over, states()) == (0, 1, [State.UNCONFIRMED])


def test_more_than_fifty_unconfirmed_ones_wait_for_a_second_manager(
    agent: User, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models_bulk, "TWO_MANAGERS", 2)
    unconfirmed(agent, 3)
    bulk = begin(manager)
    side_job.carry_on()
    assert (bulk.status, Delivery.objects.filter(again_by=None).count()) == (Bulk.Status.WAITING, 3)
    assert not bulk.approve(manager), "nobody approves what they have begun"
    assert bulk.approve(make_user("max", "manager"))
    side_job.carry_on()
    assert Delivery.objects.filter(again_by=manager).count() == 3
    assert begin(manager, "drop", states=[State.UNCONFIRMED]).status == Bulk.Status.RUNNING
