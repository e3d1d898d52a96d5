"""Several web processes and several workers over one database, each of which can be killed, stopped and started."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from uploads.simulator import Simulator

from ..processes import ROOT, Portal, Session, Template, eventually, free_port

PAST = "2026-01-01 00:00:00+00:00"


class Site:
    """One web process, as a browser sees it."""

    def __init__(self, name: str) -> None:
        self.name, self.port = name, free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False


class Machines(Portal):
    """A portal as several machines run it. Each process leads a group of its own and dies with its children."""

    def __init__(
        self, template: Template, name: str, var: Path, simulator: Simulator, *, sites: int, workers: int,
        **variables: str,
    ) -> None:  # fmt: skip
        super().__init__(template, name, var, simulator, **variables)
        self.sites = [Site(f"web{number}") for number in range(sites)]
        self.workers = [f"worker{number}" for number in range(workers)]

    def start_all(self) -> None:
        for site in self.sites:
            self.start_site(site)
        for worker in self.workers:
            self.start_worker(worker)
        for site in self.sites:
            eventually(f"{site.name} is ready", site.is_ready)

    def start_site(self, site: Site) -> None:
        self.start(site.name, "-m", "gunicorn", "--config", "python:cgportal.gunicorn", "--workers", "1",
                   "--bind", f"127.0.0.1:{site.port}", "cgportal.wsgi")  # fmt: skip

    def start(self, name: str, *arguments: str) -> "subprocess.Popen[bytes]":
        with self.logs.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        self.processes[name] = process
        return process

    def kill(self, name: str) -> None:
        self.signal(name, signal.SIGKILL)
        self.processes[name].wait()

    def signal(self, name: str, number: int) -> None:
        """To the process and all that it started; nothing if it is gone already."""
        if self.processes[name].poll() is None:
            os.killpg(self.processes[name].pid, number)

    def children(self, name: str) -> list[int]:
        """The processes that it started."""
        pid = self.processes[name].pid
        try:
            return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except FileNotFoundError:
            return []

    def is_alive(self, name: str) -> bool:
        return self.processes[name].poll() is None

    def lease_name(self, worker: str) -> str:
        """How the database calls a worker."""
        return f"{os.uname().nodename}:{self.processes[worker].pid}"

    def let_time_pass(self, clock: str, which: str) -> None:
        """What a column of some deliveries waits for has come; rows in somebody's hands are left alone."""
        rows = f"SELECT submission_id FROM uploads_delivery WHERE {which}"
        if "postgres" in self.database_url:
            rows += " FOR UPDATE SKIP LOCKED"
        self.sql(f"UPDATE uploads_delivery SET {clock} = '{PAST}' WHERE submission_id IN ({rows})")

    def let_waits_end(self) -> None:
        """The time until which the whole channel was to wait has come."""
        self.sql(f"UPDATE uploads_channel SET wait_until = '{PAST}' WHERE wait_until IS NOT NULL")

    def stop_all(self) -> None:
        for name in self.processes:
            self.kill(name)

    def session(self, user: str, site: Site | None = None) -> Session:
        return Session(site or self.sites[0], user)


@contextmanager
def machines(template: Template, home: Path, *, sites: int, workers: int, **variables: str) -> Iterator[Machines]:
    """Nothing is started yet but the simulator."""
    name = f"machines_{os.getpid()}_{abs(hash(str(home))) % 10**9}"
    with Simulator(port=0) as simulator:
        here = Machines(template, name, home / "var", simulator, sites=sites, workers=workers, **variables)
        try:
            yield here
        finally:
            here.stop_all()
            template.drop(name)
            shutil.rmtree(here.var, ignore_errors=True)
