"""Where the lines and bars of the pictures on the trends page stand. Lengths are units of a picture's own grid."""

from collections.abc import Sequence
from dataclasses import dataclass

from .filters import BANDS
from .trends_numbers import Interval, Tally, percent, signed

WIDTH, HEIGHT = 360, 240
LEFT, TOP, BOTTOM = 34, 14, 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One score of the distribution: its bar, and what the table says of it."""

    score: int
    band: str
    number: int
    share: str
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return self.x + self.width / 2


def distribution(tally: Tally) -> list[Bar]:
    """A bar for each score; the longest fills the picture."""
    bands = [name for score in range(11) for name, (first, last) in BANDS.items() if first <= score <= last]
    slot, room, most = WIDTH / 11, HEIGHT - TOP - BOTTOM, max(tally.counts) or 1
    bars = []
    for score, number in enumerate(tally.counts):
        height = round(room * number / most, 1)
        share = percent(number, tally.n)
        y = round(HEIGHT - BOTTOM - height, 1)
        bars.append(Bar(score, bands[score], number, share, round(score * slot + 3, 1), y, round(slot - 6, 1), height))
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

    def at(self, points: float) -> float:
        """Where a score stands."""
        return round(self.start + (self.end - self.start) * (points - self.low) / (self.high - self.low), 1)

    @property
    def lines(self) -> list[tuple[float, str]]:
        """The lines of the scale, with their scores."""
        step = 20 if self.high - self.low <= 120 else 40
        return [(self.at(points), signed(points)) for points in range(self.low, self.high + 1, step)]


@dataclass(frozen=True, slots=True)
class Mark:
    """A score as a dot on a line as long as its interval; `place` is where it stands on the other axis."""

    place: float
    dot: float
    low: float
    high: float
    faint: bool


@dataclass(frozen=True, slots=True)
class Course:
    """The scores of one week after the other: the scale, a mark for each week that has results, and their line."""

    scale: Scale
    marks: list[Mark]
    points: str


def course(tallies: Sequence[Tally]) -> Course:
    """The picture of the weeks; those without results leave a gap in which the line goes on."""
    scale = Scale.of([tally.interval for tally in tallies if tally.interval], HEIGHT - BOTTOM, TOP)
    slot = (WIDTH - LEFT) / max(1, len(tallies))
    marks = [
        _mark(scale, round(LEFT + slot * (number + 0.5), 1), tally) for number, tally in enumerate(tallies) if tally.n
    ]
    return Course(scale, marks, " ".join(f"{mark.place},{mark.dot}" for mark in marks))


def lying(tallies: Sequence[Tally], width: float = 200, middle: float = 8) -> tuple[Scale, list[Mark]]:
    """The scores of many on one lying scale, each in a row of its own."""
    scale = Scale.of([tally.interval for tally in tallies if tally.interval], 4, width - 4)
    return scale, [_mark(scale, middle, tally) for tally in tallies]


def _mark(scale: Scale, place: float, tally: Tally) -> Mark:
    interval = tally.interval or Interval(0, 0)
    return Mark(place, scale.at(tally.nps or 0), scale.at(interval.low), scale.at(interval.high), not tally.enough)
