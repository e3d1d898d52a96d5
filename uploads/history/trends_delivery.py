"""How deliveries went in the last 24 hours: by quarter of an hour, by state, and how long they took."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F
from django.utils import timezone

from ..models import NEEDS_PERSON, OPEN, State, Submission
from .trends_seconds import Since1970, Took

QUARTER = timedelta(minutes=15)
SPAN = timedelta(hours=24)
#: The parts of a bar, from below.
PARTS = ("delivered", "waiting", "trouble")


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of an hour: how many results entered in it were delivered, wait, or need a person."""

    start: datetime
    delivered: int
    waiting: int
    trouble: int

    @property
    def n(self) -> int:
        """All of them."""
        return self.delivered + self.waiting + self.trouble


@dataclass(frozen=True, slots=True)
class Day:
    """The last 24 hours. quarters: from the oldest, also those without results.  seconds: how many took how long."""

    quarters: list[Quarter]
    states: Counter[str]
    seconds: Counter[int]

    @property
    def since(self) -> datetime:
        """When it begins."""
        return self.quarters[0].start

    @property
    def wanted(self) -> int:
        """How many were sent or are to be sent."""
        return self.states.total() - self.states[State.CANCELLED]


def last_day(now: datetime | None = None) -> Day:
    """Of everything entered in the last 24 hours, every version and agent: each was to be delivered."""
    now = now or timezone.now()
    start = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) - SPAN + QUARTER
    found = Submission.objects.filter(created_at__gte=start, created_at__lte=now).order_by()
    place = (Since1970(F("created_at")) - int(start.timestamp())) / int(QUARTER.total_seconds())
    parts: Counter[tuple[int, str]] = Counter()
    states: Counter[str] = Counter()
    for quarter, state, number in (
        found.annotate(place=place).values_list("place", "delivery__state").annotate(Count("pk"))
    ):
        states[state] += number
        parts[quarter, _part(state)] += number
    took = Took(F("delivery__changed_at"), F("created_at"))
    delivered = found.filter(delivery__state=State.DELIVERED).annotate(took=took)
    seconds = Counter(dict(delivered.values_list("took").annotate(Count("pk"))))
    quarters = [
        Quarter(start + number * QUARTER, *(parts[number, part] for part in PARTS)) for number in range(SPAN // QUARTER)
    ]
    return Day(quarters, states, seconds)


def duration(seconds: int | None) -> str:
    """A length of time in its largest units: 15 s, 4 min, 2 h 10 min, 3 days."""
    if seconds is None:
        return "–"
    if seconds < 120:
        return f"{max(seconds, 0)} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 2880 else f"{round(minutes / 1440)} days"


def _part(state: str) -> str:
    if state in NEEDS_PERSON:
        return "trouble"
    return "waiting" if state in OPEN else "delivered" if state == State.DELIVERED else ""
