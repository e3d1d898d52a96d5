"""The outbox: one delivery per submission, one attempt per call, one channel to CustomerGauge.

The table `TRANSITIONS` is the state machine. Each transition is one method; each is a compare-and-set on
state and version in one transaction with its audit event. Zero rows changed means that somebody else was first.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from . import writes
from .audit import Action, AuditEvent, Body
from .submission import Submission


class State(models.TextChoices):
    """Where a submission is on its way to CustomerGauge."""

    QUEUED = "queued", "Waiting"
    SENDING = "sending", "Sending"
    DELIVERED = "delivered", "Delivered"
    REJECTED = "rejected", "Rejected"
    FAILED = "failed", "Failed"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"
    CANCELLED = "cancelled", "Cancelled"


TRANSITIONS: dict[State, dict[State, str]] = {
    State.QUEUED: {
        State.SENDING: "claimed by a worker",
        State.CANCELLED: "undone by the agent, or dropped by a manager",
    },
    State.SENDING: {
        State.DELIVERED: "strict success",
        State.QUEUED: "not sent or not processed",
        State.REJECTED: "refused for its content",
        State.FAILED: "tries used up",
        State.UNCONFIRMED: "unknown, may have been processed",
    },
    State.UNCONFIRMED: {
        State.DELIVERED: "the late reply, a lookup or a person says so",
        State.QUEUED: "a manager sends it again",
        State.CANCELLED: "a manager drops it",
    },
    State.FAILED: {
        State.QUEUED: "a manager sends it again",
        State.DELIVERED: "a manager vouches for it",
        State.CANCELLED: "a manager drops it",
    },
    State.REJECTED: {State.CANCELLED: "replaced by a new revision, or dropped by a manager"},
    State.DELIVERED: {},
    State.CANCELLED: {},
}
#: When to look whether CustomerGauge has it: so long after it became unconfirmed, and after each look.
LOOKUPS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
FINAL = frozenset(state for state, onward in TRANSITIONS.items() if not onward)
NEEDS_PERSON = frozenset({State.REJECTED, State.FAILED, State.UNCONFIRMED})


ACTIONS = {state: Action(f"delivery.{state}") for state in State}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a transition happens: who moves it, on which evidence, after which call, with which proof.

    `evidence` is a constant; `body` is the proof as it came (a reply, a reason a person gave) and may hold
    personal data.
    """

    actor: Any
    evidence: str = ""
    attempt: "Attempt | None" = None
    body: Body | None = None


class Priority(models.IntegerChoices):
    """Two lanes under one limit: today's entries first, bulk work in the gaps."""

    ENTRY = 0, "entry"
    BULK = 10, "bulk"


class ConfirmedBy(models.TextChoices):
    """Whose evidence says that CustomerGauge has it."""

    REPLY = "reply", "its reply"
    LOOKUP = "lookup", "a lookup"
    PERSON = "person", "a person"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self) -> "DeliveryQuerySet":
        """Queued deliveries whose time has come, in the order to send them. The database's clock decides."""
        return self.filter(state=State.QUEUED, next_at__lte=Now()).order_by("priority", "next_at", "pk")

    def lookups_due(self) -> "DeliveryQuerySet":
        """Unconfirmed deliveries that it is time to look up."""
        return self.filter(state=State.UNCONFIRMED, lookup_at__lte=Now()).order_by("lookup_at")

    def lease_over(self) -> "DeliveryQuerySet":
        """Deliveries whose worker has not come back in time."""
        return self.filter(state=State.SENDING, lease_until__lte=Now())


class Delivery(models.Model):
    """The journey of one submission."""

    submission = models.OneToOneField(Submission, primary_key=True, on_delete=models.PROTECT, related_name="delivery")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    version = models.PositiveIntegerField(default=0)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.ENTRY)
    next_at = models.DateTimeField(default=timezone.now)
    tries = models.PositiveIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(default=0, help_text="How often our own code failed on this row.")
    first_failed_at = models.DateTimeField(null=True)
    owner = models.CharField(max_length=100, blank=True, help_text="The worker that holds the lease.")
    lease_until = models.DateTimeField(null=True)
    evidence = models.CharField(max_length=40, blank=True, help_text="Why it is in this state: a constant.")
    lookup_at = models.DateTimeField(null=True, help_text="When to look next whether CustomerGauge has it.")
    lookups = models.PositiveSmallIntegerField(default=0)
    cg_id = models.CharField(max_length=64, blank=True)
    confirmed_by = models.CharField(max_length=8, blank=True, choices=ConfirmedBy.choices)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            # not partial: SQLite cannot match a partial index to a bound parameter
            models.Index(fields=["state", "priority", "next_at", "submission"], name="delivery_due"),  # reader: claim
            models.Index(fields=["state", "-submission"], name="delivery_by_state"),  # reader: reaper, history, counts
            models.Index(fields=["cg_id"], name="delivery_by_cg_id", condition=~Q(cg_id="")),  # reader: search by CG-ID
        ]

    def __str__(self) -> str:
        return str(self.submission)

    # -- transitions: each True if it was ours to make -----------------------------------------------------

    def claim(self, worker: str, lease_until: datetime, request: Body | None) -> "Attempt | None":
        """queued → sending: leases the row to a worker and opens an attempt; None if somebody else was first."""
        self._allow(State.SENDING)
        with transaction.atomic(savepoint=False):
            if not self._compare_and_set(State.SENDING, owner=worker, lease_until=lease_until):
                return None
            attempt = self.open_attempt(worker)
            self._record(Cause(worker, attempt=attempt, body=request))
        return attempt

    def open_attempt(self, worker: str, kind: "AttemptKind | None" = None) -> "Attempt":
        """A further call: within the same claim (an old token was refused, nothing was processed), or a look-up."""
        attempt = Attempt(delivery=self, worker=worker, kind=kind or AttemptKind.SEND)
        writes.insert(attempt)
        return attempt

    def mark_on_wire(self, attempt: "Attempt") -> bool:
        """The wire mark: from here on the request may have left. False if the row is no longer ours.

        It moves the version on, so that a reaper which saw no mark cannot put the row back in the queue.
        """
        with transaction.atomic(savepoint=False):
            if not self._compare_and_set(State.SENDING):
                return False
            writes.update(Attempt, {"pk": attempt.pk}, {"wire_at": timezone.now()})
        return True

    def begin_lookup(self, worker: str, lease_until: datetime) -> "Attempt | None":
        """Lease an unconfirmed row for a look-up and open its attempt; None if somebody else was first.

        Should the worker vanish, the look-up falls due again when the lease is over.
        """
        with transaction.atomic(savepoint=False):
            if not self._compare_and_set(State.UNCONFIRMED, lookup_at=lease_until):
                return None
            return self.open_attempt(worker, AttemptKind.LOOKUP)

    def end_lookup(self, cause: Cause, *, counts: bool) -> bool:
        """It was not found beyond doubt: look again later, so many times in all. A failed look-up does not count."""
        done = self.lookups + counts
        lookup_at = timezone.now() + LOOKUPS[done] if done < len(LOOKUPS) else None
        with transaction.atomic(savepoint=False):
            if not self._compare_and_set(State.UNCONFIRMED, lookups=done, lookup_at=lookup_at):
                return False
            self._record(cause, Action.LOOKED_UP)
        return True

    def deliver(self, cause: Cause, cg_id: str, by: ConfirmedBy) -> bool:
        """→ delivered, with CustomerGauge's number for it (empty if only a person vouches for it)."""
        return self._move(State.DELIVERED, cause, cg_id=cg_id, confirmed_by=by)

    def requeue(self, cause: Cause, next_at: datetime, *, spend_try: bool = False, crashed: bool = False) -> bool:
        """→ queued until `next_at`. Waiting for the channel spends no try; a failed call does."""
        now = timezone.now()
        first_failed_at = self.first_failed_at or (now if spend_try else None)
        return self._move(
            State.QUEUED, cause, next_at=next_at, first_failed_at=first_failed_at,
            tries=self.tries + spend_try, crashes=self.crashes + crashed,
        )  # fmt: skip

    def reject(self, cause: Cause) -> bool:
        """sending → rejected: CustomerGauge refuses the content; its agent must correct it."""
        return self._move(State.REJECTED, cause, tries=self.tries + 1)

    def fail(self, cause: Cause) -> bool:
        """sending → failed: the tries are used up, or our own code cannot handle the row; a manager decides."""
        return self._move(State.FAILED, cause, tries=self.tries + 1)

    def unconfirm(self, cause: Cause) -> bool:
        """sending → unconfirmed: it may have been processed, so it is never sent again by itself.

        If it carries a reference, CustomerGauge is asked for that later.
        """
        lookup_at = timezone.now() + LOOKUPS[0] if self.submission.reference_key else None
        return self._move(State.UNCONFIRMED, cause, tries=self.tries + 1, lookup_at=lookup_at)

    def cancel(self, cause: Cause) -> bool:
        """→ cancelled: it will not be sent."""
        return self._move(State.CANCELLED, cause)

    def _move(self, to: State, cause: Cause, **changes: Any) -> bool:
        self._allow(to)
        with transaction.atomic(savepoint=False):
            if not self._compare_and_set(to, owner="", lease_until=None, evidence=cause.evidence, **changes):
                return False
            self._record(cause)
        return True

    def _allow(self, to: State) -> None:
        if to not in TRANSITIONS[State(self.state)]:
            raise ValueError(f"A delivery never goes from {self.state} to {to}.")

    def _compare_and_set(self, to: State, **changes: Any) -> bool:
        """Write the new state if nobody has touched the row since it was read; the instance follows."""
        changes |= {"state": to, "version": self.version + 1}
        if not writes.update(Delivery, {"pk": self.pk, "state": self.state, "version": self.version}, changes):
            return False
        for name, value in changes.items():
            setattr(self, name, value)
        return True

    def _record(self, cause: Cause, action: Action | None = None) -> None:
        AuditEvent.objects.record(
            action or ACTIONS[State(self.state)], self.submission, actor=cause.actor, outcome=cause.evidence,
            attempt_id=cause.attempt.pk if cause.attempt else None, body=cause.body,
        )  # fmt: skip


class AttemptKind(models.TextChoices):
    """What a call was for."""

    SEND = "send", "Send"
    LOOKUP = "lookup", "Look up"


class Attempt(models.Model):
    """One call to CustomerGauge. Written on in its phases (claimed, on the wire, ended); once ended it is frozen."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts")
    kind = models.CharField(max_length=8, choices=AttemptKind.choices, default=AttemptKind.SEND)
    worker = models.CharField(max_length=100)
    started_at = models.DateTimeField(default=timezone.now)
    wire_at = models.DateTimeField(null=True, help_text="Committed after connecting, before the first byte left.")
    ended_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="HTTP status, if one came.")
    code = models.CharField(max_length=16, blank=True, help_text="CustomerGauge's error code, if one came.")
    outcome = models.CharField(max_length=20, blank=True)
    evidence = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["started_at"]

    def __str__(self) -> str:
        return f"attempt {self.pk} of {self.delivery_id}"

    def end(self, *, outcome: str, evidence: str, seconds: float, status: int | None, code: str) -> None:
        """Write down how the call ended; the database refuses to do it twice."""
        how = {"outcome": outcome, "evidence": evidence, "seconds": seconds, "status": status, "code": code}
        writes.update(Attempt, {"pk": self.pk}, how | {"ended_at": timezone.now()})
