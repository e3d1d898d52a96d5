"""What trends need to know of the results, counted by the database.

A result counts once: in its newest version that was not cancelled. What does not count is rare, so everything is
counted without looking at its delivery or its versions, and then the rest is taken off again.
"""

from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import BooleanField, Case, Count, F, Func, IntegerField, Value, When
from django.db.models.expressions import RawSQL
from django.utils.timezone import localdate

from ..models import State
from ..models.submission import SubmissionQuerySet
from .trends_numbers import Tally

WEEK = timedelta(weeks=1)

#: Cancelled versions, and those with a later one that counts, however many cancelled ones lie between the two.
_OUT = """
WITH RECURSIVE cancelled(id) AS (SELECT submission_id FROM uploads_delivery WHERE state = 'cancelled'),
superseded(id) AS (
    SELECT revision_of_id FROM uploads_submission
        WHERE revision_of_id > 0 AND id NOT IN (SELECT id FROM cancelled)
    UNION
    SELECT older.revision_of_id FROM superseded
        JOIN uploads_submission older ON older.id = superseded.id WHERE older.revision_of_id > 0
)
SELECT id FROM superseded UNION SELECT id FROM cancelled
"""


@dataclass(frozen=True, slots=True)
class Span:
    """Some days, from the first to the last."""

    first: date
    last: date

    @property
    def is_week(self) -> bool:
        """Whether it is a week, or the part of one that was asked for."""
        return self.last - self.first < WEEK

    @classmethod
    def split(cls, since: date, until: date, weeks: int) -> "list[Span]":
        """The days week by week, from Monday to Sunday; the last `weeks`, and before them all others in one."""
        monday = since - timedelta(days=since.weekday())
        later = [monday + number * WEEK for number in range(1, (until - monday) // WEEK + 1)]
        starts = [since, *later[-weeks:]]
        ends = [start - timedelta(days=1) for start in starts[1:]]
        return [cls(first, last) for first, last in zip(starts, [*ends, until], strict=True)]


#: Gives the submissions that were entered within a span. A queryset that has days already would not do: of two ranges
#: SQLite searches its index for the first, however wide that is.
Results = Callable[[Span], SubmissionQuerySet]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many results have a score, by span (its place in the list) and agent; and how many have a reason, by side."""

    scores: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    reasons: Counter[tuple[bool, str]] = field(default_factory=Counter)
    labels: dict[str, str] = field(default_factory=dict)

    def tally(self, span: int | None = None, agent: int | None = None) -> Tally:
        """The scores of one span, of one agent, or of all."""
        counts: Counter[int] = Counter()
        for (where, who, score), number in self.scores.items():
            if span in (None, where) and agent in (None, who):
                counts[score] += number
        return Tally.of(counts)

    @property
    def agents(self) -> set[int]:
        """The keys of those who have results."""
        return {who for (_, who, _), number in self.scores.items() if number}

    def add(self, reasons: Iterable[Mapping[str, str]], promoter: bool, number: int) -> None:
        """So many results more (or less) have these reasons."""
        for reason in reasons:
            self.reasons[promoter, reason["code"]] += number
            self.labels.setdefault(reason["code"], reason["label"])


def count(results: Results, spans: Sequence[Span]) -> Counted:
    """The results of all spans; these follow one another."""
    counted, found = Counted(), results(Span(spans[0].first, spans[-1].last))
    for place, span in enumerate(spans):
        # plus nothing, so that SQLite reads by date and does not go through the days of each agent
        within = results(span).order_by().annotate(who=F("agent_id") + 0).values_list("who", "score")
        for agent, score, number in within.annotate(Count("pk")):
            counted.scores[place, agent, score] = number
    side = Case(When(score__gte=9, then=Value(True)), default=Value(False), output_field=BooleanField())
    given = found.annotate(promoter=side).order_by().values_list("reasons", "promoter")
    for reasons, promoter, number in given.annotate(Count("pk")).iterator():
        counted.add(reasons, promoter, number)
    _take_off(counted, found, spans)
    return counted


def _take_off(counted: Counted, found: SubmissionQuerySet, spans: Sequence[Span]) -> None:
    out = found.filter(pk__in=RawSQL(_OUT, []))  # noqa: S611 - a constant
    starts = [span.first for span in spans]
    for at, agent, score, reasons in out.values_list("created_at", "agent_id", "score", "reasons").iterator():
        counted.scores[bisect(starts, localdate(at)) - 1, agent, score] -= 1
        counted.add(reasons, score >= 9, -1)


class Took(Func):
    """How long it took from one moment to another, in whole seconds."""

    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "CAST(ROUND((julianday(%(expressions)s)) * 86400) AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=") - julianday(", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "CAST(ROUND(EXTRACT(EPOCH FROM (%(expressions)s))) AS BIGINT)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=" - ", **context)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """How many deliveries are in each state, and how many of the delivered ones took so many seconds."""

    states: Counter[str]
    seconds: Counter[int]


def deliveries(found: SubmissionQuerySet) -> Deliveries:
    """Of every version among `found`, also those that do not count as results: each was to be delivered."""
    took = Took(F("delivery__changed_at"), F("created_at"))
    delivered = Case(When(delivery__state=State.DELIVERED, then=took), default=Value(0))
    states: Counter[str] = Counter()
    seconds: Counter[int] = Counter()
    rows = found.order_by().annotate(took=delivered).values_list("delivery__state", "took").annotate(Count("pk"))
    for state, took, number in rows.iterator():
        states[state] += number
        if state == State.DELIVERED:
            seconds[took] += number
    return Deliveries(states, seconds)
