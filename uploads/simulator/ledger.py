"""The ledger: every request that arrived, in order, and what it was answered."""

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from .http import Pairs, Request

LIMIT = 10_000


@dataclass(frozen=True)
class Arrival:
    """One request (or connection) that reached the simulator."""

    #: Position in the ledger, from 1.
    number: int
    #: When it was read, in UTC.
    at: datetime
    #: Which connection brought it, from 1: two arrivals with one number shared a connection.
    connection: int
    #: Empty, like all that follows, if the connection was ended before a request was read.
    method: str
    #: With the query, as received.
    path: str
    #: With their names as received, in order.
    headers: Pairs
    #: The raw body, as far as it was received.
    body: bytes
    #: How many body bytes were received.
    received: int
    #: The body's pairs, in order.
    pairs: Pairs
    #: Name of the behaviour that answered: "ok", unless the simulator misbehaved.
    behaviour: str
    #: HTTP status of the answer; None if no status line was sent.
    status: int | None
    #: The first bytes of the answer, at most 4096.
    reply: bytes
    #: Number of the record this request stored or changed, or None.
    record: int | None

    def header(self, name: str) -> str | None:
        """The first header of that name, whatever its case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Ledger:
    """The last 10,000 arrivals, safe to read while requests come in."""

    def __init__(self) -> None:
        self._arrivals: deque[Arrival] = deque(maxlen=LIMIT)
        self._total = 0
        self._changed = threading.Condition()

    def add(
        self,
        at: datetime,
        connection: int,
        request: Request,
        behaviour: str,
        reply: bytes,
        record: int | None,
    ) -> None:
        """Enter one arrival; ``reply`` is what will be sent first."""
        status = int(reply[9:12]) if reply.startswith(b"HTTP/1.1 ") and reply[9:12].isdigit() else None
        with self._changed:
            self._total += 1
            self._arrivals.append(
                Arrival(
                    self._total,
                    at,
                    connection,
                    request.method,
                    request.target,
                    request.headers,
                    request.body,
                    len(request.body),
                    request.form,
                    behaviour,
                    status,
                    reply[:4096],
                    record,
                )
            )
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Arrival]:
        with self._changed:
            return iter(list(self._arrivals))

    def __len__(self) -> int:
        return self._total

    def wait(self, count: int, timeout: float) -> None:
        """Return once ``count`` requests have arrived; raise TimeoutError after ``timeout`` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._total >= count, timeout):
                raise TimeoutError(f"{self._total} of {count} requests arrived within {timeout:g} s.")

    def clear(self) -> None:
        """Forget all arrivals and count from 1 again."""
        with self._changed:
            self._arrivals.clear()
            self._total = 0
