"""``manage.py simulate_customergauge`` as a process of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "manage.py", "simulate_customergauge"]


def environment() -> dict[str, str]:
    """The tests' settings, and a database nobody can reach."""
    return os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": "postgres://x:x@127.0.0.1:9/x"}


@pytest.mark.processes
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_serves_and_stops_cleanly(number: signal.Signals) -> None:
    with subprocess.Popen(
        [*COMMAND, "--port", "0", "--api-key", "K", "--format", "both"],
        cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout
            line = process.stdout.readline()
            found = re.fullmatch(r"CustomerGauge simulator at (http://127\.0\.0\.1:\d+)\n", line)
            assert found, line
            request = urllib.request.Request(f"{found[1]}/v4.1/reasons.json", headers={"Authorization": "api_key K"})
            with urllib.request.urlopen(request, timeout=20) as reply:
                assert reply.status == 200
            process.send_signal(number)
            assert process.wait(20) == 0
            assert process.stdout.read() == ""
        finally:
            process.kill()


@pytest.mark.processes
@pytest.mark.parametrize("option", [("--latency", "-1"), ("--certfile", "missing.pem")])
def test_what_cannot_work_is_one_sentence(option: tuple[str, str]) -> None:
    done = subprocess.run(
        [*COMMAND, "--port", "0", *option], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: The simulator cannot start")
    assert done.stderr.count("\n") == 1


@pytest.mark.processes
def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*COMMAND, "--port", str(port)], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 1
    assert f"The simulator cannot start on 127.0.0.1:{port}: " in done.stderr
