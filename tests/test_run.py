"""`make run` as a newcomer meets it: prepared, served, delivering, and gone without a trace at Ctrl-C."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import requests

from .processes import ROOT, Session, eventually, free_port

pytestmark = pytest.mark.processes


class Account(BaseHTTPRequestHandler):
    """A CustomerGauge that shares nothing with this project: Python's own HTTP server, and what the API's page says."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.arrivals.append((self.path, dict(self.headers), body))  # type: ignore[attr-defined]
        reply = b'{"Data":{"number_customergauge":4711}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def account() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Account)
    server.arrivals = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Run:
    """A portal started by `make run`'s own program, seen from outside."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, log: Path) -> None:
        self.process, self.url, self.log = process, f"http://127.0.0.1:{port}", log

    def family(self) -> list[int]:
        listing = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
        parents = dict(tuple(map(int, line.split())) for line in listing.splitlines()[1:])
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found


@contextmanager
def run(tmp_path: Path, **variables: str) -> Iterator[Run]:
    port = free_port()
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env |= {"PORT": str(port), "VAR_DIR": str(tmp_path / "var"), "TIME_ZONE": "Europe/Amsterdam", **variables}
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cgportal.run"], cwd=ROOT, env=env, stdout=output, stderr=output
        )
    started = Run(process, port, log)
    try:
        eventually("the portal answers", lambda: answers(started))
        yield started
    finally:
        family = started.family()
        process.send_signal(signal.SIGINT)
        process.wait(60)
        left = [pid for pid in family if Path(f"/proc/{pid}").exists()]
        assert left == [], f"left behind: {left}\n{log.read_text()}"


def answers(started: Run) -> bool:
    assert started.process.poll() is None, started.log.read_text()
    try:
        return requests.get(f"{started.url}/readyz", timeout=5).status_code == 200
    except (requests.ConnectionError, requests.Timeout):
        return False


def sign_in(started: Run, user: str) -> Session:
    return Session(started, user)


def test_a_result_arrives_once_with_the_documented_keys_encoding_and_header(
    tmp_path: Path, account: ThreadingHTTPServer
) -> None:
    target = f"http://127.0.0.1:{account.server_port}"
    with run(
        tmp_path, CUSTOMERGAUGE_URL=target, CUSTOMERGAUGE_API_KEY="k-123-abc", SUBMISSION_HOLD_SECONDS="0"
    ) as portal:
        manager = sign_in(portal, "manager")
        assert "Klameth" not in manager.get("/history/").text, "something invented could leave for a real account"
        agent = sign_in(portal, "agent")
        path = agent.enter(
            comment="Ça va: 5 € & more", Email="o'brien@example.ie", score="0", sent_at="2026-11-20T13:40",
            completed_at="2026-11-20T13:59", reasons=[],
        )  # fmt: skip
        eventually("it is delivered", lambda: 'data-state="delivered"' in agent.get(path).text)
        assert "4711" in agent.get(path).text
    ((url, headers, body),) = account.arrivals  # type: ignore[attr-defined]
    assert url == "/v4.1/transactions/response.json"
    assert headers["Authorization"] == "api_key k-123-abc"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert b"Comment=%C3%87a+va%3A+5+%E2%82%AC+%26+more" in body
    assert parse_qsl(body.decode("ascii"), strict_parsing=True) == [
        ("CustomerNumber", "1143"),
        ("Email", "o'brien@example.ie"),
        ("FirstName", "Lee"),
        ("LastName", "Klameth"),
        ("NetPromoterScore", "0"),
        ("Comment", "Ça va: 5 € & more"),
        ("EmailSentDate", "2026-11-20 13:40:00"),
        ("SurveyCompletedDate", "2026-11-20 13:59:00"),
        ("FollowUpRequired", "Y"),
        ("WorkflowStatus", "OPEN"),
    ]


def test_without_a_target_it_practises_and_the_second_start_keeps_everything(tmp_path: Path) -> None:
    with run(tmp_path) as portal:
        agent = sign_in(portal, "agent")
        path = agent.enter(comment="kept over a restart")
        eventually("it is delivered", lambda: 'data-state="delivered"' in agent.get(path).text)
        assert "201 results" in sign_in(portal, "manager").get("/history/").text
    with run(tmp_path) as portal:
        assert "kept over a restart" in sign_in(portal, "agent").get(path).text


def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    with run(tmp_path) as portal:
        names = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in portal.family()}
        (worker,) = [pid for pid, command in names.items() if "manage.py\0worker" in command]
        os.kill(worker, signal.SIGKILL)
        agent = sign_in(portal, "agent")
        path = agent.enter(comment="while the worker was dead")
        eventually("it is delivered", lambda: 'data-state="delivered"' in agent.get(path).text)
