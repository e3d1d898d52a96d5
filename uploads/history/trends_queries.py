"""What trends need to know of the results: from the daily totals, and counted directly where these do not reach."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.db.models import F, Model, QuerySet, Sum

from ..models import Contact, DayTotal, ReasonTotal
from ..models.submission import SubmissionQuerySet
from ..models.totals import DAY, midnight, not_counted
from .filters import BANDS
from .trends_numbers import SCORES, Tally
from .trends_seconds import Since1970

#: So many results are counted directly at most, the newest ones: reading more would keep people waiting.
MOST_ROWS = 20_000
_BAND = [name for score in SCORES for name, (first, last) in BANDS.items() if first <= score <= last]


@dataclass(frozen=True, slots=True)
class Span:
    """Some days, from the first to the last."""

    first: date
    last: date

    @classmethod
    def split(cls, since: date, until: date, by: str, most: int) -> "list[Span]":
        """The days by `week` (from Monday) or `month`; the last `most` of these, and before them all others in one."""
        later = []
        start = _next(since, by)
        while start <= until:
            later.append(start)
            start = _next(start, by)
        starts = [since, *later[-most:]]
        ends = [start - DAY for start in starts[1:]]
        return [cls(first, last) for first, last in zip(starts, [*ends, until], strict=True)]

    def is_one(self, by: str) -> bool:
        """Whether it is a week or a month, or the part of one that was asked for."""
        return self.last < _next(self.first, by)


def _next(day: date, by: str) -> date:
    """The first day of the next week or month."""
    if by == "week":
        return day + timedelta(days=7 - day.weekday())
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


@dataclass(slots=True)
class Counted:
    """How many results have a score, by span (its place in the list) and by agent; how many wish to be contacted, by
    band; and how many have a reason, by band. oldest: when the oldest was entered if not all could be counted."""

    scores: Counter[tuple[int, int]] = field(default_factory=Counter)
    agents: Counter[tuple[int, int]] = field(default_factory=Counter)
    contact: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    labels: dict[str, str] = field(default_factory=dict)
    oldest: datetime | None = None

    def tally(self, span: int | None = None) -> Tally:
        """The scores of one span, or of all."""
        counts: Counter[int] = Counter()
        for (place, score), number in self.scores.items():
            if span in (None, place):
                counts[score] += number
        return Tally.of(counts)

    def by_agent(self) -> dict[int, Tally]:
        """The scores of each agent who has results."""
        counts: dict[int, Counter[int]] = {}
        for (agent, score), number in self.agents.items():
            counts.setdefault(agent, Counter())[score] += number
        return {agent: Tally.of(scores) for agent, scores in counts.items() if scores.total()}

    def add(self, place: int, agent: int, score: int, wishes: bool, reasons: Iterable[Mapping[str, str]]) -> None:
        """One result more."""
        self.scores[place, score] += 1
        self.agents[agent, score] += 1
        self.contact[_BAND[score]] += wishes
        for reason in reasons:
            self.reasons[_BAND[score], reason["code"]] += 1
            self.labels.setdefault(reason["code"], reason["label"])


def add_totals(
    counted: Counted, spans: Sequence[Span], through: date, agent: int | None, bands: Collection[str]
) -> None:
    """Adds what the totals have of the spans up to a day, of one agent or of all, and of some bands."""
    days = (spans[0].first, min(spans[-1].last, through))
    columns = [f"score_{score}" for score in SCORES if _BAND[score] in bands]
    totals = _of_days(DayTotal, days)
    totals = totals.filter(agent=agent) if agent else totals
    starts = [span.first for span in spans]
    for row in totals.values("day").annotate(**{f"n_{name}": Sum(name) for name in columns}):
        place = bisect_right(starts, row["day"]) - 1
        counted.scores.update({(place, int(name[6:])): row[f"n_{name}"] for name in columns})
    wishes = {f"contact_{band}": band for band in bands}
    for row in totals.values("agent").annotate(**{f"n_{name}": Sum(name) for name in (*columns, *wishes)}):
        counted.agents.update({(row["agent"], int(name[6:])): row[f"n_{name}"] for name in columns})
        counted.contact.update({band: row[f"n_{name}"] for name, band in wishes.items()})
    reasons = _of_days(ReasonTotal, days).filter(agent=agent)
    for row in reasons.values("code", "label").annotate(**{f"n_{band}": Sum(band) for band in bands}):
        counted.reasons.update({(band, row["code"]): row[f"n_{band}"] for band in bands})
        counted.labels.setdefault(row["code"], row["label"])


def _of_days(model: type[Model], days: tuple[date, date]) -> QuerySet[Model]:
    return model._base_manager.filter(day__range=days).order_by()


def add_directly(counted: Counted, found: SubmissionQuerySet, spans: Sequence[Span]) -> None:
    """Adds what is found within the spans; of very many the newest, and then `oldest` says how far back it goes."""
    starts = [midnight(span.first).timestamp() for span in spans]
    rows = found.newest_first().annotate(at=Since1970(F("created_at")))
    results = list(rows.values_list("pk", "at", "agent_id", "score", "contact", "reasons")[: MOST_ROWS + 1])
    since = datetime.fromtimestamp(results[:MOST_ROWS][-1][1], UTC) if results else None
    if len(results) > MOST_ROWS:
        counted.oldest = since
    out = not_counted(since) if since else set()
    for pk, at, agent, score, contact, reasons in results[:MOST_ROWS]:
        if pk not in out:
            counted.add(bisect_right(starts, at) - 1, agent, score, contact == Contact.YES, reasons)
