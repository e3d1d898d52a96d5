"""Practice and real results do not mix."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.factories import make_submission
from uploads.delivery.target import WrongTarget, aim
from uploads.models import Channel, Delivery, State
from uploads.simulator import Simulator


@pytest.fixture
def account() -> Iterator[str]:
    """A target on this machine that is not the simulator: it knows no other page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_what_was_entered_for_practice_never_leaves_for_another_target(
    simulator: Simulator, account: str, agent: User, settings: Any
) -> None:
    settings.CUSTOMERGAUGE_URL, settings.PRACTICE = simulator.url, True
    aim("here:1")
    assert Channel.current().simulated
    for state in State:
        make_submission(agent, state)
    settings.CUSTOMERGAUGE_URL = account
    aim("here:2")
    assert not Channel.current().simulated
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.DELIVERED, State.CANCELLED}


def test_a_simulator_does_not_swallow_what_waits_for_an_account(
    simulator: Simulator, account: str, agent: User, settings: Any
) -> None:
    settings.CUSTOMERGAUGE_URL, settings.PRACTICE = account, True
    aim("here:1")
    make_submission(agent)
    settings.CUSTOMERGAUGE_URL = simulator.url
    with pytest.raises(WrongTarget, match="Results in this database wait for"):
        aim("here:2")
    assert Delivery.objects.get().state == State.QUEUED
    assert Channel.current().target == account


def test_the_same_target_changes_nothing(simulator: Simulator, agent: User, settings: Any) -> None:
    settings.CUSTOMERGAUGE_URL, settings.PRACTICE = simulator.url, True
    aim("here:1")
    version = Channel.current().version
    make_submission(agent)
    simulator.stop()
    aim("here:2")
    assert Channel.current().version == version
    assert Delivery.objects.get().state == State.QUEUED
    simulator.start()
