"""How many results each agent entered on each day, by score and reason: kept beside the results, for the trends.

A result counts once: in its newest version that was not cancelled, on the day that version was entered (by the
portal's clock, TIME_ZONE). Days that are over are counted by a periodic job; the running day is left to who reads.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Max, Min, Q
from django.utils import timezone

from .delivery import Delivery
from .states import State
from .submission import Contact, Submission

DAY = timedelta(days=1)
#: So many days are counted and written in one go.
CHUNK = 31 * DAY
#: What a run looks at again, because it may have been committed after the run before had looked.
LATE_ROWS, LATE = 10_000, timedelta(hours=1)

#: What does not count of all that was entered since a moment: cancelled versions, and those with a later one that
#: counts, however many cancelled ones lie between the two. A version is entered after the one that it corrects.
_NOT_COUNTED = """
WITH RECURSIVE cancelled(id) AS (
    SELECT submission_id FROM uploads_delivery JOIN uploads_submission ON uploads_submission.id = submission_id
        WHERE state = 'cancelled' AND created_at >= %s
),
superseded(id) AS (
    SELECT revision_of_id FROM uploads_submission
        WHERE revision_of_id > 0 AND created_at >= %s AND id NOT IN (SELECT id FROM cancelled)
    UNION
    SELECT older.revision_of_id FROM superseded
        JOIN uploads_submission older ON older.id = superseded.id WHERE older.revision_of_id > 0
)
SELECT id FROM superseded UNION SELECT id FROM cancelled
"""
_BANDS = [Submission(score=score).band for score in range(11)]


def not_counted(since: datetime) -> set[int]:
    """The submissions, entered at `since` or later, that do not count as results, by primary key; and a few older ones.

    Few results are corrected or cancelled, so it is a short list beside those that count.
    """
    start = connection.ops.adapt_datetimefield_value(since)
    with connection.cursor() as cursor:
        cursor.execute(_NOT_COUNTED, [start, start])
        return {pk for (pk,) in cursor.fetchall()}


class DayTotal(models.Model):
    """One agent's results of one day: how many have each score, and how many of each band wish to be contacted."""

    day = models.DateField()
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    score_0 = models.PositiveIntegerField(default=0)
    score_1 = models.PositiveIntegerField(default=0)
    score_2 = models.PositiveIntegerField(default=0)
    score_3 = models.PositiveIntegerField(default=0)
    score_4 = models.PositiveIntegerField(default=0)
    score_5 = models.PositiveIntegerField(default=0)
    score_6 = models.PositiveIntegerField(default=0)
    score_7 = models.PositiveIntegerField(default=0)
    score_8 = models.PositiveIntegerField(default=0)
    score_9 = models.PositiveIntegerField(default=0)
    score_10 = models.PositiveIntegerField(default=0)
    contact_detractor = models.PositiveIntegerField(default=0)
    contact_passive = models.PositiveIntegerField(default=0)
    contact_promoter = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["agent", "day"], name="day_total_by_agent")]  # reader: trends of one agent
        constraints = [models.UniqueConstraint(fields=["day", "agent"], name="one_total_a_day")]  # reader: trends

    def __str__(self) -> str:
        return f"total of {self.day} by {self.agent_id}"


class ReasonTotal(models.Model):
    """How often one reason was given on one day, by band; once for each agent, and once for all (agent is empty)."""

    day = models.DateField()
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    code = models.CharField(max_length=64)
    label = models.CharField(max_length=128, help_text="As it was chosen that day.")
    detractor = models.PositiveIntegerField(default=0)
    passive = models.PositiveIntegerField(default=0)
    promoter = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["agent", "day"], name="reason_total_by_agent"),  # reader: trends
            models.Index(fields=["day"], name="reason_total_by_day"),  # reader: the job that counts a day again
        ]

    def __str__(self) -> str:
        return f"total of {self.code} on {self.day}"


class TotalsKept(models.Model):
    """One row: up to which day the totals are complete, by which clock, and what the last run has seen."""

    through = models.DateField(null=True, help_text="The last day that is counted; empty: none is.")
    zone = models.CharField(max_length=64, blank=True)
    seen = models.PositiveBigIntegerField(default=0, help_text="The highest submission that the last run saw.")
    run_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_row_of_totals_kept")]

    def __str__(self) -> str:
        return f"totals through {self.through}"

    @classmethod
    def known_through(cls) -> date | None:
        """The last day that can be read from the totals; None: count everything directly."""
        return cls.objects.filter(zone=settings.TIME_ZONE).values_list("through", flat=True).first()


def midnight(day: date) -> datetime:
    """When a day begins by the portal's clock."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def keep_totals() -> None:
    """Count again every day whose results may have changed since the last run; all of them if there was none.

    May be called by any number of processes at any time, and broken off.
    """
    kept, _ = TotalsKept.objects.get_or_create(pk=1)
    if kept.through is None or kept.zone != settings.TIME_ZONE:
        rebuild_totals()
        return
    now, seen, yesterday = timezone.now(), _highest(), timezone.localdate() - DAY
    days = _changed(kept) | _every_day(kept.through + DAY, yesterday)
    _count_again(day for day in days if day <= yesterday)
    _note(yesterday, seen, now)


def rebuild_totals() -> None:
    """Count every day anew. What can be read already stays readable meanwhile, unless it went by another clock."""
    TotalsKept.objects.get_or_create(pk=1)
    TotalsKept.objects.exclude(zone=settings.TIME_ZONE).update(through=None)
    now, seen, yesterday = timezone.now(), _highest(), timezone.localdate() - DAY
    oldest = Submission.objects.aggregate(at=Min("created_at"))["at"]
    counted = DayTotal.objects.aggregate(day=Min("day"))["day"]
    starts = filter(None, (oldest and timezone.localdate(oldest), counted, yesterday))
    _count_again(_every_day(min(starts), yesterday))
    _note(yesterday, seen, now)


def _note(through: date, seen: int, run_at: datetime) -> None:
    TotalsKept.objects.filter(pk=1).update(through=through, zone=settings.TIME_ZONE, seen=seen, run_at=run_at)


def _highest() -> int:
    return Submission.objects.aggregate(highest=Max("pk"))["highest"] or 0


def _every_day(first: date, last: date) -> set[date]:
    return {first + number * DAY for number in range((last - first).days + 1)}


def _changed(kept: TotalsKept) -> set[date]:
    """The days of what was entered or cancelled since the last run, and of the versions before each of these."""
    new = Submission.objects.filter(pk__gt=kept.seen - LATE_ROWS)
    cancelled = Delivery.objects.filter(state=State.CANCELLED, changed_at__gte=(kept.run_at or timezone.now()) - LATE)
    days = {timezone.localdate(at) for at in new.values_list("created_at", flat=True).iterator()}
    changed = {*cancelled.values_list("pk", flat=True), *new.filter(revision_of__gt=0).values_list("pk", flat=True)}
    while changed:  # what becomes of a version decides whether the one before it counts
        rows = Submission.objects.filter(pk__in=changed).values_list("created_at", "revision_of")
        days |= {timezone.localdate(at) for at, _ in rows}
        changed = {earlier for _, earlier in rows if earlier}
    return days


def _count_again(days: Iterable[date]) -> None:
    """Put new totals in the place of old ones; counted before the row is locked, so that nobody waits for it."""
    for first, last in _runs(days):
        totals, reasons = _count(first, last)
        with transaction.atomic():
            TotalsKept.objects.select_for_update().get(pk=1)  # one writer at a time
            DayTotal.objects.filter(day__range=(first, last)).delete()
            ReasonTotal.objects.filter(day__range=(first, last)).delete()
            DayTotal.objects.bulk_create(totals, batch_size=1000)
            ReasonTotal.objects.bulk_create(reasons, batch_size=1000)


def _runs(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """Days that follow one another, as first and last; at most CHUNK together."""
    run: list[date] = []
    for day in sorted(days):
        if run and (day - run[-1] > DAY or day - run[0] >= CHUNK):
            yield run[0], run[-1]
            run = []
        run.append(day)
    if run:
        yield run[0], run[-1]


def _count(first: date, last: date) -> tuple[list[DayTotal], list[ReasonTotal]]:
    """The totals of some days, not yet written."""
    totals: defaultdict[tuple[date, int], Counter[str]] = defaultdict(Counter)
    reasons: defaultdict[tuple[date, int | None, str], Counter[str]] = defaultdict(Counter)
    labels: dict[str, str] = {}
    start = midnight(first)
    entered = Submission.objects.filter(created_at__gte=start, created_at__lt=midnight(last + DAY))
    out = not_counted(start)
    rows = entered.values_list("pk", "created_at", "agent_id", "score", "contact", "reasons")
    for pk, at, agent, score, contact, chosen in rows.iterator():
        if pk in out:
            continue
        day, band = timezone.localdate(at), _BANDS[score]
        totals[day, agent].update({f"score_{score}": 1, f"contact_{band}": int(contact == Contact.YES)})
        for reason in chosen:
            labels[reason["code"]] = reason["label"]
            for who in (agent, None):
                reasons[day, who, reason["code"]][band] += 1
    return (
        [DayTotal(day=day, agent_id=agent, **numbers) for (day, agent), numbers in totals.items()],
        [
            ReasonTotal(day=day, agent_id=who, code=code, label=labels[code], **numbers)
            for (day, who, code), numbers in reasons.items()
        ],
    )
