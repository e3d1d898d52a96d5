"""The receipt of an outage: from when to when nothing could be sent, what waited, and what became of it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Count, ExpressionWrapper, F, Max, Q, Value
from django.utils import timezone

from .delivery import Attempt, AttemptKind, Delivery, DeliveryQuerySet
from .states import NEEDS_PERSON, OPEN, ConfirmedBy, Lane, State

WAIT = ExpressionWrapper(F("changed_at") - F("submission__created_at"), output_field=models.DurationField())
#: Somebody says that it arrived: CustomerGauge by its number, or a person.
PROVEN = Q(state=State.DELIVERED) & (~Q(cg_id="") | Q(confirmed_by=ConfirmedBy.PERSON))
#: A new record that was on the wire and was not answered by a no: it may have been stored.
MAY_HAVE_ARRIVED = Q(attempts__kind=AttemptKind.SEND, attempts__wire_at__isnull=False) & (
    Q(attempts__outcome__in=("delivered", "unknown", ""))
)


class Outage(models.Model):
    """One time during which nothing could be sent, written down when the channel reopened.

    `ended_at` is the reopening. `receipt` holds how many waited then; the other figures join it, frozen, once nothing
    of what waited is open any more.
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
    def write_down(cls, began_at: datetime, evidence: str, tried_since: datetime | None = None) -> "Outage | None":
        """At the reopening: note everything that waits. None if nothing does.

        tried_since: since when one at a time tried whether the line is back; those that did had waited too.
        """
        now = timezone.now()
        held_up = Q(next_at__lte=now) | ~Q(priority=Lane.ENTRY)  # not what only waits for its undo
        waiting = Delivery.objects.filter(held_up, state=State.QUEUED)
        tried = _tried(tried_since) if tried_since else set()
        tried -= set(waiting.filter(pk__in=tried).values_list("pk", flat=True))  # one that tried may wait again
        if not tried and not waiting.exists():
            return None
        link = cls.waited.through
        with transaction.atomic(savepoint=False):
            outage = cls.objects.create(began_at=began_at, ended_at=now, evidence=evidence)
            number = _link(outage, waiting)
            link.objects.bulk_create([link(outage_id=outage.pk, delivery_id=pk) for pk in tried])
            outage.receipt = {"waited": number + len(tried)}
            outage.save(update_fields=["receipt"])
        return outage

    @property
    def is_settled(self) -> bool:
        """Whether nothing of what waited is open any more, and the figures are frozen."""
        return "open" in (self.receipt or {})

    def figures(self) -> dict[str, Any]:
        """What became of what waited: `waited`, `delivered`, `cancelled`, `open` (of these `stopped` need a person),
        `twice` (may have arrived twice), `lost` (neither proven to have arrived, nor dropped, nor open), and `slowest`,
        the longest time from entry to delivery in seconds.

        Once nothing is open any more they are frozen, so that the receipt says the same for ever.
        """
        if self.is_settled:
            return dict(self.receipt or {})
        figures = self._count()
        if not figures["open"]:
            Outage.objects.filter(pk=self.pk).update(receipt=figures)
        return figures

    def _count(self) -> dict[str, Any]:
        every = self.waited.all()
        figures: dict[str, Any] = every.aggregate(
            delivered=Count("pk", filter=PROVEN),
            cancelled=Count("pk", filter=Q(state=State.CANCELLED)),
            open=Count("pk", filter=Q(state__in=OPEN)),
            stopped=Count("pk", filter=Q(state__in=NEEDS_PERSON)),
            slowest=Max(WAIT, filter=PROVEN),
        )
        noted = (self.receipt or {}).get("waited", 0)
        twice = every.annotate(arrivals=Count("attempts", filter=MAY_HAVE_ARRIVED)).filter(arrivals__gt=1)
        return figures | {
            "waited": noted,
            "slowest": (figures["slowest"] or timedelta()).total_seconds(),
            "twice": twice.count(),
            "lost": noted - figures["delivered"] - figures["cancelled"] - figures["open"],
        }


def _link(outage: Outage, waiting: DeliveryQuerySet) -> int:
    """Note that these wait, in one statement: there may be many, and the worker has better things to do."""
    chosen = waiting.order_by().annotate(outage=Value(outage.pk)).values_list("pk", "outage")
    select, parameters = chosen.query.get_compiler(connection=connection).as_sql()
    table = connection.ops.quote_name(Outage.waited.through._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} (delivery_id, outage_id) {select}", parameters)
        return int(cursor.rowcount)


def _tried(since: datetime) -> set[int]:
    """The deliveries that were entered before `since` and sent, or are being sent, after it."""
    ended = Attempt.objects.filter(ended_at__gte=since, started_at__gte=since, delivery__isnull=False)
    found = set(
        ended.filter(
            kind__in=(AttemptKind.SEND, AttemptKind.CORRECT), delivery__submission__created_at__lt=since
        ).values_list("delivery_id", flat=True)
    )
    under_way = Delivery.objects.filter(state=State.SENDING, changed_at__gte=since, submission__created_at__lt=since)
    return {pk for pk in found if pk is not None} | set(under_way.values_list("pk", flat=True))
