"""The log: one id from the click to the call, JSON that machines read, and neither secrets nor words of customers."""

import io
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from cgportal import logs
from tests.delivery.conftest import drain
from tests.factories import make_submission
from tests.processes import Portal, Template, entry, eventually, portal_for
from tests.test_environment import start
from uploads.audit import anchors
from uploads.customergauge import ApiKey
from uploads.customergauge import Client as ApiClient
from uploads.delivery.loop import Loop
from uploads.delivery.sending import SendJob
from uploads.models import Action, AuditEvent, Delivery
from uploads.simulator import Simulator

ROOT = Path(__file__).parents[1]
KEY = "canary-key-4d1f7a"  # as the settings of the tests have it
WORDS = "canary-comment-77aa"
UUID = "0b6f3f1e-8c1c-4a55-9d0e-1f2a3b4c5d6e"
Line = dict[str, Any]
log = logging.getLogger("tests.logs")


class Written:
    """What a handler with this formatter has written so far."""

    def __init__(self, formatter: logging.Formatter) -> None:
        self._stream = io.StringIO()
        self.handler = logging.StreamHandler(self._stream)
        self.handler.setFormatter(formatter)

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[Line]:
        return [json.loads(line) for line in self.text.splitlines()]

    def of(self, message: str) -> Line:
        (line,) = (line for line in self.lines if line["message"] == message)
        return line


def listening(formatter: logging.Formatter) -> Iterator[Written]:
    written = Written(formatter)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(written.handler)
    root.setLevel(logging.INFO)
    yield written
    root.removeHandler(written.handler)
    root.setLevel(level)


@pytest.fixture
def told() -> Iterator[Written]:
    """The log as JSON."""
    yield from listening(logs.Json())


@pytest.fixture(params=["text", "json"])
def either(request: pytest.FixtureRequest) -> Iterator[Written]:
    """The log in one form and in the other."""
    yield from listening({"text": logs.Text, "json": logs.Json}[request.param]())


# -- one id from the click to the call


@pytest.fixture
def saved(
    agent: User, signed_in: Callable[[User], Client], told: Written,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> str:  # fmt: skip
    """A result that an agent has just entered; gives the id that the reply showed."""
    with django_capture_on_commit_callbacks(execute=True):
        answer = signed_in(agent).post("/submissions/new/", entry(submit_token=UUID, comment=WORDS))
    assert answer.status_code == 302
    Delivery.objects.update(next_at="2020-01-01T00:00Z")
    return str(answer.headers["X-Request-ID"])


def test_one_id_leads_from_the_click_to_the_call(saved: str, told: Written) -> None:
    with Simulator(port=0, api_key=KEY) as simulator:
        drain(Loop(ApiClient(simulator.url, ApiKey(KEY)), "here:1", calls=2))
    event = AuditEvent.objects.get(action=Action.SUBMITTED)
    delivery = Delivery.objects.select_related("submission").get()
    attempt = delivery.attempts.get()
    assert event.request_id == saved
    click, stored, call = (told.of(message) for message in ("request answered", "result saved", "call ended"))
    assert click["request_id"] == call["request_id"] == saved
    assert (click["method"], click["page"], click["status"]) == ("POST", "new", 302)
    assert stored["submission"] == call["submission"] == str(delivery.submission.uuid)
    assert (call["delivery"], call["attempt"]) == (f"delivery-{delivery.pk}", str(attempt.pk))
    assert (call["kind"], call["outcome"], call["evidence"], call["status"]) == ("send", "delivered", "stored", 200)
    assert call["seconds"] > 0
    assert WORDS not in told.text
    assert KEY not in told.text


@pytest.mark.parametrize("path", ["/accounts/login/", "/nothing/here"])
def test_looking_at_pages_is_not_logged_and_what_may_change_something_is(
    client: Client, db: None, told: Written, path: str
) -> None:
    client.get(path)
    assert told.lines == []
    client.post(path)
    click = told.of("request answered")
    assert click["method"] == "POST"
    assert path not in told.text  # an address may be a link to somebody's account


@pytest.mark.parametrize(
    ("number", "behind_proxy", "kept"),
    [
        ("0123456789abcdef0123456789ABCDEF", True, True),
        (UUID, True, True),
        (UUID, False, False),
        (UUID + "0", True, False),
        ("lee@example.com", True, False),
        ("' OR 1=1", True, False),
        ("", True, False),
    ],
)
def test_the_number_of_a_proxy_stands_beside_our_own_id(
    client: Client, db: None, told: Written, settings: Settings, number: str, behind_proxy: bool, kept: bool
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if behind_proxy else None
    answer = client.post("/accounts/login/", headers={"X-Request-ID": number})
    click = told.of("request answered")
    assert click.get("proxy_request_id") == (number if kept else None)
    assert click["request_id"] == answer.headers["X-Request-ID"] != number


# -- what a line holds


def test_every_line_says_when_who_and_where(told: Written) -> None:
    log.warning("look at %s", "this")
    (line,) = told.lines
    assert line.pop("time")[-6:] == "+00:00"
    process = f"{socket.gethostname()}:{os.getpid()}"
    assert line == {"level": "WARNING", "logger": "tests.logs", "message": "look at this", "process": process}


def test_the_manual_explains_each_field() -> None:
    manual = (ROOT / "docs" / "operator.md").read_text()
    always = ("time", "level", "logger", "message", "process", "request_id", "exception")
    assert [name for name in (*always, *logs.FIELDS) if f"`{name}`" not in manual] == []


def test_an_exception_tells_where_and_what_but_not_what_somebody_typed(either: Written) -> None:
    try:
        try:
            int(WORDS)
        except ValueError as error:
            raise PermissionError(13, WORDS, KEY) from error
    except PermissionError:
        log.exception("failed on %s", "delivery 7")
    for part in ("failed on delivery 7", "Traceback (most recent call last)", "ValueError", "PermissionError errno=13"):
        assert part in either.text
    assert "test_logs.py" in either.text
    assert WORDS not in either.text
    assert KEY not in either.text


def test_an_exception_about_a_setting_is_told_in_full(either: Written) -> None:
    try:
        raise ImproperlyConfigured("PORT is “x”: write a whole number.")
    except ImproperlyConfigured:
        log.exception("cannot start")
    assert "write a whole number." in either.text


def test_secrets_are_masked_wherever_they_stand(either: Written) -> None:
    log.info("called with %s", KEY, extra={"submission": f"<{settings.SECRET_KEY}>"})
    assert "called with ***" in either.text
    assert "<***>" in either.text
    assert KEY not in either.text


@pytest.mark.parametrize(
    "message",
    [
        f"Invalid request from ip=10.0.0.7: Invalid HTTP request line: 'GET /?Email={WORDS} x HTTP/1.1'",
        f"Invalid request from ip=10.0.0.7: Invalid HTTP Header: 'Cookie {WORDS}'",
        f"Error handling request /submissions/new/?Email={WORDS}&comment=a {WORDS}",
    ],
)
def test_what_a_request_brought_is_not_quoted(either: Written, message: str) -> None:
    log.warning(message)
    assert message[:20] in either.text
    assert WORDS not in either.text


def test_no_line_can_be_forged(either: Written) -> None:
    log.info("name %s", "a\r\n2026-11-23T10:00:00.000+00:00 INFO uploads forged\x1b[2K\u2028{")
    first, *rest = either.text.splitlines()
    assert "name a" in first
    assert all(line.startswith("    ") for line in rest)
    assert "\x1b" not in either.text


def test_our_own_failure_on_a_row_names_the_row_and_its_call(
    agent: User, told: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError(WORDS)

    make_submission(agent)
    monkeypatch.setattr(SendJob, "settle", fail)
    with Simulator(port=0, api_key=KEY) as simulator:
        drain(Loop(ApiClient(simulator.url, ApiKey(KEY)), "here:1", calls=2))
    delivery = Delivery.objects.select_related("submission").get()
    line = told.of(f"our own code failed on delivery {delivery.pk}")
    assert line["submission"] == str(delivery.submission.uuid)
    assert line["attempt"] == str(delivery.attempts.get().pk)
    assert line["exception"].endswith("ValueError")
    assert WORDS not in told.text


def test_what_nobody_caught_is_told_without_its_words(
    told: Written, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    logs.catch_the_uncaught()
    thread = threading.Thread(target=int, args=(WORDS,))
    thread.start()
    thread.join()
    assert told.of("not caught anywhere: ValueError")["level"] == "CRITICAL"
    assert WORDS not in told.text + "".join(capsys.readouterr())


def test_a_seal_in_the_log_is_an_anchor_in_either_form(either: Written) -> None:
    log.info("%s", f"seal 4 to 900 count 31 hash {'ab' * 32}")
    assert anchors.read(either.text.splitlines()) == {4: bytes.fromhex("ab" * 32)}


# -- which form


def test_nonsense_for_the_form_is_refused(tmp_path: Path) -> None:
    answer = start(tmp_path, LOG_FORMAT="xml")
    assert answer.returncode != 0
    assert "LOG_FORMAT is “xml”: write one of text, json" in answer.stderr


@pytest.mark.parametrize(("given", "form"), [("", "json"), ("text", "text")])
def test_the_image_speaks_json_unless_told_otherwise(given: str, form: str) -> None:
    script = (
        "import sys; from cgportal import container; container.WEB[:] = [sys.executable, '-c', 'import os;"
        "print(os.environ[\"LOG_FORMAT\"])']; container.main(['web'])"
    )
    env = os.environ | {"LOG_FORMAT": given}
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True)
    assert answer.stdout.strip() == form, answer.stderr


@pytest.fixture
def json_portal(portal_template: Template, tmp_path: Path) -> Iterator[Portal]:
    with portal_for(portal_template, tmp_path, LOG_FORMAT="json") as portal:
        portal.start_web()
        portal.start_worker()
        yield portal


@pytest.mark.processes
def test_every_line_of_web_and_worker_is_json_without_secrets(json_portal: Portal) -> None:
    portal = json_portal
    portal.simulator.behave("echo-key", count=1)
    agent = portal.browser_session("agent")
    for _ in range(2):
        agent.enter(comment=WORDS, Email="canary-person@example.com")
    with socket.create_connection(("127.0.0.1", portal.port), timeout=30) as browser:
        browser.sendall(f"GET /submissions/new/?comment={WORDS} x y HTTP/1.1\r\n\r\n".encode())
        assert b"400" in browser.recv(1000)
    eventually("both are settled", lambda: not {"queued", "sending"} & portal.states().keys())
    assert portal.stop("worker") == 0
    lines = [json.loads(line) for line in portal.log().splitlines()]
    messages = [line["message"] for line in lines]
    assert "Invalid request from ip=127.0.0.1" in messages
    assert messages.count("result saved") == 2
    assert messages.count("call ended") >= 2
    clicks = {line["submission"]: line["request_id"] for line in lines if line["message"] == "result saved"}
    assert {line["request_id"] for line in lines if line["message"] == "call ended"} == set(clicks.values())
    for secret in (KEY, WORDS, "canary-person"):
        assert secret not in portal.log()
