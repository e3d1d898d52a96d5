"""A whole portal in real processes for one test: its own database, web, worker, and the simulator as its peer."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import psycopg
import requests
from playwright.sync_api import Page

from uploads.simulator import Simulator

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "demo"
PATIENCE = 120.0  # seconds until something that must happen is said not to


def eventually(what: str, check: Callable[[], Any], within: float = PATIENCE) -> Any:
    """The first true value of `check`; fails the test with a sentence if there is none in time."""
    end = time.monotonic() + within
    while not (value := check()):
        assert time.monotonic() < end, f"did not happen within {within:.0f} s: {what}"
        time.sleep(0.05)
    return value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Template:
    """A migrated database with the demo's people and lists, made once and copied for each test."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.server = os.environ["DATABASE_URL"] if "postgres" in os.environ["DATABASE_URL"] else ""
        self.env = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if name in os.environ
        } | {
            "SECRET_KEY": "a-template-for-tests-a-template-for-tests",
            "TIME_ZONE": "Europe/Amsterdam",
            "DJANGO_SETTINGS_MODULE": "cgportal.settings",
            "PYTHONUNBUFFERED": "1",
            "WEB_THREADS": "8",
        }
        self.home.mkdir(parents=True, exist_ok=True)
        self._sql_admin("CREATE DATABASE portal_template")
        env = self.env | {"VAR_DIR": str(home), "DATABASE_URL": self.database_url("portal_template", home)}
        script = (
            "import django; django.setup()\n"
            "from django.core.management import call_command as call\n"
            "call('migrate', verbosity=0); call('demo', verbosity=0)\n"
            "call('collectstatic', interactive=False, verbosity=0)"
        )
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, check=True, capture_output=True)

    def database_url(self, name: str, var: Path) -> str:
        return f"{self.server.rpartition('/')[0]}/{name}" if self.server else f"sqlite:///{var}/portal.sqlite3"

    def copy(self, name: str, var: Path) -> str:
        """A fresh database; gives its address."""
        var.mkdir(parents=True)
        (var / "static").symlink_to(self.home / "static")
        if self.server:
            self._sql_admin(f"CREATE DATABASE {name} TEMPLATE portal_template")
        else:
            with (
                sqlite3.connect(self.home / "portal.sqlite3") as source,
                sqlite3.connect(var / "portal.sqlite3") as copy,
            ):
                source.backup(copy)
            source.close()
            copy.close()
        return self.database_url(name, var)

    def drop(self, name: str) -> None:
        self._sql_admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _sql_admin(self, statement: str) -> None:
        if self.server:
            with connect_postgresql(self.server) as connection:
                connection.autocommit = True
                connection.execute(statement)


def connect_postgresql(url: str) -> "psycopg.Connection[Any]":
    parts = urlsplit(url)
    return psycopg.connect(
        host=parts.hostname, port=parts.port, user=parts.username, password=parts.password,
        dbname=parts.path.lstrip("/"),
    )  # fmt: skip


class Portal:
    """Starts and ends the processes, speaks to them over HTTP, and looks into the database as an outsider."""

    def __init__(self, template: Template, name: str, var: Path, simulator: Simulator, **variables: str) -> None:
        self.name, self.var, self.simulator = name, var, simulator
        self.database_url = template.copy(name, var)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = template.env | {
            "VAR_DIR": str(var),
            "DATABASE_URL": self.database_url,
            "CUSTOMERGAUGE_URL": simulator.url,
            "CUSTOMERGAUGE_API_KEY": "canary-key-4d1f7a",
            "SUBMISSION_HOLD_SECONDS": "0",
            **variables,
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.logs = var / "log"

    # -- processes -----------------------------------------------------------------------------------------

    def start_web(self, processes: int = 1) -> None:
        self.start("web", "-m", "gunicorn", "--config", "python:cgportal.gunicorn", "--workers", str(processes),
                   "--bind", f"127.0.0.1:{self.port}", "cgportal.wsgi")  # fmt: skip
        eventually("the web process is ready", lambda: self._answers("/readyz"))

    def start_worker(self, name: str = "worker") -> None:
        self.start(name, "manage.py", "worker")
        eventually("the worker gives a sign of life", lambda: self._worker_row(name))

    def start(self, name: str, *arguments: str) -> "subprocess.Popen[bytes]":
        with self.logs.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        self.processes[name] = process
        return process

    def kill(self, name: str) -> None:
        """SIGKILL, as the kernel or an impatient operator does it."""
        self.processes[name].kill()
        self.processes[name].wait()

    def kill_group(self, name: str) -> None:
        """SIGKILL for a process and all of its children at once."""
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait()

    def stop(self, name: str, number: int = signal.SIGTERM) -> int:
        """A polite signal; gives the exit status."""
        self.processes[name].send_signal(number)
        return self.processes[name].wait(PATIENCE)

    def stop_all(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.python("manage.py", *arguments)

    def python(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True)

    # -- what can be seen ----------------------------------------------------------------------------------

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Rows as the database holds them now."""
        if "postgres" in self.database_url:
            with connect_postgresql(self.database_url) as connection:
                return list(connection.execute(query)) if query.startswith("SELECT") else [(connection.execute(query),)]
        connection = sqlite3.connect(self.var / "portal.sqlite3", timeout=20)
        try:
            with connection:
                return list(connection.execute(query))
        finally:
            connection.close()

    def states(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        return dict(self.sql("SELECT state, count(*) FROM uploads_delivery GROUP BY state"))

    def log(self) -> str:
        return self.logs.read_text()

    def browser_session(self, user: str) -> "Session":
        return Session(self, user)

    def _answers(self, path: str) -> bool:
        try:
            return requests.get(self.url + path, timeout=5).status_code == 200
        except (requests.ConnectionError, requests.Timeout):
            return False

    def _worker_row(self, name: str) -> bool:
        pid = self.processes[name].pid
        assert self.processes[name].poll() is None, f"the worker ended:\n{self.log()[-2000:]}"
        return bool(self.sql(f"SELECT 1 FROM uploads_worker WHERE name LIKE '%:{pid}'"))


class HasUrl(Protocol):
    url: str


class Session:
    """Somebody at a browser without JavaScript."""

    def __init__(self, portal: "Portal | HasUrl", user: str) -> None:
        self.portal = portal
        self.http = requests.Session()
        page = self.http.get(f"{portal.url}/accounts/login/").text
        data = {"login": user, "password": PASSWORD, "csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken")}
        answer = self.http.post(f"{portal.url}/accounts/login/", data=data, allow_redirects=False)
        assert answer.status_code == 302, answer.text[:2000]

    def lend(self, page: Page, path: str = "") -> Page:
        """A browser goes on with this session; at a path, if one is given."""
        cookies = [{"name": each.name, "value": each.value or "", "url": self.portal.url} for each in self.http.cookies]
        page.context.add_cookies(cast(Any, cookies))
        if path:
            page.goto(self.portal.url + path)
        return page

    def get(self, path: str) -> requests.Response:
        return self.http.get(self.portal.url + path, timeout=30)

    def form(self, **values: Any) -> dict[str, Any]:
        """A fresh entry form, filled in."""
        page = self.get("/submissions/new/").text
        return entry(
            csrfmiddlewaretoken=hidden(page, "csrfmiddlewaretoken"), submit_token=hidden(page, "submit_token"), **values
        )

    def post(self, data: dict[str, Any], path: str = "/submissions/new/") -> requests.Response:
        return self.http.post(self.portal.url + path, data=data, allow_redirects=False, timeout=60)

    def enter(self, **values: Any) -> str:
        """Enter one result; gives the path of its page."""
        answer = self.post(self.form(**values))
        assert answer.status_code == 302, answer.text[:3000]
        return urlsplit(answer.headers["Location"]).path


def entry(**values: Any) -> dict[str, Any]:
    """What an agent types into the form, by input name."""
    now = time.localtime(time.time() - 600)
    return {
        "CustomerNumber": "1143",
        "Email": "lee_klameth@directness.example",
        "FirstName": "Lee",
        "LastName": "Klameth",
        "score": "4",
        "comment": "Waited too long",
        "contact": "Y",
        "workflow_status": "OPEN",
        "sent_at": time.strftime("%Y-%m-%dT09:00", time.localtime(time.time() - 86400)),
        "completed_at": time.strftime("%Y-%m-%dT%H:%M", now),
    } | values


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="{name}"', page)
    assert found, f"no hidden input {name} on the page"
    return found[1] or found[2]


@contextmanager
def portal_for(template: Template, home: Path, **variables: str) -> Iterator[Portal]:
    """A portal with nothing started yet but the simulator."""
    name = f"portal_{os.getpid()}_{abs(hash(str(home))) % 10**9}"
    with Simulator(port=0) as simulator:
        portal = Portal(template, name, home / "var", simulator, **variables)
        try:
            yield portal
        finally:
            portal.stop_all()
            template.drop(name)
            shutil.rmtree(portal.var, ignore_errors=True)
