import os
from collections.abc import Iterator

import pytest

from uploads.customergauge import ApiKey, Client, Timeouts
from uploads.delivery.loop import Loop
from uploads.simulator import Simulator

#: See its first lines.
collect_ignore = ["test_database_away.py"] if "postgres" in os.environ.get("DATABASE_URL", "") else []
KEY = "canary-key-4d1f7a"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(port=0, api_key=KEY) as simulator:
        yield simulator


@pytest.fixture
def loop(simulator: Simulator, db: None) -> Loop:
    """A delivery loop with two sending threads, not running: a test calls its steps."""
    timeouts = Timeouts(connect=2, read=2, deadline=4)
    return Loop(Client(simulator.url, ApiKey(KEY), timeouts=timeouts), "here:1", calls=2)


def drain(loop: Loop) -> None:
    """Step until nothing is due and nothing is under way, also after the short pauses of a slow start."""
    loop.hint()
    idle = 0
    while idle < 2:
        worked = loop.step(patience=2.0 if loop.in_flight else 0.06 * idle)
        idle = 0 if worked or loop.in_flight else idle + 1
