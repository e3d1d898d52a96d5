"""What a sending thread does for the loop: make the calls of one job, ask for its wire mark, tell the end.

A sending thread never touches the database; the loop's thread never touches the network. There are a few more sending
threads than calls that may be under way: while one call ends, the next has its mark already.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from threading import Semaphore
from typing import Self

from ..customergauge import Client, Exchange, Verdict, judge
from ..models import Attempt, OutboxRow

#: How long a sending thread waits for its wire mark to be committed, and then for its turn; after that nothing is sent.
MARK_WITHIN = TURN_WITHIN = 10.0  # seconds

OnWire = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Message:
    """A row of an outbox, and the attempts at it that a job makes: one per call, oldest first."""

    row: OutboxRow
    attempts: list[Attempt]


class Turn:
    """The turn of one job among those whose calls may be under way at once, free again at the end of the block."""

    def __init__(self, free: Semaphore) -> None:
        self._free = free
        self._mine = False

    def take(self) -> None:
        """Wait for it; a second call of the same job goes on in its turn. Raises TimeoutError."""
        self._mine = self._mine or self._free.acquire(timeout=TURN_WITHIN)
        if not self._mine:
            raise TimeoutError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._mine:
            self._free.release()


class Job(ABC):
    """Something claimed by this worker that takes calls to CustomerGauge, and what follows from them."""

    def __str__(self) -> str:
        """For the log: no word of a customer."""
        return type(self).__name__

    @property
    def about(self) -> Message | None:
        """The message that it carries or looks for, if any."""
        return None

    @abstractmethod
    def call(self, client: Client, on_wire: OnWire) -> tuple[Exchange, ...]:
        """In a sending thread: make the calls; `on_wire` goes to those that must be marked before they leave."""

    @abstractmethod
    def settle(self, done: "Done", worker: str) -> None:
        """In the loop's thread, inside its transaction: write down what the calls showed."""

    @abstractmethod
    def crashed(self, worker: str) -> None:
        """In the loop's thread, inside its transaction: our own code failed on it."""

    def mark(self, worker: str) -> bool:
        """Commit that the next byte may leave; False if it is no longer ours. Jobs that only read need no mark."""
        return True

    def remember(self) -> Callable[[], None]:
        """A way back to what memory holds now, for the case that the transaction fails."""
        return lambda: None


@dataclass(frozen=True, slots=True)
class Mark:
    """A sending thread asks that its wire mark be committed and waits for the answer."""

    job: Job
    committed: Future[None] = field(default_factory=Future)


@dataclass(frozen=True)
class Done:
    """The calls of a job are over: everything that is known of them, oldest exchange first."""

    job: Job
    exchanges: tuple[Exchange, ...]

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What each exchange of a job that sends means; several parts of a round want to know."""
        return tuple(map(judge, self.exchanges))


def run(client: Client, job: Job, free: Semaphore, tell: Callable[[Mark | Done], None]) -> None:
    """The work of a sending thread: from a job to its Done.

    `free` counts the calls that may still be begun. What only reads takes no turn: there is little of it.
    """
    with Turn(free) as turn:

        def on_wire() -> None:
            mark = Mark(job)
            tell(mark)
            mark.committed.result(timeout=MARK_WITHIN)
            turn.take()

        exchanges = job.call(client, on_wire)
    tell(Done(job, exchanges))
