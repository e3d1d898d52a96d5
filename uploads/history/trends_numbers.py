"""The Net Promoter Score with its uncertainty, and other numbers that need nothing but counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Self

from .filters import BANDS

SCORES = range(11)
#: Under so many results a score says little, and nobody is compared by it.
ENOUGH = 30
_Z = NormalDist().inv_cdf(0.975)  # 95 of 100


@dataclass(frozen=True, slots=True)
class Interval:
    """Between which Net Promoter Scores the true one lies, in 95 of 100 cases. Points, -100 to 100."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{signed(self.low)} to {signed(self.high)}"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many results have each score from 0 to 10."""

    counts: tuple[int, ...] = (0,) * len(SCORES)

    @classmethod
    def of(cls, counts: Mapping[int, int]) -> Self:
        """From score → how many."""
        return cls(tuple(counts.get(score, 0) for score in SCORES))

    @property
    def n(self) -> int:
        """How many results."""
        return sum(self.counts)

    @property
    def enough(self) -> bool:
        """Whether there are so many that the score can be compared with another."""
        return self.n >= ENOUGH

    def band(self, name: str) -> int:
        """How many promoters, passives or detractors."""
        first, last = BANDS[name]
        return sum(self.counts[first : last + 1])

    @property
    def nps(self) -> float | None:
        """The percentage of promoters less the percentage of detractors; None without results."""
        return 100 * (self.band("promoter") - self.band("detractor")) / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        """The adjusted Wald interval: three results are added, 3/4 promoter, 3/4 detractor and 3/2 passive.

        With the shares p and d of promoters and detractors among the n + 3 results so adjusted, it reaches
        1.96 · √((p + d − (p − d)²) / (n + 3)) to both sides of p − d. B. Rocks, Interval Estimation for the Net
        Promoter Score, The American Statistician 70(4), 2016; it is the method that did best there.
        """
        if not self.n:
            return None
        n = self.n + 3
        promoters, detractors = (self.band("promoter") + 0.75) / n, (self.band("detractor") + 0.75) / n
        middle = promoters - detractors
        reach = _Z * sqrt((promoters + detractors - middle**2) / n)
        return Interval(100 * max(-1.0, middle - reach), 100 * min(1.0, middle + reach))

    @property
    def nps_text(self) -> str:
        """The score as people write it: +23."""
        return "–" if self.nps is None else signed(self.nps)


def signed(points: float) -> str:
    """A whole number of points with its sign: +23, 0, −5."""
    whole = round(points)
    return f"+{whole}" if whole > 0 else f"−{-whole}" if whole < 0 else "0"


def percent(part: int, whole: int) -> str:
    """A share in percent, with one decimal where a whole number would hide something: 23 %, 0.4 %, 99.6 %."""
    if not whole:
        return "–"
    share = 100 * part / whole
    return f"{share:.1f} %" if 0 < share < 1 or 99 < share < 100 else f"{share:.0f} %"


def quantile(histogram: Mapping[int, int], share: float) -> int | None:
    """The value that so large a share of all does not exceed (0.5: the median); None of nothing."""
    reached, wanted = 0, share * sum(histogram.values())
    for value in sorted(histogram):
        reached += histogram[value]
        if reached >= wanted:
            return value
    return None
