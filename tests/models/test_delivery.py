"""The state machine: its table, its compare-and-set, its race."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from tests.factories import make_submission
from uploads.models import FINAL, NEEDS_PERSON, TRANSITIONS, AuditEvent, Cause, ConfirmedBy, Delivery, State

LEASE = timezone.now() + timedelta(seconds=60)
MOVES = {
    State.SENDING: lambda row: row.claim("here:1", LEASE, None),
    State.DELIVERED: lambda row: row.deliver(Cause("x"), "12", ConfirmedBy.REPLY),
    State.QUEUED: lambda row: row.requeue(Cause("x"), timezone.now()),
    State.REJECTED: lambda row: row.reject(Cause("x")),
    State.FAILED: lambda row: row.fail(Cause("x")),
    State.UNCONFIRMED: lambda row: row.unconfirm(Cause("x")),
    State.CANCELLED: lambda row: row.cancel(Cause("x")),
}


@pytest.mark.parametrize("start", State)
@pytest.mark.parametrize("end", State)
def test_only_the_transitions_of_the_table_happen(agent: User, start: State, end: State) -> None:
    delivery = make_submission(agent, start).delivery
    events = AuditEvent.objects.count()
    if end in TRANSITIONS[start]:
        assert MOVES[end](delivery)
        assert Delivery.objects.get(pk=delivery.pk).state == end
        assert AuditEvent.objects.count() == events + 1
    elif end is not start:
        with pytest.raises(ValueError, match=f"never goes from {start} to {end}"):
            MOVES[end](delivery)
        assert Delivery.objects.get(pk=delivery.pk).state == start
        assert AuditEvent.objects.count() == events


def test_delivered_and_cancelled_are_final_and_trouble_is_on_a_list() -> None:
    assert {State.DELIVERED, State.CANCELLED} == FINAL
    assert {State.REJECTED, State.FAILED, State.UNCONFIRMED} == NEEDS_PERSON


def test_of_two_who_read_the_same_row_only_the_first_moves_it(agent: User) -> None:
    pk = make_submission(agent).pk
    first, second = Delivery.objects.get(pk=pk), Delivery.objects.get(pk=pk)
    assert first.cancel(Cause(agent))
    assert second.claim("here:1", LEASE, None) is None
    assert Delivery.objects.get(pk=pk).state == State.CANCELLED
    assert AuditEvent.objects.count() == 1


def test_a_mark_on_a_row_that_was_taken_away_is_refused(agent: User) -> None:
    delivery = make_submission(agent).delivery
    attempt = delivery.claim("here:1", LEASE, None)
    assert attempt
    Delivery.objects.get(pk=delivery.pk).requeue(Cause("reaper"), timezone.now())
    assert delivery.mark_on_wire(attempt) is False


def test_waiting_spends_no_try_and_a_failed_call_does(agent: User) -> None:
    delivery = make_submission(agent).delivery
    for spend in (False, True, True):
        delivery.claim("here:1", LEASE, None)
        delivery.requeue(Cause("here:1"), timezone.now(), spend_try=spend)
    stored = Delivery.objects.get(pk=delivery.pk)
    assert stored.tries == 2
    assert stored.first_failed_at is not None


def test_the_claim_finds_its_rows_by_an_index(agent: User) -> None:
    if connection.vendor != "sqlite":
        return  # PostgreSQL chooses its plan by statistics, which a test database has not
    for lane in (Delivery.objects.fresh(), Delivery.objects.backlog()):
        assert "delivery_due" in lane[:32].explain()


def test_the_diagram_in_the_docs_is_the_table_in_the_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "developer.md").read_text()
    for state, onward in TRANSITIONS.items():
        for to, why in onward.items():
            assert f"{state} --> {to}: {why}" in page
