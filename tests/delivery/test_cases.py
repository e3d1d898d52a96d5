"""Changes of cases on their way: after the number, in order, never twice unknowingly."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.factories import make_submission
from uploads.delivery.loop import Loop
from uploads.models import (
    Action,
    Attempt,
    AuditEvent,
    CaseDelivery,
    CaseUpdate,
    Cause,
    ConfirmedBy,
    Delivery,
    State,
    Submission,
)
from uploads.simulator import Simulator

from .conftest import drain

PAYLOAD = [["Email", "lee@example.com"], ["NetPromoterScore", "4"], ["SurveyCompletedDate", "2026-11-02 13:59:12"]]


def wanted(submission: Submission, manager: User, **fields: Any) -> CaseDelivery:
    """A manager has asked for a change of the case."""
    fields = fields or {"status": "CLOSED", "status_label": "Closed"}
    update = CaseUpdate.objects.create(
        token=uuid.uuid4(), submission=submission, author=manager, author_name="Mia", **fields
    )
    return CaseDelivery.objects.create(case_update=update, result=submission)


def after(case: CaseDelivery) -> CaseDelivery:
    return CaseDelivery.objects.get(pk=case.pk)


def make_due() -> None:
    for outbox in (Delivery, CaseDelivery):
        outbox.objects.filter(state=State.QUEUED).update(next_at=timezone.now() - timedelta(seconds=1))


def calls(simulator: Simulator) -> list[str]:
    return [f"{arrival.method} {arrival.path.rpartition('/')[2]}" for arrival in simulator.arrivals]


@pytest.fixture
def delivered(loop: Loop, agent: User) -> Submission:
    submission = make_submission(agent, payload=PAYLOAD)
    drain(loop)
    submission.delivery.refresh_from_db()
    return submission


def test_it_waits_for_the_number_and_then_goes_out_with_all_that_was_given(
    loop: Loop, simulator: Simulator, agent: User, manager: User
) -> None:
    submission = make_submission(agent, payload=PAYLOAD, next_at=timezone.now() + timedelta(hours=1))
    case = wanted(submission, manager, status="CLOSED", comment="Called her", assigned_to="mia@company.com")
    drain(loop)
    assert (after(case).state, calls(simulator)) == (State.QUEUED, [])
    make_due()
    drain(loop)
    assert calls(simulator) == ["POST response.json", "POST workflow.json"]
    (number,) = simulator.records
    assert dict(simulator.arrivals[1].pairs) == {
        "number_customergauge": str(number),
        "status": "CLOSED",
        "comment": "Called her",
        "assigned_to": "mia@company.com",
    }
    assert after(case).state == State.DELIVERED
    attempt = Attempt.objects.get(case=case)
    assert (attempt.kind, attempt.outcome) == ("case", "delivered")
    told = AuditEvent.objects.about(submission).filter(action__startswith="case.").values_list("action", flat=True)
    assert list(told) == [Action.CASE_SENDING, Action.CASE_DELIVERED]


def test_two_updates_arrive_in_the_order_in_which_they_were_asked_for(
    loop: Loop, simulator: Simulator, delivered: Submission, manager: User
) -> None:
    for comment in ("first", "second", "third"):
        wanted(delivered, manager, comment=comment)
    drain(loop)
    arrived = [dict(arrival.pairs).get("comment") for arrival in simulator.arrivals[1:]]
    assert arrived == ["first", "second", "third"]
    assert set(CaseDelivery.objects.values_list("state", flat=True)) == {State.DELIVERED}


def test_a_later_update_waits_while_nobody_knows_about_the_earlier_one(
    loop: Loop, simulator: Simulator, delivered: Submission, manager: User
) -> None:
    simulator.behave("500", on="POST")
    first, second = (wanted(delivered, manager, comment=comment) for comment in ("first", "second"))
    drain(loop)
    simulator.behave_well()
    make_due()
    drain(loop)
    assert (after(first).state, after(second).state) == (State.UNCONFIRMED, State.QUEUED)
    assert after(first).vouch(Cause(manager, "case_vouched"))
    drain(loop)
    assert (after(first).state, after(second).state) == (State.DELIVERED, State.DELIVERED)
    assert len([call for call in calls(simulator) if "workflow" in call]) == 2


@pytest.mark.parametrize("behaviour", ["500-stored", "reset-after-body", "silence", "204"])
def test_an_unknown_outcome_with_a_comment_is_left_to_a_person(
    loop: Loop, simulator: Simulator, delivered: Submission, manager: User, behaviour: str
) -> None:
    simulator.behave(behaviour, on="POST")
    case = wanted(delivered, manager, status="CLOSED", comment="Called her")
    drain(loop)
    simulator.behave_well()
    make_due()
    drain(loop)
    assert after(case).state == State.UNCONFIRMED
    assert len([call for call in calls(simulator) if "workflow" in call]) == 1, "the comment was sent twice"


@pytest.mark.parametrize("behaviour", ["500-stored", "reset-after-body", "silence", "204"])
def test_an_unknown_outcome_without_a_comment_is_simply_tried_again(
    loop: Loop, simulator: Simulator, delivered: Submission, manager: User, behaviour: str
) -> None:
    simulator.behave(behaviour, on="POST")
    case = wanted(delivered, manager)
    drain(loop)
    assert (after(case).state, after(case).tries) == (State.QUEUED, 1)
    simulator.behave_well()
    make_due()
    drain(loop)
    assert after(case).state == State.DELIVERED
    (record,) = simulator.records.values()
    assert record.fields["WorkflowStatus"] == "CLOSED"


@pytest.mark.parametrize("code", ["400200", "400011"])
def test_a_refusal_is_final_and_lets_the_next_one_pass(
    loop: Loop, simulator: Simulator, delivered: Submission, manager: User, code: str
) -> None:
    simulator.behave(f"error-{code}", 1, on="POST")
    refused, following = wanted(delivered, manager, status="NONSENSE"), wanted(delivered, manager)
    drain(loop)
    assert (after(refused).state, after(following).state) == (State.REJECTED, State.DELIVERED)
    assert Attempt.objects.get(case=refused).code == code


def test_it_waits_for_a_correction_that_was_entered_before_it(
    loop: Loop, simulator: Simulator, delivered: Submission, manager: User, agent: User
) -> None:
    correction = make_submission(
        agent, payload=[["WorkflowStatus", "OPEN"]], revision_of=delivered, next_at=timezone.now() + timedelta(hours=1)
    )
    Delivery.objects.filter(pk=correction.pk).update(amends=delivered.delivery.cg_id)
    case = wanted(delivered, manager)
    drain(loop)
    assert after(case).state == State.QUEUED
    make_due()
    drain(loop)
    assert calls(simulator)[1:] == ["PUT response.json", "POST workflow.json"]
    (record,) = simulator.records.values()
    assert record.fields["WorkflowStatus"] == "CLOSED"


@pytest.mark.parametrize("how", ["dropped", "without a number"])
def test_it_is_let_go_when_its_result_will_never_have_a_number(
    loop: Loop, simulator: Simulator, agent: User, manager: User, how: str
) -> None:
    submission = make_submission(agent, State.FAILED, payload=PAYLOAD)
    case = wanted(submission, manager)
    loop.claims.collect_the_lost()
    assert after(case).state == State.QUEUED, "a manager may still send the result again"
    cause = Cause(manager, "by_person")
    assert submission.delivery.cancel(cause) if how == "dropped" else submission.delivery.deliver(
        cause, "", ConfirmedBy.PERSON
    )  # fmt: skip
    loop.claims.collect_the_lost()
    assert (after(case).state, after(case).evidence) == (State.CANCELLED, "result_cancelled")
    drain(loop)
    assert not simulator.arrivals


def test_a_worker_that_vanished_after_the_mark_leaves_a_comment_to_a_person(
    loop: Loop, delivered: Submission, manager: User
) -> None:
    said, unsaid = wanted(delivered, manager, comment="Called her"), wanted(delivered, manager)
    for case in (said, unsaid):
        attempt = case.claim("gone:7", timezone.now() - timedelta(seconds=1), None)
        assert attempt
        assert case.mark_on_wire(attempt)
    loop.claims.collect_the_lost()
    assert (after(said).state, after(unsaid).state) == (State.UNCONFIRMED, State.QUEUED)
