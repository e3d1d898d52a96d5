"""How long what is kept: the periods of the settings, in days, checked against one another."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from django.core.exceptions import ImproperlyConfigured

from . import environment

LONGEST = 36_500
#: Each of these explains the one before it, and so is kept at least as long.
GROWING = ("exchanges", "contents", "facts")


class Days(NamedTuple):
    """The variable that holds a period, its default, and the least that makes sense; 0 always means for ever."""

    name: str
    default: int
    least: int


def periods(kinds: Mapping[str, Days]) -> dict[str, timedelta | None]:
    """The period of each kind, None for ever. Raises ImproperlyConfigured."""
    days = {kind: _read(variable) for kind, variable in kinds.items()}
    for shorter, longer in pairwise(GROWING):
        if (days[longer] or LONGEST + 1) < (days[shorter] or LONGEST + 1):
            raise ImproperlyConfigured(
                f"{kinds[longer].name} ({days[longer]}) is less than {kinds[shorter].name}"
                f" ({days[shorter] or 'for ever'}): {longer} explain {shorter}, so keep them at least as long."
            )
    return {kind: timedelta(days=number) if number else None for kind, number in days.items()}


def _read(variable: Days) -> int:
    number = environment.whole_number(variable.name, variable.default, 0, LONGEST)
    if 0 < number < variable.least:
        raise ImproperlyConfigured(
            f"{variable.name} is {number}: write 0 (keep for ever), or {variable.least} to {LONGEST} days."
        )
    return number
