"""Many guarded writes in few statements: all or none."""

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_submission
from uploads.models import Attempt, AuditEvent, Cause, Delivery, SomebodyWasFirst, State, together


def rows(agent: User, count: int) -> list[Delivery]:
    return [make_submission(agent).delivery for _ in range(count)]


def test_many_transitions_take_few_statements(agent: User) -> None:
    deliveries = rows(agent, 20)
    with CaptureQueriesContext(connection) as queries, together():
        for delivery in deliveries:
            delivery.claim("here:1", timezone.now(), {"body": "x"})
    assert len(queries) <= 6
    assert set(Delivery.objects.values_list("state", "version", "owner")) == {(State.SENDING, 1, "here:1")}
    assert Attempt.objects.count() == AuditEvent.objects.filter(payload__isnull=False).count() == 20
    assert {event.attempt_id for event in AuditEvent.objects.all()} == {attempt.pk for attempt in Attempt.objects.all()}


def test_if_one_row_was_taken_nothing_of_the_block_is_kept(agent: User) -> None:
    deliveries = rows(agent, 3)
    Delivery.objects.get(pk=deliveries[1].pk).cancel(Cause("mia"))
    events = AuditEvent.objects.count()
    with pytest.raises(SomebodyWasFirst), transaction.atomic(), together():
        for delivery in deliveries:
            delivery.claim("here:1", timezone.now(), None)
    assert sorted(Delivery.objects.values_list("state", flat=True)) == [State.CANCELLED, State.QUEUED, State.QUEUED]
    assert (Attempt.objects.count(), AuditEvent.objects.count()) == (0, events)


def test_an_error_inside_the_block_writes_nothing(agent: User) -> None:
    (delivery,) = rows(agent, 1)
    with pytest.raises(ZeroDivisionError), together():
        delivery.claim("here:1", timezone.now(), None)
        raise ZeroDivisionError
    assert not Attempt.objects.exists()


def test_several_steps_of_one_row_happen_in_order(agent: User) -> None:
    (delivery,) = rows(agent, 1)
    with together():
        attempt = delivery.claim("here:1", timezone.now(), None)
        assert attempt
        delivery.mark_on_wire(attempt)
        delivery.unconfirm(Cause("here:1", evidence="read_timeout", attempt=attempt))
    stored = Delivery.objects.get(pk=delivery.pk)
    assert (stored.state, stored.version, stored.tries) == (State.UNCONFIRMED, 3, 1)
