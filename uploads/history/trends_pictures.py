"""Where the lines and bars of the pictures on the trends page stand.

Lengths are units of a picture's own grid, as text: templates would write numbers by the rules of a language, slowly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.timezone import localtime

from .filters import BANDS
from .trends_delivery import PARTS, Quarter
from .trends_numbers import Interval, Tally, percent, signed

WIDTH, HEIGHT = 360, 240
LEFT, TOP, BOTTOM = 34, 14, 24
DAY_WIDTH, DAY_HEIGHT = 720, 140


@dataclass(frozen=True, slots=True)
class Bar:
    """One score of the distribution: its bar, and what the table says of it."""

    score: int
    band: str
    number: int
    share: str
    href: str
    x: str
    y: str
    width: str
    height: str
    middle: str


def distribution(tally: Tally, hrefs: Mapping[str, str]) -> list[Bar]:
    """A bar for each score; the longest fills the picture. hrefs: the address of the list behind a band."""
    bands = [name for score in range(11) for name, (first, last) in BANDS.items() if first <= score <= last]
    slot, room, most = WIDTH / 11, HEIGHT - TOP - BOTTOM, max(tally.counts) or 1
    bars = []
    for score, number in enumerate(tally.counts):
        height, band, x = room * number / most, bands[score], score * slot + 3
        place = map(_length, (x, HEIGHT - BOTTOM - height, slot - 6, height, x + slot / 2 - 3))
        bars.append(Bar(score, band, number, percent(number, tally.n), hrefs[band], *place))
    return bars


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale of Net Promoter Scores, wide enough for what is to be shown; upright or lying."""

    low: int
    high: int
    start: float
    end: float

    @classmethod
    def of(cls, intervals: Sequence[Interval], start: float, end: float) -> "Scale":
        """From the multiple of 20 below all intervals to the one above them."""
        low = min([each.low for each in intervals], default=-20.0)
        high = max([each.high for each in intervals], default=20.0)
        return cls(int(low // 20 * 20), int(-(-high // 20) * 20), start, end)

    def at(self, points: float) -> str:
        """Where a score stands."""
        return _length(self.start + (self.end - self.start) * (points - self.low) / (self.high - self.low))

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The lines of the scale, with their scores."""
        step = 20 if self.high - self.low <= 120 else 40
        return [
            (self.at(points), signed(points)) for points in range(self.low, self.high + 1, 20) if points % step == 0
        ]


@dataclass(frozen=True, slots=True)
class Mark:
    """A score as a dot on a line as long as its interval; `place` is where it stands on the other axis."""

    place: str
    dot: str
    low: str
    high: str
    faint: bool
    label: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """The scores of one week after the other: the scale, a mark for each week that has results, and their line."""

    scale: Scale
    marks: list[Mark]
    points: str


def course(tallies: Sequence[Tally], labels: Sequence[tuple[str, str]]) -> Course:
    """The picture of weeks or months; those without results leave a gap in which the line goes on.

    labels: what each is called, and the address of the list behind it.
    """
    scale = Scale.of([tally.interval for tally in tallies if tally.interval], HEIGHT - BOTTOM, TOP)
    slot = (WIDTH - LEFT) / max(1, len(tallies))
    marks = [
        replace(_mark(scale, LEFT + slot * (number + 0.5), tally), label=label, href=href)
        for number, (tally, (label, href)) in enumerate(zip(tallies, labels, strict=True))
        if tally.n
    ]
    return Course(scale, marks, " ".join(f"{mark.place},{mark.dot}" for mark in marks))


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar of a quarter of an hour."""

    name: str
    x: str
    y: str
    width: str
    height: str


def day(quarters: Sequence[Quarter]) -> tuple[list[Part], list[tuple[str, str]], int]:
    """The picture of 24 hours: the pieces of its bars, the times below it, and how many results the highest bar has."""
    slot, room, most = DAY_WIDTH / len(quarters), DAY_HEIGHT - BOTTOM, max(quarter.n for quarter in quarters)
    parts, times = [], []
    for place, quarter in enumerate(quarters):
        local, below = localtime(quarter.start), float(DAY_HEIGHT - BOTTOM)
        if local.minute == 0 and local.hour % 4 == 0:
            times.append((_length(place * slot), f"{local:%H}:00"))
        for name in PARTS:
            height = room * getattr(quarter, name) / (most or 1)
            below -= height
            if height:
                parts.append(Part(name, *map(_length, (place * slot, below, slot - 1, height))))
    return parts, times, most


def lying(tallies: Sequence[Tally], width: float = 200, middle: float = 8) -> tuple[Scale, list[Mark]]:
    """The scores of many on one lying scale, each in a row of its own."""
    scale = Scale.of([tally.interval for tally in tallies if tally.interval], 4, width - 4)
    return scale, [_mark(scale, middle, tally) for tally in tallies]


def _mark(scale: Scale, place: float, tally: Tally) -> Mark:
    interval = tally.interval or Interval(0, 0)
    return Mark(
        _length(place), scale.at(tally.nps or 0), scale.at(interval.low), scale.at(interval.high), not tally.enough
    )


def _length(units: float) -> str:
    return f"{units:.1f}"
