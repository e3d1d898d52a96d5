"""What every row of the outbox has in common: its state, its lease, and one method per transition.

Each transition is a compare-and-set on state and version in one transaction with its audit event. Zero rows
changed means that somebody else was first.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from . import writes
from .audit import Action, AuditEvent, Body
from .states import FRESH, TRANSITIONS, Cause, Lane, State

if TYPE_CHECKING:
    from .delivery import Attempt, AttemptKind
    from .submission import Submission

Row = TypeVar("Row", bound="Outgoing")


class OutgoingQuerySet(models.QuerySet[Row]):
    def due(self) -> Self:
        """Queued rows whose time has come. The database's clock decides."""
        return self.filter(state=State.QUEUED, next_at__lte=Now())

    def fresh(self) -> Self:
        """The first lane: what agents entered just now, in the order in which it fell due."""
        return self.due().filter(priority=Lane.ENTRY, next_at__gt=Now() - FRESH).order_by("next_at", "pk")

    def backlog(self) -> Self:
        """The second lane, for the gaps: everything else that is due, retries before bulk work."""
        older = Q(priority__gt=Lane.ENTRY) | Q(next_at__lte=Now() - FRESH)
        return self.due().filter(older).order_by("priority", "next_at", "pk")

    def lease_over(self) -> Self:
        """Rows whose worker has not come back in time."""
        return self.filter(state=State.SENDING, lease_until__lte=Now())


class Outgoing(models.Model):
    """One message on its way to CustomerGauge."""

    #: What the audit log calls its transitions: `<area>.<state>`.
    AREA: ClassVar[str]
    #: Whether the audit log keeps what was sent and what was answered.
    keeps_proof: ClassVar[bool] = True

    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    version = models.PositiveIntegerField(default=0)
    priority = models.PositiveSmallIntegerField(choices=Lane.choices, default=Lane.ENTRY)
    next_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now, help_text="When it came into its state.")
    tries = models.PositiveIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(default=0, help_text="How often our own code failed on this row.")
    first_failed_at = models.DateTimeField(null=True)
    owner = models.CharField(max_length=100, blank=True, help_text="The worker that holds the lease.")
    lease_until = models.DateTimeField(null=True)
    evidence = models.CharField(max_length=40, blank=True, help_text="Why it is in this state: a constant.")

    class Meta:
        abstract = True

    @property
    def subject(self) -> "Submission":
        """The submission in whose story its events stand."""
        raise NotImplementedError

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        raise NotImplementedError

    def open_attempt(self, worker: str, kind: "AttemptKind | None" = None) -> "Attempt":
        """A call about to be made: for a claim, within the same claim with a fresh token, or for a look-up."""
        raise NotImplementedError

    # -- transitions: each True if it was ours to make -----------------------------------------------------

    def claim(self, worker: str, lease_until: datetime, request: Body | None) -> "Attempt | None":
        """queued → sending: leases the row to a worker and opens an attempt; None if somebody else was first."""
        self._allow(State.SENDING)
        with writes.at_once():
            if not self._compare_and_set(State.SENDING, owner=worker, lease_until=lease_until):
                return None
            attempt = self.open_attempt(worker)
            self._record(Cause(worker, attempt=attempt, body=request))
        return attempt

    def mark_on_wire(self, attempt: "Attempt", lease_until: datetime | None = None) -> bool:
        """The wire mark: from here on the request may have left. False if the row is no longer ours.

        It moves the version on, so that a reaper which saw no mark cannot put the row back in the queue; and the lease,
        if the row has waited for its thread.
        """
        with writes.at_once():
            if not self._compare_and_set(State.SENDING, lease_until=lease_until or self.lease_until):
                return False
            writes.update(type(attempt), {"pk": attempt.pk}, {"wire_at": timezone.now()})
        return True

    def requeue(
        self, cause: Cause, next_at: datetime, *, lane: Lane = Lane.RETRY, spend_try: bool = False,
        crashed: bool = False,
    ) -> bool:  # fmt: skip
        """→ queued until `next_at`. Waiting for the channel spends no try; a failed call does."""
        first_failed_at = self.first_failed_at or (timezone.now() if spend_try else None)
        return self._move(
            State.QUEUED, cause, next_at=next_at, first_failed_at=first_failed_at, priority=lane,
            tries=self.tries + spend_try, crashes=self.crashes + crashed,
        )  # fmt: skip

    def send_again(self, cause: Cause, lane: Lane = Lane.ENTRY) -> bool:
        """→ queued at a person's word, as if it had never been tried: the time for tries begins anew."""
        return self._move(
            State.QUEUED, cause, next_at=timezone.now(), priority=lane, tries=0, crashes=0, first_failed_at=None,
        )  # fmt: skip

    def succeed(self, cause: Cause, number: str) -> bool:
        """→ delivered: CustomerGauge took it and answered with a record's number."""
        raise NotImplementedError

    def reject(self, cause: Cause) -> bool:
        """sending → rejected: CustomerGauge refuses the content; a person must correct it."""
        return self._move(State.REJECTED, cause, tries=self.tries + 1)

    def fail(self, cause: Cause) -> bool:
        """sending → failed: the tries are used up, or our own code cannot handle the row; a manager decides."""
        return self._move(State.FAILED, cause, tries=self.tries + 1)

    def unconfirm(self, cause: Cause) -> bool:
        """sending, queued, failed → unconfirmed: it may have been processed, so it is never sent again by itself."""
        return self._move(State.UNCONFIRMED, cause, tries=self.tries + 1)

    def cancel(self, cause: Cause) -> bool:
        """→ cancelled: it will not be sent."""
        return self._move(State.CANCELLED, cause)

    # -- how a transition is made --------------------------------------------------------------------------

    def _move(self, to: State, cause: Cause, **changes: Any) -> bool:
        self._allow(to)
        with writes.at_once():
            if not self._compare_and_set(to, owner="", lease_until=None, evidence=cause.evidence, **changes):
                return False
            self._record(cause)
        return True

    def _allow(self, to: State) -> None:
        if to not in TRANSITIONS[State(self.state)]:
            raise ValueError(f"A delivery never goes from {self.state} to {to}.")

    def _compare_and_set(self, to: State, **changes: Any) -> bool:
        """Write the new state if nobody has touched the row since it was read; the instance follows."""
        if to != self.state:
            changes["changed_at"] = timezone.now()
        changes |= {"state": to, "version": self.version + 1}
        if not writes.update(type(self), {"pk": self.pk, "state": self.state, "version": self.version}, changes):
            return False
        for name, value in changes.items():
            setattr(self, name, value)
        return True

    def _record(self, cause: Cause, action: Action | None = None) -> None:
        AuditEvent.objects.record(
            action or Action(f"{self.AREA}.{self.state}"), self.subject, actor=cause.actor, outcome=cause.evidence,
            attempt_id=cause.attempt.pk if cause.attempt else None, body=cause.body if self.keeps_proof else None,
        )  # fmt: skip


#: How long a claim may last without a sign of its worker; at least three times the deadline of a call.
LEASE = timedelta(seconds=120)
