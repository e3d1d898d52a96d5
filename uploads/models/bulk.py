"""One decision for everything that matches a filter: counted first, carried out by the worker, chunk by chunk."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Q
from django.dispatch import Signal
from django.utils import timezone

from . import writes
from .audit import Action, AuditEvent, request_id
from .delivery import Delivery, DeliveryQuerySet
from .sent import can_be_found
from .states import Cause, Lane, State

#: So many deliveries in one transaction.
CHUNK = 500
#: From so many unconfirmed ones on, sending again takes the word of a second manager.
TWO_MANAGERS = 50
#: Some work is there to be carried on with: sent after the commit, with no arguments; may be lost.
work_waits = Signal()


class Deed(NamedTuple):
    """What can be decided about many: the states in which it makes sense, and what is done with one of them."""

    states: frozenset[State]
    evidence: str
    act: Callable[[Delivery, Cause, User], bool]


def _again(delivery: Delivery, cause: Cause, manager: User) -> bool:
    """What may have arrived is looked up first, where CustomerGauge can be asked; else it is for a person alone."""
    if delivery.state == State.UNCONFIRMED:
        return can_be_found(delivery.submission) and delivery.ask_again(replace(cause, evidence=""), manager)
    return delivery.send_again(cause, Lane.BULK)


DEEDS = {
    "again": Deed(frozenset({State.FAILED, State.UNCONFIRMED}), "by_person_again", _again),
    "drop": Deed(
        frozenset({State.FAILED, State.UNCONFIRMED, State.REJECTED}),
        "by_person_dropped",
        lambda delivery, cause, _manager: delivery.cancel(cause),
    ),
}


class BulkQuerySet(models.QuerySet["Bulk"]):
    def running(self) -> "BulkQuerySet":
        """Those that a worker should carry on with, oldest first."""
        return self.filter(status=Bulk.Status.RUNNING).order_by("pk")

    def under_way(self) -> "BulkQuerySet":
        """Those that are not over."""
        return self.filter(status__in=(Bulk.Status.RUNNING, Bulk.Status.WAITING))


class Bulk(models.Model):
    """A manager's decision about many deliveries: the filter as it was counted, and how far it has come.

    Its children are audit events with the same request id.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waits for a second manager"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    token = models.UUIDField(unique=True, help_text="The form it came from: pressed twice it is still one.")
    decision = models.CharField(max_length=10)
    states = models.JSONField(default=list)
    cause = models.CharField(max_length=40, blank=True, help_text="Only those with this evidence; empty: any.")
    counted_at = models.DateTimeField(help_text="What came into its state later was not counted, and stays.")
    counted = models.PositiveIntegerField()
    reason = models.CharField(max_length=500)
    manager = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    request_id = models.CharField(max_length=32, unique=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RUNNING)
    reached = models.PositiveBigIntegerField(default=0, help_text="All submissions up to this id have been handled.")
    done = models.PositiveIntegerField(default=0)
    passed_over = models.PositiveIntegerField(default=0, help_text="Somebody else was first.")
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = BulkQuerySet.as_manager()

    class Meta:
        verbose_name = "bulk decision"

    def __str__(self) -> str:
        return f"bulk decision {self.uuid.hex[:8]}"

    @property
    def is_over(self) -> bool:
        """Whether nothing more is done for it."""
        return self.status in (self.Status.DONE, self.Status.STOPPED)

    def matching(self) -> DeliveryQuerySet:
        """What it is about and has not been handled yet, in the order in which it is handled."""
        found = Delivery.objects.filter(state__in=self.states, changed_at__lte=self.counted_at, pk__gt=self.reached)
        if self.decision == "again":  # not what somebody has asked to be looked up and sent again already
            found = found.exclude(state=State.UNCONFIRMED, again_by__isnull=False)
        return (found.filter(evidence=self.cause) if self.cause else found).order_by("pk")

    # -- what people do: each False if it was not theirs to do ----------------------------------------------

    def begin(self) -> "Bulk":
        """Count, save and start it; gives the one that stands.

        The same form, or the same decision about the same filter while an earlier one is under way, adds nothing.
        Without anything that matches nothing is saved (`pk` stays None).
        """
        same = Q(decision=self.decision, states=self.states, cause=self.cause)
        with transaction.atomic():
            earlier = Bulk.objects.filter(token=self.token).first() or Bulk.objects.under_way().filter(same).first()
            self.counted = self.matching().count()
            if earlier or not self.counted:
                return earlier or self
            if self._needs_two():
                self.status = self.Status.WAITING
            try:
                with transaction.atomic():
                    self.save(force_insert=True)
            except IntegrityError:  # the same form, at the same moment
                return Bulk.objects.get(token=self.token)
            told = {"decision": self.decision, "states": self.states, "cause": self.cause, "counted": self.counted}
            self._record(Action.BULK_BEGUN, self.manager, told | {"reason": self.reason})
        return self

    def approve(self, manager: User) -> bool:
        """A second manager agrees. Never the one who began it."""
        if manager.pk == self.manager_id:
            return False
        return self._turn(Action.BULK_APPROVED, manager, {self.Status.WAITING}, self.Status.RUNNING, manager)

    def stop(self, user: User) -> bool:
        """Handle nothing more; what has been done stays done."""
        return self._turn(Action.BULK_STOPPED, user, {self.Status.WAITING, self.Status.RUNNING}, self.Status.STOPPED)

    # -- what the worker does ------------------------------------------------------------------------------

    def carry_on(self, worker: str) -> bool:
        """Handle the next chunk, in one transaction; False if there is nothing left to do.

        The row is held meanwhile: of two workers one does this chunk, the other the next. A delivery that somebody
        else has in hand at this moment is passed over.
        """
        with transaction.atomic(durable=True):
            self.refresh_from_db(from_queryset=Bulk.objects.select_for_update())
            if self.status != self.Status.RUNNING:
                return False
            rows = list(self._chunk())
            if rows:
                self._handle(rows)
            else:
                self._end(self.Status.DONE)
                self._record(Action.BULK_DONE, worker)
        return bool(rows)

    def _chunk(self) -> DeliveryQuerySet:
        rows = self.matching().select_related("submission")[:CHUNK]
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True, of=("self",), no_key=True)
        return rows

    def _handle(self, rows: list[Delivery]) -> None:
        deed = DEEDS[self.decision]
        cause = Cause(self.manager, deed.evidence, body={"reason": self.reason, "bulk": self.uuid.hex})
        token = request_id.set(self.request_id)
        try:
            with writes.together():
                self.done += sum(deed.act(row, cause, self.manager) for row in rows)
        finally:
            request_id.reset(token)
        self.reached = rows[-1].pk
        self.save(update_fields=["done", "reached"])

    # -- how it is changed ---------------------------------------------------------------------------------

    def _needs_two(self) -> bool:
        unconfirmed = self.matching().filter(state=State.UNCONFIRMED)
        return self.decision == "again" and unconfirmed.count() > TWO_MANAGERS

    def _turn(
        self, action: Action, user: User, before: set["Bulk.Status"], after: "Bulk.Status", second: User | None = None
    ) -> bool:
        with transaction.atomic():
            self.refresh_from_db(from_queryset=Bulk.objects.select_for_update())
            if self.status not in before:
                return False
            self.approved_by = second or self.approved_by
            self._end(after)
            self._record(action, user)
        return True

    def _end(self, status: "Bulk.Status") -> None:
        self.status = status
        if self.is_over:
            self.ended_at = timezone.now()
            self.passed_over = max(0, self.counted - self.done) if status == self.Status.DONE else 0
        self.save(update_fields=["status", "approved_by", "ended_at", "passed_over"])

    def _record(self, action: Action, actor: Any, body: dict[str, Any] | None = None) -> None:
        AuditEvent.objects.record(action, self, actor=actor, body=body)
        if self.status == self.Status.RUNNING:
            transaction.on_commit(lambda: work_waits.send_robust(Bulk))


def proposed(decision: str, states: list[str], cause: str, counted_at: datetime, **given: Any) -> Bulk:
    """A bulk decision that nobody has taken yet; of the states only those in which it makes sense.

    given: what the manager adds (token, reason, manager). Raises KeyError for a decision that does not exist.
    """
    sensible = sorted(DEEDS[decision].states.intersection(states))
    return Bulk(
        decision=decision, states=sensible, cause=cause, counted_at=min(counted_at, timezone.now()),
        counted=0, request_id=request_id.get() or uuid.uuid4().hex, **given,
    )  # fmt: skip
