"""As a larger site runs it: two web processes and four workers on PostgreSQL, with Redis for the side jobs.

On SQLite this starts a PostgreSQL of its own, since several machines cannot share a file.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import pytest
import redis

from .nemesis import history, postgresql, witness
from .nemesis.machines import Machines, Site, machines
from .processes import Session, Template, eventually, free_port

pytestmark = pytest.mark.processes

ENTRIES = 240
AGENTS = 4
THREADS = 2  # per worker, and slow calls: so there is always more to do than three workers can
SECRETS = ("canary-key-4d1f7a", "lee_klameth@directness.example")


@pytest.fixture(scope="module")
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    """A filled database on the PostgreSQL that all tests use, or else on one of its own."""
    if "postgres" in os.environ["DATABASE_URL"]:
        yield request.getfixturevalue("portal_template")
        return
    if not postgresql.is_installed():
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql).")
    with postgresql.server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", server.url)
        yield Template(tmp_path_factory.mktemp("machines") / "var")


class RedisServer:
    """Listens on this machine only, on a port of its own, and keeps nothing."""

    def __init__(self, program: str, home: Path) -> None:
        port = free_port()
        self.url = f"redis://127.0.0.1:{port}/0"
        self._client = redis.Redis(port=port)
        arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(home)]
        self.process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)

    def answers(self) -> bool:
        try:
            return bool(self._client.ping())
        except redis.ConnectionError:
            return False

    def waiting(self) -> int:
        """How many clients wait for a job."""
        return sum(client["cmd"] in ("blpop", "brpop") for client in self._client.client_list())

    def kill(self) -> None:
        self._client.close()
        self.process.kill()
        self.process.wait()


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[RedisServer]:
    program = shutil.which("redis-server")
    if not program:
        pytest.skip("Redis is not installed (Debian: apt install redis-server).")
    server = RedisServer(program, tmp_path)
    try:
        eventually("Redis answers", server.answers)
        yield server
    finally:
        server.kill()


@pytest.fixture
def many(template: Template, queue: RedisServer, tmp_path: Path) -> Iterator[Machines]:
    settings = {"QUEUE_URL": queue.url, "DELIVERY_THREADS": str(THREADS)}
    with machines(template, tmp_path, sites=2, workers=4, **settings) as here:
        here.simulator.latency = 0.25
        here.start_all()
        yield here


def enter(many: Machines, sites: list[Site], agent: int) -> list[history.Entry]:
    """One agent's share of the results, by turns at each site."""
    session, entries = Session(sites[0], "agent"), []
    for number, site in zip(range(ENTRIES // AGENTS), cycle(sites), strict=False):
        session.portal = site
        key = f"entry-{agent}-{number}z"
        entries.append(history.Entry(key, session.enter(comment=key).split("/")[2]))
    return entries


def delivered_by(many: Machines) -> dict[str, int]:
    """How many results each worker has delivered."""
    return dict(many.sql("SELECT worker, count(*) FROM uploads_attempt WHERE outcome = 'delivered' GROUP BY worker"))


def test_many_machines_share_the_work_and_survive_the_death_of_some(many: Machines, queue: RedisServer) -> None:
    eventually("all workers wait at the queue", lambda: queue.waiting() == 4)
    team = {many.lease_name(worker) for worker in many.workers}
    with ThreadPoolExecutor(AGENTS) as pool:
        shares = [pool.submit(enter, many, many.sites, agent) for agent in range(AGENTS)]
        eventually("every worker has delivered something", lambda: delivered_by(many).keys() == team)
        many.simulator.wait_for_arrivals(ENTRIES // 3, timeout=60)
        many.kill("worker1")
        many.start_worker("its successor")
        assert many.stop("worker2") == 0
        entries = [entry for share in shares for entry in share.result()]
    eventually("everything is settled", lambda: not {"queued", "sending"} & many.states().keys())
    listed = witness.listed(many.session("manager"))
    seen = witness.history(entries, many.sql, many.simulator, listed=listed, log=many.log(), secrets=SECRETS)
    assert history.broken(seen) == []
    assert len(seen.results) == ENTRIES
    assert many.states()["delivered"] >= ENTRIES - THREADS, (
        "more is unconfirmed than the killed worker had in its hands"
    )


def test_results_are_delivered_although_redis_is_gone(many: Machines, queue: RedisServer) -> None:
    queue.kill()
    many.session("agent").enter(comment="without Redis")
    eventually("it is delivered", lambda: many.states() == {"delivered": 1})
    assert [many.stop(worker) for worker in many.workers] == [0] * 4
