"""The receipt of an outage: from when to when nothing could be sent, what waited, and what became of it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Count, ExpressionWrapper, F, Max, Q
from django.utils import timezone

from .delivery import AttemptKind, Delivery
from .states import OPEN, Lane, State

WAIT = ExpressionWrapper(F("changed_at") - F("submission__created_at"), output_field=models.DurationField())


class Outage(models.Model):
    """One time during which nothing could be sent, written down when the channel reopened.

    `ended_at` is the reopening. The figures are frozen in `receipt` once nothing of what waited is open any more.
    """

    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(default=timezone.now)
    evidence = models.CharField(max_length=40, help_text="Why nothing could be sent: a constant.")
    waited = models.ManyToManyField(Delivery, related_name="outages")
    receipt = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-ended_at"], name="outage_newest")]  # reader: health page

    def __str__(self) -> str:
        return f"outage since {self.began_at:%Y-%m-%d %H:%M}"

    @classmethod
    def write_down(cls, began_at: datetime, evidence: str) -> "Outage | None":
        """At the reopening: note everything that waits. None if nothing does."""
        held_up = Q(next_at__lte=timezone.now()) | ~Q(priority=Lane.ENTRY)  # not what only waits for its undo
        waiting = Delivery.objects.filter(held_up, state=State.QUEUED).values_list("pk", flat=True)
        if not waiting:
            return None
        link = cls.waited.through
        with transaction.atomic(savepoint=False):
            outage = cls.objects.create(began_at=began_at, evidence=evidence)
            link.objects.bulk_create([link(outage_id=outage.pk, delivery_id=pk) for pk in waiting], batch_size=1000)
        return outage

    def figures(self) -> dict[str, Any]:
        """What became of what waited: numbers by state, how many were sent twice, and the longest wait in seconds.

        Once nothing is open any more they are frozen, so that the receipt says the same for ever.
        """
        if self.receipt is not None:
            return dict(self.receipt)
        figures = self._count()
        if not figures["open"]:
            Outage.objects.filter(pk=self.pk, receipt__isnull=True).update(receipt=figures)
        return figures

    def _count(self) -> dict[str, Any]:
        every = self.waited.all()
        figures: dict[str, Any] = every.aggregate(
            waited=Count("pk"),
            delivered=Count("pk", filter=Q(state=State.DELIVERED)),
            cancelled=Count("pk", filter=Q(state=State.CANCELLED)),
            open=Count("pk", filter=Q(state__in=OPEN)),
            slowest=Max(WAIT, filter=Q(state=State.DELIVERED)),
        )
        slowest = figures["slowest"] or timedelta()
        may_count = Q(attempts__kind=AttemptKind.SEND, attempts__outcome__in=("delivered", "unknown"))
        twice = every.annotate(arrivals=Count("attempts", filter=may_count & Q(attempts__wire_at__isnull=False)))
        settled = figures["delivered"] + figures["cancelled"] + figures["open"]
        return figures | {
            "slowest": slowest.total_seconds(),
            "twice": twice.filter(arrivals__gt=1).count(),
            "lost": figures["waited"] - settled,
        }
