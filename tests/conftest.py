"""The cast: two agents, a manager, an admin, an outsider without a role, and a superuser."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from cgportal import garbage

from .factories import make_user
from .processes import Portal, Template, portal_for

CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture
def agent(db: None) -> User:
    return make_user("anna", "agent", first_name="Anna", last_name="de Vries")


@pytest.fixture
def agent2(db: None) -> User:
    return make_user("bram", "agent")


@pytest.fixture
def manager(db: None) -> User:
    return make_user("mia", "manager")


@pytest.fixture
def admin(db: None) -> User:
    return make_user("ada", "admin")


@pytest.fixture
def outsider(db: None) -> User:
    return make_user("otto")


@pytest.fixture
def superuser(db: None) -> User:
    return User.objects.create_superuser("root", password="demo")


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """A browser session of the given user."""

    def open_session(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return open_session


@pytest.fixture(scope="session")
def portal_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    template = Template(tmp_path_factory.mktemp("template") / "var")
    yield template
    template.drop("portal_template")


@pytest.fixture
def portal(portal_template: Template, tmp_path: Path) -> Iterator[Portal]:
    """A portal of its own with web and worker running, delivering to the simulator at once."""
    with portal_for(portal_template, tmp_path) as portal:
        portal.start_web()
        portal.start_worker()
        yield portal


@pytest.fixture
def quiet_portal(portal_template: Template, tmp_path: Path) -> Iterator[Portal]:
    """A portal of its own with nothing started yet."""
    with portal_for(portal_template, tmp_path) as portal:
        yield portal


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip("Chromium is not installed (Debian: apt install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh browser page; any message of the content security policy or of a script error fails the test."""
    context = chromium.new_context(locale="en-GB", timezone_id="Europe/Amsterdam")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert [text for text in complaints if "422" not in text] == []


def pytest_collection_finish(session: pytest.Session) -> None:
    """Thousands of tests and all modules are looked through each time otherwise: a sixth of the whole run."""
    garbage.look_seldom()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a skipped test is a failure: it would hide a browser or a database that is not there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("FORBID_SKIPS") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
