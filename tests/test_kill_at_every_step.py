"""The worker is killed at its 1st, 2nd, … k-th step until a run finishes; after each restart the promises hold.

After SQLite's way of testing crashes (sqlite.org/testing.html): fail at every point, not at lucky ones.
"""

import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import pytest

from .nemesis import history, witness
from .processes import PATIENCE, ROOT, Portal, Template, portal_for

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif("postgres" in os.environ["DATABASE_URL"], reason="each step has a copy of an SQLite file"),
]

MOST_STEPS = 200
LANES = 4  # a step mostly waits: for a process to start, for the disk, for a lock
TOKENS = {
    "CUSTOMERGAUGE_API_KEY": "",
    "CUSTOMERGAUGE_CLIENT_ID": "a-client",
    "CUSTOMERGAUGE_CLIENT_SECRET": "canary-secret-77",
}


@dataclass(frozen=True)
class Way:
    """One way that a delivery can go.

    asks:   the behaviour that the record asks the simulator for.
    ends:   the states it may be in after a kill and a restart; `clean` is the one without a kill.
    looked: it is unconfirmed to begin with, and the step is one of the look-up.
    """

    name: str
    clean: str
    ends: frozenset[str]
    asks: str = ""
    looked: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    def key(self, step: int) -> str:
        return f"entry-{self.name}-{step}z"


HONEST = frozenset({"delivered", "unconfirmed"})
WAYS = (
    Way("stored", "delivered", HONEST),
    Way("refused", "rejected", frozenset({"rejected", "unconfirmed"}), asks="[sim:error-400003]"),
    Way("renewed", "delivered", HONEST, asks="[sim:401 x1]", variables=TOKENS),
    Way("found", "delivered", frozenset({"delivered"}), asks="[sim:close-after-body x1]", looked=True),
)

ENTER = """
import json, sys
import django; django.setup()
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from tests.factories import make_submission
from uploads.models import Action, AuditEvent, Delivery, Lane
from uploads.models.submission import new_reference
agent, later = User.objects.get(username="agent"), timezone.now() + timedelta(minutes=50)
for comment in json.load(sys.stdin):
    reference = new_reference()
    payload = [["Email", "a@b.example"], ["NetPromoterScore", "4"], ["Comment", comment], ["cgportal_ref", reference],
               ["SurveyCompletedDate", "2026-11-02 13:59:12"]]
    row = make_submission(agent, comment=comment, payload=payload, reference=reference, next_at=later)
    AuditEvent.objects.record(Action.SUBMITTED, row, actor=agent)
Delivery.objects.update(priority=Lane.RETRY)  # such a one may wait that long
"""
SECRETS = ("canary-key-4d1f7a", "canary-secret-77", "a@b.example")
RESUME = "UPDATE uploads_channel SET breaks = 0, ramp = NULL, wait_until = NULL, resumed_at = datetime('now')"
PAST, FAR = "2026-01-01 00:00:00+00:00", "2099-01-01 00:00:00+00:00"


class Book:
    """A database file: its own copy of another one."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def copy(self, file: Path) -> "Book":
        with closing(sqlite3.connect(self.file)) as source, closing(sqlite3.connect(file)) as copy:
            source.backup(copy)
        return Book(file)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file, timeout=20)) as connection, connection:
            return list(connection.execute(query))

    def make_due(self, key: str) -> None:
        """Time passes for the one result, be it queued or to be looked up."""
        which = f"submission_id = (SELECT id FROM uploads_submission WHERE comment LIKE '{key}%')"
        self.sql(f"UPDATE uploads_delivery SET next_at = '{PAST}' WHERE state = 'queued' AND {which}")
        self.sql(f"UPDATE uploads_delivery SET lookup_at = '{PAST}' WHERE state = 'unconfirmed' AND {which}")

    def state(self, key: str) -> str:
        ((state,),) = self.sql(
            "SELECT d.state FROM uploads_delivery d JOIN uploads_submission s ON s.id = d.submission_id"
            f" WHERE s.comment LIKE '{key}%'"
        )
        return str(state)

    def remove(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.file}{suffix}").unlink(missing_ok=True)


class Workers:
    """Forks a worker for each order, one after the other (tests/killing_worker.py)."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def __enter__(self) -> Self:
        with self._portal.logs.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.killing_worker"], cwd=ROOT, env=self._portal.env,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1, start_new_session=True,
            )  # fmt: skip
        return self

    def __exit__(self, *_error: object) -> None:
        with self._process as process:
            os.killpg(process.pid, signal.SIGKILL)  # with the worker that it may have forked

    def run(self, book: Book, done: Callable[[], bool], kill_at: int = 0, **variables: str) -> int:
        """Let a worker work until it kills itself or, `done`, is told to stop; gives its exit status."""
        order = {"database": str(book.file), "kill_at": kill_at, "variables": variables}
        self._write(json.dumps(order))
        pid, told = int(self._read()), False
        end = time.monotonic() + PATIENCE
        while not self._has_ended():
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
                pytest.fail(f"the worker of step {kill_at} neither ended nor settled the row: {self._portal.log()}")
            if not told and done():
                told = True
                with suppress(ProcessLookupError):  # it has died meanwhile
                    os.kill(pid, signal.SIGTERM)
        return int(self._read())

    def _has_ended(self) -> bool:
        assert self._process.stdout
        return bool(select.select([self._process.stdout], [], [], 0.02)[0])

    def _write(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")

    def _read(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


@dataclass(frozen=True)
class Bench:
    """What all ways share: a portal without processes of its own, a filled database, and the lanes."""

    portal: Portal
    base: Book
    lanes: list[Workers]


@pytest.fixture(scope="module")
def bench(portal_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    home = tmp_path_factory.mktemp("steps")
    with portal_for(portal_template, home) as portal, ExitStack() as stack:
        portal.env["CUSTOMERGAUGE_TOKEN_URL"] = f"{portal.simulator.url}/oauth2/token"
        lanes = [stack.enter_context(Workers(portal)) for _ in range(LANES)]
        yield Bench(portal, prepared(portal, lanes[0]), lanes)


def prepared(portal: Portal, workers: Workers) -> Book:
    """Results as the web process saves them, one for each step, none due yet; those to look up are unconfirmed."""
    comments = [f"{way.key(step)} {way.asks}" for way in WAYS for step in range(1, MOST_STEPS)]
    done = subprocess.run(
        [sys.executable, "-c", ENTER], cwd=ROOT, env=portal.env, input=json.dumps(comments), capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    book = Book(portal.var / "portal.sqlite3")
    looked = [way.key(step) for way in WAYS if way.looked for step in range(1, MOST_STEPS)]
    for key in looked:
        book.make_due(key)

    def all_unknown() -> bool:
        book.sql(RESUME)  # so many of them open the circuit breaker
        return book.sql("SELECT count(*) FROM uploads_delivery WHERE state = 'unconfirmed'") == [(len(looked),)]

    assert workers.run(book, all_unknown) == 0
    book.sql(f"UPDATE uploads_delivery SET lookup_at = '{FAR}' WHERE state = 'unconfirmed'")
    book.sql(RESUME)
    return book


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_killed_at_every_step_nothing_is_lost_and_nothing_is_sent_twice(bench: Bench, way: Way) -> None:
    steps, finished = iter(range(1, MOST_STEPS)), threading.Event()

    def walk(workers: Workers) -> list[str]:
        ends = []
        while not finished.is_set() and (step := next(steps, None)):
            ends.append(end_of_step(bench, workers, way, step, finished))
        return ends

    with ThreadPoolExecutor(LANES) as pool:
        ends = [end for lane in pool.map(walk, bench.lanes) for end in lane]
    assert finished.is_set(), f"no run got through {MOST_STEPS} steps"
    assert set(ends) == way.ends, "no kill hit one of the stretches"


def end_of_step(bench: Bench, workers: Workers, way: Way, step: int, finished: threading.Event) -> str:
    """Kill at this step, let another worker do the rest, and judge; gives the state that it ended in."""
    key, book = way.key(step), bench.base.copy(bench.portal.var / f"{way.name}-{step}.sqlite3")
    try:
        if was_killed(workers, book, way, step):
            if way.looked:
                book.make_due(key)  # the lease of a look-up that nobody ends is over
            assert workers.run(book, lambda: book.state(key) in way.ends, **way.variables) == 0
        else:
            assert book.state(key) == way.clean
            finished.set()
        broken = history.broken(what_was_seen(bench.portal, book, key))
        assert not broken, f"after a kill at step {step}: {broken}"
        return book.state(key)
    except BaseException:
        finished.set()  # the other lanes need not go on
        raise
    finally:
        book.remove()


def was_killed(workers: Workers, book: Book, way: Way, step: int) -> bool:
    """False if the run ended before it came to this step."""
    book.make_due(way.key(step))
    status = workers.run(book, lambda: book.state(way.key(step)) in way.ends, kill_at=step, **way.variables)
    assert status in (0, -signal.SIGKILL)
    return status != 0


def what_was_seen(portal: Portal, book: Book, key: str) -> history.History:
    """The history of the one result of this step."""
    seen = witness.history([history.Entry(key)], book.sql, portal.simulator, log=portal.log(), secrets=SECRETS)
    return replace(
        seen,
        results=tuple(result for result in seen.results if result.key == key),
        arrivals=tuple(arrival for arrival in seen.arrivals if arrival.key == key),
        records={number: of for number, of in seen.records.items() if of == key},
    )
