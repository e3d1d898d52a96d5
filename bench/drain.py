"""How fast one worker empties a backlog, beside what the API's latency allows and what bare threads reach.

    python bench/drain.py [--rows 2000] [--threads 32,64] [--database sqlite,postgresql] [--latency 0.2] [--rounds 3]

Needs Linux; PostgreSQL's programs for the database of that name. See README.md.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen

import machine
from databases import HERE, Database, Postgresql, Sqlite, environment, postgresql_server

FLOOR = "bare requests"
PATIENCE = 300.0  # seconds until a run counts as stuck
UNSETTLED = "SELECT count(*) FROM uploads_delivery WHERE state IN ('queued', 'sending')"
DELIVERED = "SELECT count(*), count(DISTINCT cg_id) FROM uploads_delivery WHERE state = 'delivered'"


@dataclass(frozen=True)
class Run:
    """One drain: deliveries per second, and what each took, in milliseconds of CPU and megabytes."""

    rate: float
    worker_ms: float
    database_ms: float
    api_ms: float
    machine_share: float
    peak_mb: float

    @classmethod
    def middle(cls, runs: "list[Run]") -> "Run":
        """The median of each figure."""
        return cls(*(median(column) for column in zip(*map(astuple, runs), strict=True)))


class Api:
    """The cheap API in a process of its own."""

    def __init__(self, latency: float) -> None:
        command = [sys.executable, str(HERE / "api.py"), str(latency)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own command
        self.url = f"http://127.0.0.1:{(self.process.stdout or sys.stdin).readline().strip()}"

    def tally(self) -> dict[str, Any]:
        with urlopen(f"{self.url}/tally") as reply:  # noqa: S310 - always http
            return dict(json.load(reply))


@contextmanager
def api(latency: float) -> Iterator[Api]:
    started = Api(latency)
    try:
        yield started
    finally:
        with started.process:
            started.process.kill()


@contextmanager
def process(*arguments: str, env: dict[str, str] | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    started = subprocess.Popen([sys.executable, *arguments], cwd=HERE.parent, env=env, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(60)


def until(what: str, check: Callable[[], Any], every: float) -> Any:
    """The first true value of `check`."""
    end = time.monotonic() + PATIENCE
    while not (value := check()):
        if time.monotonic() > end:
            raise SystemExit(f"not within {PATIENCE:.0f} s: {what}")
        time.sleep(every)
    return value


def drain(database: Database, var: Path, rows: int, threads: int, latency: float) -> Run:
    """Let one worker deliver the backlog; ends the measurement if a row is lost or sent twice."""
    with api(latency) as peer:
        variables = {"CUSTOMERGAUGE_URL": peer.url, "CUSTOMERGAUGE_API_KEY": "key-of-a-measurement"}
        env = environment(database.fresh(), var, DELIVERY_THREADS=str(threads), **variables)
        with process("manage.py", "worker", env=env) as worker:
            run = watch(peer, worker, rows, settled=lambda: database.select(UNSETTLED) == (0,), database=database)
        doubled = peer.tally()["doubled"]
    delivered = database.select(DELIVERED)
    if delivered != (rows, rows) or doubled:
        raise SystemExit(f"of {rows}: (delivered, different numbers) = {delivered}, sent twice: {doubled}")
    return run


def floor(rows: int, threads: int, latency: float) -> Run:
    with api(latency) as peer, process(str(HERE / "floor.py"), peer.url, str(rows), str(threads)) as bare:
        return watch(peer, bare, rows, settled=lambda: peer.tally()["answered"] == rows)


def watch(
    peer: Api,
    worker: "subprocess.Popen[bytes]",
    rows: int,
    settled: Callable[[], bool],
    database: Database | None = None,
) -> Run:
    """Measure from the first call that arrives to the last row that is settled."""

    def ended_early() -> bool:
        return worker.poll() not in (None, 0)

    def figures() -> tuple[float, ...]:
        used = database.cpu_seconds() if database else 0.0
        return machine.cpu_seconds(worker.pid), used, machine.cpu_seconds(peer.process.pid), machine.busy_seconds()

    begun = until("the first call", lambda: ended_early() or peer.tally()["first_at"], every=0.005)
    before = figures()
    until("the last call", lambda: ended_early() or peer.tally()["came"] >= rows, every=0.05)
    if ended_early():
        raise SystemExit(f"the process that was measured ended with status {worker.returncode}")
    peak = machine.peak_memory(worker.pid) / 1e6
    until("the last row settled", settled, every=0.005)
    seconds, after = time.monotonic() - begun, figures()
    ours, databases, apis, busy = (new - old for old, new in zip(before, after, strict=True))
    each = 1000 / rows
    return Run(rows / seconds, ours * each, databases * each, apis * each, busy / seconds / machine.CORES, peak)


def bound(run: Run, ceiling: float) -> str:
    """What keeps a run from being faster."""
    if run.rate >= 0.95 * ceiling:
        return "the API's latency"
    if run.worker_ms * run.rate / 1000 > 0.85:
        return "the worker's one core (GIL)"
    if run.machine_share > 0.9:
        return "the machine's cores"
    return "waiting in the worker"


def report(found: dict[tuple[str, int], Run], latency: float) -> Iterator[str]:
    """The lines of a Markdown table, then what bounds each run."""
    yield "| drained by | threads | per second | of threads ÷ latency | of the floor | CPU ms: worker, database, API |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for (name, threads), run in found.items():
        ceiling, beside = threads / latency, run.rate / found[FLOOR, threads].rate
        costs = f"{run.worker_ms:.2f}, {run.database_ms:.2f}, {run.api_ms:.2f}"
        yield f"| {name} | {threads} | {run.rate:.1f} | {run.rate / ceiling:.0%} | {beside:.2f} | {costs} |"
    for (name, threads), run in found.items():
        used = f"peak {run.peak_mb:.0f} MB, machine {run.machine_share:.0%} busy"
        yield f"{name}, {threads} threads: {used}; bound by {bound(run, threads / latency)}"


def main() -> None:
    options = read_options()
    runs: dict[tuple[str, int], list[Run]] = {}
    with ExitStack() as stack:
        var, home = (Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cgportal-"))) for _ in range(2))
        databases: dict[str, Database] = {}
        if "sqlite" in options.database:
            databases["sqlite"] = Sqlite(var, options.rows)
        if "postgresql" in options.database:
            server = stack.enter_context(postgresql_server(home))
            databases["postgresql"] = Postgresql(server, var, options.rows)
        for _round in range(options.rounds):  # interleaved: what else the machine does meets all alike
            for threads in options.threads:
                here = runs.setdefault((FLOOR, threads), [])
                here.append(floor(options.rows, threads, options.latency))
                for name, database in databases.items():
                    here = runs.setdefault((name, threads), [])
                    here.append(drain(database, var, options.rows, threads, options.latency))
    found = {key: Run.middle(several) for key, several in runs.items()}
    sys.stdout.writelines(f"{line}\n" for line in report(found, options.latency))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--threads", type=lambda text: [int(part) for part in text.split(",")], default=[32, 64])
    parser.add_argument("--database", type=lambda text: text.split(","), default=["sqlite", "postgresql"])
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
