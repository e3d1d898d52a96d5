"""The worker is killed at its 1st, 2nd, … k-th step until a run finishes; after each restart the promises hold.

After SQLite's way of testing crashes (sqlite.org/testing.html): fail at every point, not at lucky ones.
"""

import re
import subprocess
from collections import Counter

import pytest

from .processes import Portal, eventually

pytestmark = [pytest.mark.processes, pytest.mark.exhaustive]

MOST_STEPS = 80
SETTLED = {"delivered", "unconfirmed"}


def submit(portal: Portal) -> None:
    """Results as the web process saves them, for each step one, not due yet."""
    script = f"""
import django; django.setup()
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from tests.factories import make_submission
agent, later = User.objects.get(username="agent"), timezone.now() + timedelta(days=1)
for k in range(1, {MOST_STEPS}):
    payload = [["Email", "a@b.example"], ["NetPromoterScore", "4"], ["Comment", f"killed at step {{k}}"],
               ["SurveyCompletedDate", "2026-11-02 13:59:12"]]
    make_submission(agent, comment=f"killed at step {{k}}", payload=payload, next_at=later)
"""
    done = portal.python("-c", script)
    assert done.returncode == 0, done.stderr


def make_due(portal: Portal, comment: str) -> None:
    portal.sql(
        "UPDATE uploads_delivery SET next_at = '2026-01-01 00:00:00+00:00' WHERE submission_id ="
        f" (SELECT id FROM uploads_submission WHERE comment = '{comment}')"
    )


def state_of(portal: Portal, comment: str) -> str:
    ((state,),) = portal.sql(
        "SELECT d.state FROM uploads_delivery d JOIN uploads_submission s ON s.id = d.submission_id"
        f" WHERE s.comment = '{comment}'"
    )
    return str(state)


def test_killed_at_every_step_nothing_is_lost_and_nothing_is_sent_twice(quiet_portal: Portal) -> None:
    portal = quiet_portal
    submit(portal)
    seen: Counter[str] = Counter()
    for k in range(1, MOST_STEPS):
        comment = f"killed at step {k}"
        make_due(portal, comment)
        portal.env["KILL_AT"] = str(k)
        worker = portal.start("worker", "-m", "tests.killing_worker")
        survived = eventually("it dies or settles the row", lambda: outcome_of(worker, portal, comment)) == "settled"  # noqa: B023
        if survived:
            survived = portal.stop("worker") == 0  # it may still have died after settling the row
        if not survived:
            portal.env["KILL_AT"] = "0"
            portal.start_worker()
            eventually(f"the row of step {k} is settled", lambda: state_of(portal, comment) in SETTLED)  # noqa: B023
            assert portal.stop("worker") == 0
        seen[check(portal, comment)] += 1
        if survived:
            break
    else:
        pytest.fail(f"no run of the worker got through {MOST_STEPS} steps")
    assert seen["unconfirmed"] > 3, "no kill hit the dangerous stretch"
    assert seen["delivered"] > 3, "no kill hit the harmless stretches"


def outcome_of(worker: "subprocess.Popen[bytes]", portal: Portal, comment: str) -> str:
    if worker.poll() is not None:
        return "dead"
    return "settled" if state_of(portal, comment) in SETTLED else ""


def check(portal: Portal, comment: str) -> str:
    """The promises, for the one row of this step; gives its state."""
    ((state, cg_id, tries),) = portal.sql(
        "SELECT d.state, d.cg_id, d.tries FROM uploads_delivery d JOIN uploads_submission s ON s.id = d.submission_id"
        f" WHERE s.comment = '{comment}'"
    )
    arrived = [number for number, record in portal.simulator.records.items() if ("Comment", comment) in record.pairs]
    assert len(arrived) <= 1, f"{comment}: sent {len(arrived)} times"
    assert state in {"delivered", "unconfirmed"}, f"{comment}: {state}"
    if state == "delivered":
        assert [str(number) for number in arrived] == [cg_id], f"{comment}: says {cg_id}, arrived as {arrived}"
    marks = portal.sql(
        "SELECT count(*) FROM uploads_attempt a JOIN uploads_submission s ON s.id = a.delivery_id"
        f" WHERE s.comment = '{comment}' AND a.wire_at IS NOT NULL"
    )
    assert not arrived or marks[0][0] == 1, f"{comment}: arrived without a wire mark before it"
    assert re.fullmatch(r"\d+", str(tries))
    return str(state)
