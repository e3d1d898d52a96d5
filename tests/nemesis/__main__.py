"""python -m tests.nemesis --seconds 60 --seed 1

Agents enter results through two web processes, two workers deliver them, and the nemesis strikes as the seed says.
Then everything is healed and drained, and the judge speaks. Exit status 1 if a promise was broken.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

import requests

from ..processes import Session, Template, eventually, hidden
from . import faults, witness
from .clients import Agent
from .history import History, broken
from .machines import Machines, machines
from .postgresql import is_installed, server

AGENTS = 4
BETWEEN = (0.1, 1.5)  # seconds between two faults
LEDGER = 10_000  # arrivals that the simulator remembers
SECRETS = ("canary-key-4d1f7a", "canary-words", "lee_klameth@directness.example")
REFERENCE = """
import django; django.setup()
from uploads.models import SurveyField
assert SurveyField.objects.filter(role="reference").update(active=True) == 1
"""


def main() -> int:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.nemesis", description="Delivery under attack.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(10**6)))
    parser.add_argument("--sqlite", action="store_true", help="on SQLite, even if PostgreSQL is installed")
    asked = parser.parse_args()
    say(f"seed {asked.seed}, {asked.seconds:g} seconds")
    with ExitStack() as stack:
        database = stack.enter_context(server()) if is_installed() and not asked.sqlite else None
        say("on a PostgreSQL of its own" if database else "on SQLite")
        os.environ["DATABASE_URL"] = database.url if database else "sqlite://"
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cgportal-nemesis-")))
        key = {"AUDIT_SEAL_KEY": "the-key-of-the-nemesis-the-key-of-the-nemesis"}
        here = stack.enter_context(machines(Template(home / "template"), home / "run", sites=2, workers=2, **key))
        done = here.python("-c", REFERENCE)
        assert done.returncode == 0, done.stderr
        here.start_all()
        seen = attack(here, faults.Nemesis(here, database, random.Random(asked.seed)), asked.seconds, asked.seed)
        found = [*broken(seen), *tampered(here)]
        if found:
            say("\n".join([*found, "", "The log ends:", here.log()[-5000:]]))
    say(f"{len(found)} promises broken" if found else "every promise held")
    return 1 if found else 0


def attack(here: Machines, nemesis: faults.Nemesis, seconds: float, seed: str) -> History:
    """Let everybody work while the nemesis strikes, heal, drain; gives all that was seen."""
    draw, manager = random.Random(f"{seed} pauses"), here.session("manager")
    agents = [Agent(number, here.sites, seed) for number in range(AGENTS)]
    here.simulator.latency = max(faults.SLOWNESS) / 10
    for agent in agents:
        agent.start()
    begun = time.monotonic()
    while (now := time.monotonic() - begun) < seconds:
        say(f"{now:6.1f} s  {nemesis.strike()}")
        nemesis.raise_the_dead()
        time.sleep(draw.uniform(*BETWEEN))
        keep_going(here, manager)
    say("healing")
    nemesis.heal()
    for agent in agents:
        agent.over.set()
    for agent in agents:
        agent.join()
    eventually("everything that waits is sent", lambda: is_drained(here, nemesis, manager), within=180)
    here.let_time_pass("lookup_at", "state = 'unconfirmed' AND lookup_at IS NOT NULL")
    eventually("what is unconfirmed is looked up", lambda: is_looked_up(here, manager), within=180)
    entries = [entry for agent in agents for entry in agent.entries]
    answers = sum((agent.answers for agent in agents), Counter[str]())
    say(f"{len(entries)} entries, {sum(not entry.saved_as for entry in entries)} of them never answered")
    say(f"answers {dict(answers)}, states {here.states()}, {len(here.simulator.records)} records")
    arrivals = here.simulator.arrivals
    assert not arrivals or arrivals[0].number == 1, f"more than {LEDGER} arrivals: run it for a shorter time"
    return witness.history(
        entries, here.sql, here.simulator, listed=witness.listed(manager), log=here.log(), secrets=SECRETS
    )


def tampered(here: Machines) -> list[str]:
    """A sentence if the sealed audit log, held against the seals in the log of the processes, does not verify."""
    sealed = here.manage("seal_audit")
    here.logs.write_text(here.log() + sealed.stdout)
    checked = here.manage("verify_audit", "--anchors", str(here.logs))
    say("\n".join(line for line in checked.stdout.splitlines() if line.startswith("Checked")))
    return [f"the audit log: {checked.stdout}{checked.stderr}"] if checked.returncode else []


def keep_going(here: Machines, manager: Session) -> None:
    """A manager tests the connection and resumes what is stopped, and time passes for what waits; if the portal
    cannot be reached, next time."""
    with suppress(requests.RequestException):
        page = manager.get("/health/").text
        form = {"csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken")}
        if 'action="/health/resume/"' in page:
            manager.post(form | {"cause": hidden(page, "cause")}, "/health/resume/")
        elif "a test of the connection" in page:
            manager.post(form, "/health/test/")
    here.let_time_pass("next_at", "state = 'queued'")


def is_drained(here: Machines, nemesis: faults.Nemesis, manager: Session) -> bool:
    """Whether nothing waits to be sent and nothing is under way, though CustomerGauge asked for an hour's patience."""
    nemesis.raise_the_dead()
    here.let_waits_end()
    keep_going(here, manager)
    return not {"queued", "sending"} & here.states().keys()


def is_looked_up(here: Machines, manager: Session) -> bool:
    """Whether everything that nobody knows the fate of has been looked for at least once."""
    keep_going(here, manager)
    waiting = "state = 'unconfirmed' AND lookup_at IS NOT NULL AND lookups = 0"
    return not here.sql(f"SELECT 1 FROM uploads_delivery WHERE {waiting} LIMIT 1")


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
