"""What the nemesis can do. Each fault draws what it needs, does its harm, and leaves nothing for later."""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable

import psycopg

from uploads.simulator import BEHAVIOURS

from .machines import Machines
from .postgresql import Server

#: Behaviours that lie so well that the ledger itself would be wrong, or that no count of requests ends.
LEFT_OUT = {"ok", "number-repeated", "blackhole"}
MISBEHAVIOURS = sorted({name for name, row in BEHAVIOURS.items() if row.on != "token"} - LEFT_OUT)
#: Seconds that CustomerGauge takes: long enough that something is always under way.
SLOWNESS = (0.05, 0.3, 0.3, 1.0, 3.0)


class Nemesis:
    """Breaks something when told to, as its random numbers say; `heal` mends everything."""

    def __init__(self, machines: Machines, server: Server | None, draw: random.Random) -> None:
        self._machines, self._server, self._draw = machines, server, draw
        self._faults: list[Callable[[], str]] = [
            self.kill_a_worker, self.kill_a_worker, self.pause_a_worker, self.outlive_a_lease, self.kill_a_site,
            self.kill_a_site_s_child, self.misbehave, self.misbehave, self.misbehave, self.misbehave, self.be_slow,
        ]  # fmt: skip
        if server:
            self._faults.append(self.crash_the_database)

    def strike(self) -> str:
        """One fault; gives what it was."""
        return self._draw.choice(self._faults)()

    def kill_a_worker(self) -> str:
        name = self._draw.choice(self._machines.workers)
        self._machines.kill(name)
        self._machines.start(name, "manage.py", "worker")
        return f"killed {name}"

    def pause_a_worker(self) -> str:
        name, seconds = self._draw.choice(self._machines.workers), self._draw.uniform(0.2, 3)
        self._machines.signal(name, signal.SIGSTOP)
        time.sleep(seconds)
        self._machines.signal(name, signal.SIGCONT)
        return f"stopped {name} for {seconds:.1f} s"

    def outlive_a_lease(self) -> str:
        """The worker sleeps until another one has taken its deliveries back, then goes on as if nothing had been."""
        name = self._draw.choice(self._machines.workers)
        held = f"state = 'sending' AND owner = '{self._machines.lease_name(name)}'"
        self._wait(3, lambda: self._machines.sql(f"SELECT 1 FROM uploads_delivery WHERE {held}"))
        self._machines.signal(name, signal.SIGSTOP)
        number = 0
        try:
            ((number,),) = self._machines.sql(f"SELECT count(*) FROM uploads_delivery WHERE {held}")
            self._machines.let_time_pass("lease_until", held)
            self._wait(15, lambda: not self._machines.sql(f"SELECT 1 FROM uploads_delivery WHERE {held}"))
        except (psycopg.Error, sqlite3.Error):
            pass  # it was stopped with a lock in its hands: then nobody can take anything from it
        self._machines.signal(name, signal.SIGCONT)
        return f"stopped {name} past the leases of {number} deliveries"

    def kill_a_site(self) -> str:
        site = self._draw.choice(self._machines.sites)
        self._machines.kill(site.name)
        self._machines.start_site(site)
        return f"killed {site.name}"

    def kill_a_site_s_child(self) -> str:
        site = self._draw.choice(self._machines.sites)
        for child in self._machines.children(site.name):
            os.kill(child, signal.SIGKILL)
        return f"killed the children of {site.name}"

    def crash_the_database(self) -> str:
        assert self._server
        self._server.crash()
        return "crashed PostgreSQL"

    def misbehave(self) -> str:
        name = self._draw.choice(MISBEHAVIOURS)
        if BEHAVIOURS[name].point == "port":
            self._machines.simulator.behave(name, seconds=2)
            return f"CustomerGauge: {name} for 2 s"
        count = self._draw.randint(1, 6)
        self._machines.simulator.behave(name, count)
        return f"CustomerGauge: {name} for {count} requests"

    def be_slow(self) -> str:
        self._machines.simulator.latency = self._draw.choice(SLOWNESS)
        return f"CustomerGauge answers after {self._machines.simulator.latency} s"

    def raise_the_dead(self) -> None:
        """What a supervisor does: whoever has ended is started again."""
        for site in self._machines.sites:
            if not self._machines.is_alive(site.name):
                self._machines.start_site(site)
        for name in self._machines.workers:
            if not self._machines.is_alive(name):
                self._machines.start(name, "manage.py", "worker")

    def heal(self) -> None:
        """CustomerGauge behaves, and every worker is a new one: what the old ones held is taken back at once."""
        self._machines.simulator.behave_well()
        self._machines.simulator.latency = 0
        for name in self._machines.workers:
            self._machines.kill(name)
        self.raise_the_dead()

    def _wait(self, seconds: float, until: Callable[[], object]) -> None:
        """Until it is so, or so long; a fault that finds nothing to harm is none, and no failure."""
        end = time.monotonic() + seconds
        while not until() and time.monotonic() < end:
            time.sleep(0.05)
