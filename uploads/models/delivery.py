"""The delivery of a result, a new one or a correction, and the attempts: one per call to CustomerGauge."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from . import writes
from .audit import Action
from .outgoing import Outgoing, OutgoingQuerySet
from .sent import can_be_found
from .states import LOOKUPS, Cause, ConfirmedBy, State
from .submission import Submission

#: When to compare once more, after a comparison that found nothing.
READ_BACKS = (timedelta(minutes=5), timedelta(minutes=30))


class ReadBack(models.TextChoices):
    """What a comparison with the record at CustomerGauge showed."""

    VERIFIED = "verified", "verified"
    DIFFERS = "differs", "differs"
    ABSENT = "absent", "not found"


class DeliveryQuerySet(OutgoingQuerySet["Delivery"]):
    def lookups_due(self) -> Self:
        """Deliveries that it is time to look up: unconfirmed ones, and delivered ones that are to be compared."""
        return self.filter(state__in=(State.UNCONFIRMED, State.DELIVERED), lookup_at__lte=Now()).order_by("lookup_at")


class Delivery(Outgoing):
    """The journey of one submission."""

    AREA = "delivery"

    submission = models.OneToOneField(Submission, primary_key=True, on_delete=models.PROTECT, related_name="delivery")
    amends = models.CharField(max_length=64, blank=True, help_text="CustomerGauge's number of the record it corrects.")
    lookup_at = models.DateTimeField(null=True, help_text="When to look next what CustomerGauge has.")
    lookups = models.PositiveSmallIntegerField(default=0)
    again_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+",
        help_text="Who wants it sent again, if a fresh look-up does not find it.",
    )  # fmt: skip
    cg_id = models.CharField(max_length=64, blank=True)
    confirmed_by = models.CharField(max_length=8, blank=True, choices=ConfirmedBy.choices)
    read_back = models.CharField(max_length=8, blank=True, choices=ReadBack.choices)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            # not partial: SQLite cannot match a partial index to a bound parameter
            models.Index(fields=["state", "priority", "next_at", "submission"], name="delivery_due"),  # reader: claim
            models.Index(fields=["state", "-submission"], name="delivery_by_state"),  # reader: reaper, history, counts
            models.Index(fields=["cg_id"], name="delivery_by_cg_id", condition=~Q(cg_id="")),  # reader: search by CG-ID
            models.Index(  # reader: the look-ups that are due
                fields=["lookup_at"], name="delivery_lookup", condition=Q(lookup_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return str(self.submission)

    @property
    def subject(self) -> Submission:
        """Itself."""
        return self.submission

    @property
    def repeatable(self) -> bool:
        """A correction sets the same values again; a new record would be counted twice."""
        return bool(self.amends)

    def open_attempt(self, worker: str, kind: "AttemptKind | None" = None) -> "Attempt":
        """A call about to be made."""
        kind = kind or (AttemptKind.CORRECT if self.amends else AttemptKind.SEND)
        attempt = Attempt(delivery=self, worker=worker, kind=kind)
        writes.insert(attempt)
        return attempt

    # -- transitions of its own ----------------------------------------------------------------------------

    def succeed(self, cause: Cause, number: str, compare_at: datetime | None = None) -> bool:
        """→ delivered: CustomerGauge's own reply says so. `compare_at` as for `deliver`."""
        return self.deliver(cause, number, ConfirmedBy.REPLY, compare_at)

    def deliver(self, cause: Cause, cg_id: str, by: ConfirmedBy, compare_at: datetime | None = None) -> bool:
        """→ delivered, with CustomerGauge's number for it (empty if only a person vouches for it).

        compare_at: when to read back what CustomerGauge stored; None for never.
        """
        return self._move(
            State.DELIVERED, cause, cg_id=cg_id, confirmed_by=by, lookup_at=compare_at, lookups=0, again_by_id=None
        )  # fmt: skip

    def unconfirm(self, cause: Cause) -> bool:
        """sending → unconfirmed: it may have been processed, so it is never sent again by itself, but looked up.

        Not where CustomerGauge cannot be asked for it.
        """
        lookup_at = timezone.now() + LOOKUPS[0] if can_be_found(self.submission) else None
        return self._move(
            State.UNCONFIRMED, cause, tries=self.tries + 1, lookups=0, lookup_at=lookup_at, again_by_id=None
        )  # fmt: skip

    def begin_lookup(self, worker: str, lease_until: datetime) -> "Attempt | None":
        """Lease a row for a look-up and open its attempt; None if somebody else was first.

        Should the worker vanish, the look-up falls due again when the lease is over.
        """
        kind = AttemptKind.READ if self.state == State.DELIVERED else AttemptKind.LOOKUP
        with writes.at_once():
            if not self._stay(lookup_at=lease_until):
                return None
            return self.open_attempt(worker, kind)

    def end_lookup(self, cause: Cause) -> bool:
        """It was looked up and not found beyond doubt: what was found is now the evidence. Look again later, so many
        times in all."""
        done = self.lookups + 1
        lookup_at = timezone.now() + LOOKUPS[done] if done < len(LOOKUPS) else None
        return self._stay(
            cause, Action.LOOKED_UP, evidence=cause.evidence, lookups=done, lookup_at=lookup_at, again_by_id=None
        )  # fmt: skip

    def miss_lookup(self, cause: Cause) -> bool:
        """The look-up itself failed, which says nothing and does not count: look again when half as much time as
        since it became unconfirmed has passed once more."""
        now = timezone.now()
        wait = min(max((now - self.changed_at) / 2, LOOKUPS[0]), LOOKUPS[-1])
        return self._stay(cause, Action.LOOKED_UP, lookup_at=now + wait, again_by_id=None)

    def ask_again(self, cause: Cause, manager: User) -> bool:
        """A manager wants an unconfirmed one sent again: a fresh look-up runs first, and decides."""
        now = timezone.now()
        return self._stay(cause, Action.AGAIN_ASKED, again_by_id=manager.pk, lookup_at=now)

    def ask_comparison(self, cause: Cause) -> bool:
        """Somebody wants to know what CustomerGauge has of a delivered one. It is looked at once."""
        return self._stay(cause, Action.COMPARISON_ASKED, lookup_at=timezone.now(), lookups=len(READ_BACKS))

    def end_comparison(self, cause: Cause, found: ReadBack | None) -> bool:
        """Write down what the comparison showed; None: nothing, then what an earlier one showed stays.

        What a POST stored may not be shown at once: unless a person asked, it is not said to be absent too soon.
        """
        if found in (None, ReadBack.ABSENT) and self.lookups < len(READ_BACKS):
            next_at = timezone.now() + READ_BACKS[self.lookups]
            return self._stay(cause, Action.COMPARED, lookup_at=next_at, lookups=self.lookups + 1)
        return self._stay(cause, Action.COMPARED, lookup_at=None, read_back=found or self.read_back)

    def _stay(self, cause: Cause | None = None, action: Action | None = None, **changes: Any) -> bool:
        """Change the row within its state, guarded like a transition."""
        with writes.at_once():
            if not self._compare_and_set(State(self.state), **changes):
                return False
            if cause:
                self._record(cause, action)
        return True


class AttemptKind(models.TextChoices):
    """What a call was for."""

    SEND = "send", "Send"
    CORRECT = "correct", "Correct"
    CASE = "case", "Update the case"
    ANONYMISE = "anon", "Anonymise"
    LOOKUP = "lookup", "Look up"
    READ = "read", "Compare"


class Attempt(models.Model):
    """One call to CustomerGauge. Written on in its phases (claimed, on the wire, ended); once ended it is frozen."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    delivery = models.ForeignKey(Delivery, null=True, on_delete=models.PROTECT, related_name="attempts")
    case = models.ForeignKey("uploads.CaseDelivery", null=True, on_delete=models.PROTECT, related_name="attempts")
    anonymisation = models.ForeignKey(
        "uploads.Anonymisation", null=True, on_delete=models.PROTECT, related_name="attempts"
    )
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
        indexes = [
            models.Index(fields=["ended_at"], name="attempt_ended"),  # reader: circuit breaker, alerts
            models.Index(fields=["code", "delivery"], name="attempt_by_code"),  # reader: the history's filter
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(delivery__isnull=False, case__isnull=True, anonymisation__isnull=True)
                | Q(delivery__isnull=True, case__isnull=False, anonymisation__isnull=True)
                | Q(delivery__isnull=True, case__isnull=True, anonymisation__isnull=False),
                name="attempt_of_one",
            )
        ]

    def __str__(self) -> str:
        return f"attempt {self.pk} of {self.delivery_id or self.case_id or self.anonymisation_id}"

    def end(self, *, outcome: str, evidence: str, seconds: float, status: int | None, code: str) -> None:
        """Write down how the call ended; the database refuses to do it twice."""
        how = {"outcome": outcome, "evidence": evidence, "seconds": seconds, "status": status, "code": code}
        writes.update(Attempt, {"pk": self.pk}, how | {"ended_at": timezone.now()})
