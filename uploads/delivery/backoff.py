"""When to try again what is known not to have been sent: exponential backoff with full jitter.

The plan an operator can read: the pause before try n is drawn evenly from 0 to min(1 h, 30 s · 2ⁿ) and is never
under 5 s; after 72 hours since the first failure nothing is tried any more.
Full jitter: "Exponential Backoff And Jitter", AWS Architecture Blog.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import SystemRandom

FIRST = timedelta(seconds=30)
LONGEST = timedelta(hours=1)
SHORTEST = timedelta(seconds=5)
GIVE_UP_AFTER = timedelta(hours=72)

_draw = SystemRandom().uniform


def pause(tries: int, draw: Callable[[float, float], float] = _draw) -> timedelta:
    """How long to wait after `tries` failed tries (0 for the first failure); `draw(low, high)` gives the jitter."""
    ceiling = min(LONGEST, FIRST * 2 ** min(tries, 10))
    return max(SHORTEST, timedelta(seconds=draw(0, ceiling.total_seconds())))


def used_up(first_failed_at: datetime | None, now: datetime) -> bool:
    """Whether the time for tries is over."""
    return first_failed_at is not None and now - first_failed_at >= GIVE_UP_AFTER
