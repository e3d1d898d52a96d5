"""Which behaviour is chosen at present: one for each kind of call, for some requests, for some time, or until told."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .behaviours import named
from .http import Pairs
from .script import SCOPES, Behaviour, Point

MARKER = "[sim:"


@dataclass(frozen=True)
class Choice:
    """A chosen behaviour: for ``count`` more requests (None: all), to the monotonic time ``until`` (None: no end)."""

    behaviour: Behaviour
    on: str
    count: int | None
    until: float | None

    @property
    def seconds(self) -> float | None:
        """How long it still lasts; None without an end."""
        return None if self.until is None else max(0.0, self.until - time.monotonic())


class Choices:
    """The choices in force, safe for many threads."""

    def __init__(self) -> None:
        self._chosen: dict[str, Choice] = {}
        self._marked: Counter[str] = Counter()
        self._lock = threading.Lock()

    def choose(self, name: str, count: int | None, seconds: float | None, on: str | None) -> Choice:
        """Put a behaviour in force in place of the one for the same calls; ValueError says what does not fit."""
        behaviour = named(name)
        scope = on or behaviour.on
        if scope not in SCOPES:
            raise ValueError(f"Calls “{scope}” do not exist. Choose one of {', '.join(SCOPES)}.")
        if behaviour.point in (Point.PORT, Point.ACCEPT) and scope != "any":
            raise ValueError(f"“{name}” strikes before the request is read, so it cannot be for {scope} alone.")
        if behaviour.point is Point.PORT and count is not None:
            raise ValueError(f"“{name}” lets no request in that could be counted. Give it seconds instead.")
        if count is not None and count < 1:
            raise ValueError("The number of requests must be 1 or more.")
        if seconds is not None and not 0 < seconds <= 86_400:
            raise ValueError("The seconds must be more than 0 and at most 86400 (a day).")
        choice = Choice(behaviour, scope, count, None if seconds is None else time.monotonic() + seconds)
        with self._lock:
            if behaviour.point is Point.PORT:
                self._chosen.clear()
            self._chosen[scope] = choice
            if behaviour.name == "ok":
                del self._chosen[scope]
        return choice

    def clear(self) -> None:
        """Behave well again."""
        with self._lock:
            self._chosen.clear()
            self._marked.clear()

    def take(self, scope: str, *points: Point) -> Behaviour | None:
        """The behaviour for a call of ``scope`` that strikes at one of ``points``; it is counted."""
        if not self._chosen:
            return None
        with self._lock:
            for key in (scope,) if scope == "token" else (scope, "any"):
                choice = self._alive(key)
                if choice and choice.behaviour.point in points:
                    self._count(choice)
                    return choice.behaviour
        return None

    def expects(self, point: Point) -> bool:
        """Whether a behaviour that strikes at ``point`` is in force."""
        return bool(self._chosen) and any(choice.behaviour.point is point for choice in self)

    def marked(self, pairs: Pairs) -> Behaviour | None:
        """The behaviour the record itself asks for: ``[sim:NAME]``, or ``[sim:NAME xN]`` for its first N arrivals.

        ValueError if there is no behaviour of that name, or it strikes before the record can be read.
        """
        for _, value in pairs:
            if MARKER in value:
                name, _, times = value.partition(MARKER)[2].partition("]")[0].strip().partition(" x")
                behaviour = named(name)
                if behaviour.point in (Point.PORT, Point.ACCEPT):
                    raise ValueError(f"“{name}” strikes before a record is read, so no record can ask for it.")
                return behaviour if self._still_marked(value, times) else None
        return None

    def __iter__(self) -> Iterator[Choice]:
        with self._lock:
            return iter([choice for key in list(self._chosen) if (choice := self._alive(key))])

    def _still_marked(self, value: str, times: str) -> bool:
        if not times:
            return True
        if not (times.isascii() and times.isdigit()):
            raise ValueError(f"“x{times}” is no number of times; write for instance [sim:503 x2].")
        with self._lock:
            self._marked[value] += 1
            return self._marked[value] <= int(times)

    def _alive(self, scope: str) -> Choice | None:
        choice = self._chosen.get(scope)
        if choice and choice.seconds == 0.0:
            del self._chosen[scope]
            return None
        return choice

    def _count(self, choice: Choice) -> None:
        if choice.count == 1:
            del self._chosen[choice.on]
        elif choice.count:
            self._chosen[choice.on] = replace(choice, count=choice.count - 1)
