"""How many results a filter finds, without reading a million of them to say so."""

import json
from dataclasses import dataclass

from django.db import connection

from ..models import Submission
from ..models.submission import SubmissionQuerySet
from .pages import Page
from .patience import TooSlow, within

#: Counting stops here: nobody needs to know whether it is 48,311 or 48,312, and the database would read them all.
COUNTED = 1000
#: Seconds that counting may take.
PATIENCE = 0.5


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are: exactly, or (`about`) as the database estimates, or (`more`) at least so many."""

    number: int
    about: bool = False
    more: bool = False

    def __str__(self) -> str:
        words = f"{self.number:,}{'+' if self.more else ''}"
        return f"About {words}" if self.about else words


def count(found: SubmissionQuerySet, page: Page, *, narrowed: bool = True) -> Count:
    """How many `found` are, one page of which is known. narrowed: whether a filter was asked for."""
    if not page.newer and not page.older:
        return Count(len(page.rows))
    try:
        with within(PATIENCE):
            number = found.order_by()[: COUNTED + 1].count()
    except TooSlow:
        return Count(len(page.rows), more=True)
    if number <= COUNTED:
        return Count(number)
    estimate = _estimate(found, narrowed)
    return Count(_rounded(estimate), about=True) if estimate > COUNTED else Count(COUNTED, more=True)


def _estimate(found: SubmissionQuerySet, narrowed: bool) -> int:
    """What the database guesses from its statistics; 0 if it cannot."""
    if connection.vendor == "postgresql":
        (plan,) = json.loads(found.order_by().values("pk").explain(format="json"))
        return int(plan["Plan"]["Plan Rows"])
    # keys are given out one after the other, and no row ever goes
    newest = None if narrowed else Submission.objects.order_by("pk").last()
    return int(newest.pk) if newest else 0


def _rounded(number: int) -> int:
    """To two digits that count."""
    unit: int = 10 ** max(len(str(number)) - 2, 0)
    return round(number / unit) * unit
