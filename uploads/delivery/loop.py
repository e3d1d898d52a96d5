"""The delivery loop: one thread that owns the database, many that own the network.

Sending threads put what they need written (a wire mark, an outcome) into the inbox and go on when it is
committed. One round of the loop takes everything in the inbox, writes it in one transaction together with the
claims for threads that are idle, and only then answers. So rows are settled in groups, no thread ever waits
for a lock, and no transaction is open while the network is touched.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import inf
from queue import Empty, SimpleQueue
from threading import Semaphore

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from ..customergauge import Client
from ..models import Channel, Worker, together
from . import channel, trail
from .claims import Claims
from .job import Done, Job, Mark, run
from .metrics import Counters
from .sending import SendJob

log = logging.getLogger(__name__)

TICK = 5.0  # seconds: how late work may be found when every hint is lost
BEAT = 10.0  # seconds between signs of life and looks for leases that are over
GATHER = 0.025  # seconds for which an outcome may wait for company, as long as no thread waits for work
AHEAD = 3  # one thread more for so many calls: even if each call lasts 30 s, none waits for its turn beyond TURN_WITHIN
HOLD_RESULTS = 60.0  # seconds to keep outcomes in memory while the database is away

DatabaseAway = (OperationalError, InterfaceError)


class Hint:
    """Somebody may have saved something, or wants the loop to look up."""


class ResultsLost(RuntimeError):
    """The database stayed away for too long; after a restart the rows are found by their leases."""


class Lost(RuntimeError):
    """The wire mark was refused: the row is no longer this worker's."""


class Loop:
    """Claims, sends and settles until told to stop.

    `client` makes the calls, `name` is the worker's name in leases and in the audit log, `calls` is how many may be
    under way at once.
    """

    def __init__(self, client: Client, name: str, calls: int) -> None:
        self._client = client
        self._name = name
        self._free = Semaphore(calls)
        self._threads = calls + calls // AHEAD  # some end a call or wait for their mark while so many call
        self.claims = Claims(client, name)
        self._counters = Counters()
        self._inbox: SimpleQueue[Mark | Done | Hint] = SimpleQueue()
        self._outcomes: list[Done] = []
        self._gather_until = 0.0
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="send")
        self._in_flight: dict[Job, Future[None]] = {}
        self._look_at = 0.0
        self._beat_at = 0.0
        self._progressed = False
        self._away_since: float | None = None
        self.stopping = False

    @property
    def in_flight(self) -> int:
        """How many jobs are in this worker's hands."""
        return len(self._in_flight)

    @property
    def _room(self) -> int:
        """How many jobs to claim: for idle threads, and a quarter as many again, so that a thread that ends one begins
        the next without waiting for a round. The stock is not filled up for a few: claiming some costs little more
        than claiming one."""
        stock = self._threads // 4
        room = self._threads + stock - len(self._in_flight)
        return room if room >= max(1, stock // 2) else 0

    def hint(self) -> None:
        """Look for work soon; may be called from any thread."""
        self._inbox.put(Hint())

    def run(self) -> None:
        """Work until `stopping` is set and everything under way has been settled. Raises ResultsLost."""
        while not (self.stopping and not self._in_flight):
            self.step(self._patience())
        self._pool.shutdown()

    def step(self, patience: float = 0.0) -> bool:
        """One round: wait at most `patience` seconds for news, write it, claim, send. True if anything was done."""
        news = self._collect(patience)
        marks = [item for item in news if isinstance(item, Mark)]
        self._take_in([item for item in news if isinstance(item, Done)])
        try:
            self._write(marks)  # first, as a thread waits for each
            self._beat()
            if self._gathering:
                return True
            outcomes, self._outcomes = self._outcomes, []
            self._write(outcomes)
            self._write(self._collect_marks())
            line = self._watch(outcomes)
            self._counters.count(outcomes)
            trail.tell(outcomes)
            if self.stopping:
                self._give_back()
            claimed = self._claim_due(line)
            self._progressed = self._progressed or bool(news or claimed)
            self._away_since = None
        except DatabaseAway as error:
            self._database_away(error)
            return False
        return bool(news or outcomes or claimed)

    # -- one round in its parts ----------------------------------------------------------------------------

    def _patience(self) -> float:
        if self._away_since:
            return 1.0
        claiming = self._room > 0 and not self.stopping
        moments = (self._look_at if claiming else inf, self._gather_until if self._outcomes else inf, self._beat_at)
        return max(0.0, min(moments) - time.monotonic())

    def _collect_marks(self) -> list[Mark]:
        """The threads that have come to wait for their mark meanwhile need not wait for the claims too."""
        news = self._collect(0.0)
        self._take_in([item for item in news if isinstance(item, Done)])
        return [item for item in news if isinstance(item, Mark)]

    def _take_in(self, outcomes: list[Done]) -> None:
        if outcomes and not self._outcomes:
            self._gather_until = time.monotonic() + GATHER
        self._outcomes += outcomes

    @property
    def _gathering(self) -> bool:
        """Whether outcomes wait for more of them: many together cost little more than one. Not while a thread is
        idle, nor before a stop."""
        in_stock = len(self._in_flight) - len(self._outcomes) - self._threads
        return bool(self._outcomes) and in_stock > 0 and not self.stopping and time.monotonic() < self._gather_until

    def _collect(self, patience: float) -> list[Mark | Done]:
        news: list[Mark | Done] = []
        try:
            message = self._inbox.get(timeout=patience) if patience > 0 else self._inbox.get_nowait()
            while True:
                if isinstance(message, Hint):
                    self._look_at = 0.0
                else:
                    news.append(message)
                message = self._inbox.get_nowait()
        except Empty:
            return news

    def _write(self, news: Sequence[Mark | Done]) -> None:
        """All in one transaction; if one item breaks it, one by one, so that only that item suffers."""
        try:
            self._write_all(news, together())
        except DatabaseAway:
            self._keep(news)
            raise
        except Exception:  # noqa: BLE001 - a row that was taken away or is poisoned must not stop the others
            for number, item in enumerate(news):
                try:
                    self._write_alone(item)
                except DatabaseAway:
                    self._keep(news[number:])
                    raise

    def _write_all(self, news: Sequence[Mark | Done], writing: AbstractContextManager[None]) -> None:
        if not news:
            return
        refused = []
        with _undoing([item.job for item in news]), transaction.atomic(durable=True), writing:
            for item in news:
                if isinstance(item, Done):
                    item.job.settle(item, self._name)
                elif not item.job.mark(self._name):
                    refused.append(item)
        for item in news:
            if isinstance(item, Done):
                self._in_flight.pop(item.job, None)
            elif item in refused:
                item.committed.set_exception(Lost())
            else:
                item.committed.set_result(None)
        self._look_at = 0.0

    def _write_alone(self, item: Mark | Done) -> None:
        try:
            self._write_all([item], nullcontext())  # at once: only so is it known whether its row is still ours
        except DatabaseAway:
            raise
        except Exception:
            log.exception("our own code failed on %s", item.job, extra=trail.names_of(item.job))
            if isinstance(item, Mark):
                item.committed.set_exception(Lost())
                return
            self._write_off(item.job)

    def _write_off(self, job: Job) -> None:
        try:
            with _undoing([job]), transaction.atomic(durable=True):
                job.crashed(self._name)
        except DatabaseError as error:  # not even that can be written, e.g. on a server that has become read-only
            raise OperationalError(str(error)) from error
        self._in_flight.pop(job, None)

    def _watch(self, outcomes: Sequence[Done]) -> Channel | None:
        """What the outcomes say about the line, and the line itself if it had to be read; whatever goes wrong here must
        not undo what has been settled."""
        if not outcomes:
            return None
        try:
            line = Channel.current()
            channel.watch(line, [done for done in outcomes if isinstance(done.job, SendJob)], self._name)
        except DatabaseAway:
            raise
        except Exception:
            log.exception("the line could not be judged by %d outcomes", len(outcomes))
            return None
        return line

    def _keep(self, news: Sequence[Mark | Done]) -> None:
        """Outcomes wait for the database; marks do not: nothing may leave whose mark is not on disk."""
        for item in news:
            if isinstance(item, Mark):
                item.committed.set_exception(Lost())
            else:
                self._outcomes.append(item)

    def _claim_due(self, line: Channel | None) -> int:
        """Claim for the threads that are idle and set them to work; gives how many."""
        if self.stopping or self._room <= 0 or time.monotonic() < self._look_at:
            return 0
        self._look_at = time.monotonic() + TICK
        taken = self.claims.take(line or Channel.current(), self._room, len(self._in_flight), self._begin)
        if taken.shut:
            self._give_back()
        self._look_at = time.monotonic() + min(taken.look_again, TICK)
        return taken.number

    def _begin(self, job: Job) -> None:
        self._in_flight[job] = self._pool.submit(run, self._client, job, self._free, self._inbox.put)

    def _give_back(self) -> None:
        """Return the sends that no thread has begun: the channel is shut, or this worker is about to stop."""
        for job, future in list(self._in_flight.items()):
            if isinstance(job, SendJob) and future.cancel():
                del self._in_flight[job]
                job.give_back(self._name)

    def _beat(self) -> None:
        if time.monotonic() < self._beat_at:
            return
        self._beat_at = time.monotonic() + BEAT
        now = timezone.now()
        progress = {"progress_at": now} if self._progressed else {}
        signs = {"beat_at": now, "metrics": self._counters.text(self.in_flight), **progress}
        Worker.objects.update_or_create(name=self._name, defaults=signs)
        self._progressed = False
        if self.claims.collect_the_lost():
            self._look_at = 0.0

    def _database_away(self, error: Exception) -> None:
        connection.close()
        self._away_since = self._away_since or time.monotonic()
        log.error("the database does not answer (%s); %d outcomes wait", type(error).__name__, len(self._outcomes))
        if self._outcomes and time.monotonic() - self._away_since > HOLD_RESULTS:
            held = ", ".join(str(item.job) for item in self._outcomes)
            raise ResultsLost(f"The outcomes of {held} could not be stored within {HOLD_RESULTS:.0f} s.")


@contextmanager
def _undoing(jobs: Sequence[Job]) -> Iterator[None]:
    """If the transaction fails, the rows in memory are again what the database holds."""
    ways_back = [job.remember() for job in jobs]
    try:
        yield
    except BaseException:
        for restore in ways_back:
            restore()
        raise
