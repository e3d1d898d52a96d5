"""PostgreSQL crashes and comes back while web and worker are running: nobody has to restart them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .nemesis import postgresql
from .processes import Portal, Template, eventually, portal_for

pytestmark = pytest.mark.processes


@pytest.fixture
def server() -> Iterator[postgresql.Server]:
    if not postgresql.is_installed():
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql).")
    with postgresql.server() as server:
        yield server


@pytest.fixture
def portal(server: postgresql.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    monkeypatch.setenv("DATABASE_URL", server.url)
    with portal_for(Template(tmp_path / "template"), tmp_path / "portal") as portal:
        portal.start_web(processes=2)
        portal.start_worker()
        yield portal


def test_after_a_crash_of_the_database_the_same_processes_go_on(portal: Portal, server: postgresql.Server) -> None:
    agent = portal.browser_session("agent")
    agent.enter(comment="before")
    eventually("it is delivered", lambda: portal.states() == {"delivered": 1})
    server.crash()
    seen: list[int] = []

    def served() -> bool:
        seen.append(agent.get("/submissions/new/").status_code)
        return seen[-1] == 200

    eventually("pages are served again", served)
    assert set(seen) <= {200, 503}
    agent.enter(comment="after")
    eventually("it is delivered too", lambda: portal.states() == {"delivered": 2})
    assert len(portal.simulator.records) == 2
    assert portal.stop("worker") == 0
