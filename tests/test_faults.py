"""What goes wrong around the processes: locks, full logs, lost queues, sleepers, old tables. Nothing is lost."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from .processes import Portal, connect_postgresql, eventually
from .test_crashes import invariants_hold

pytestmark = pytest.mark.processes


@contextmanager
def outsider(portal: Portal, *statements: str) -> Iterator[None]:
    """Somebody else's transaction, open as long as the block."""
    if "postgres" in portal.database_url:
        with connect_postgresql(portal.database_url) as connection:
            for statement in statements:
                connection.execute(statement)
            yield
            connection.rollback()
    else:
        connection = sqlite3.connect(portal.var / "portal.sqlite3", isolation_level=None)
        try:
            for statement in statements:
                connection.execute(statement)
            yield
            connection.execute("ROLLBACK")
        finally:
            connection.close()


def test_the_process_that_saves_is_killed_at_every_statement_and_the_form_sent_again(quiet_portal: Portal) -> None:
    done = quiet_portal.python("-m", "tests.killing_entry")
    assert done.returncode == 0, done.stderr[-3000:]
    saved, kills = map(int, done.stdout.splitlines()[-1].split())  # above it stand lines of the log
    assert 0 < saved < kills, "some kills must come before the commit and some after it"


def test_killed_while_saving_waits_for_a_lock_nothing_is_half_saved(quiet_portal: Portal) -> None:
    portal = quiet_portal
    portal.start_web(processes=2)
    agent = portal.browser_session("agent")
    form = agent.form(comment="killed while saving")
    postgresql = "postgres" in portal.database_url
    lock = ["LOCK TABLE uploads_submission IN EXCLUSIVE MODE"] if postgresql else ["BEGIN IMMEDIATE"]
    with ThreadPoolExecutor(1) as pool:
        with outsider(portal, *lock):
            answer = pool.submit(agent.post, form)
            eventually("the save waits", lambda: bool(waiting(portal)) if postgresql else not answer.done())
            portal.kill_group("web")
        assert isinstance(answer.exception(), requests.ConnectionError)
    assert portal.sql("SELECT count(*) FROM uploads_submission") == [(0,)]
    portal.start_web(processes=2)
    assert agent.post(form).status_code == 302
    assert portal.sql("SELECT count(*) FROM uploads_submission") == [(1,)]


def waiting(portal: Portal) -> list[tuple[object, ...]]:
    return portal.sql("SELECT 1 FROM pg_locks WHERE NOT granted")


def test_a_reader_that_never_ends_its_transaction_holds_up_nothing(portal: Portal) -> None:
    with outsider(portal, "BEGIN", "SELECT count(*) FROM uploads_delivery"):
        portal.browser_session("agent").enter()
        eventually("it is delivered all the same", lambda: portal.states() == {"delivered": 1})


def test_pages_are_served_and_results_delivered_when_the_log_is_full(quiet_portal: Portal) -> None:
    portal = quiet_portal
    portal.logs = Path("/dev/full")
    portal.start_web(processes=2)
    portal.start_worker()
    portal.browser_session("agent").enter()
    eventually("it is delivered", lambda: portal.states() == {"delivered": 1})


def test_the_queue_of_side_jobs_may_vanish(portal: Portal) -> None:
    if "postgres" in portal.database_url:
        for (table,) in portal.sql("SELECT tablename FROM pg_tables WHERE tablename LIKE 'cgportal_queue%'"):
            portal.sql(f"DROP TABLE {table}")
    for path in portal.var.glob("queue.sqlite3*"):
        path.unlink()
    portal.browser_session("agent").enter()
    eventually("it is delivered", lambda: portal.states() == {"delivered": 1})
    assert portal.stop("worker") == 0


def test_a_worker_that_sleeps_past_its_lease_and_wakes_up_late_repeats_nothing(quiet_portal: Portal) -> None:
    portal = quiet_portal
    portal.simulator.latency = 2.0
    portal.start_web(processes=2)
    portal.start_worker("sleeper")
    portal.browser_session("agent").enter(comment="slept over")
    portal.simulator.wait_for_arrivals(1)
    portal.processes["sleeper"].send_signal(signal.SIGSTOP)
    portal.sql("UPDATE uploads_delivery SET lease_until = '2026-01-01 00:00:00+00:00'")
    portal.start_worker("other")
    eventually("the other worker finds the row", lambda: portal.states() == {"unconfirmed": 1})
    portal.processes["sleeper"].send_signal(signal.SIGCONT)
    eventually("the late reply counts", lambda: portal.states() == {"delivered": 1})
    assert len(portal.simulator.records) == 1
    invariants_hold(portal)


def test_new_code_on_old_tables_is_not_ready_and_saves_nothing_by_halves(quiet_portal: Portal) -> None:
    portal = quiet_portal
    portal.start_web(processes=2)
    agent = portal.browser_session("agent")
    form = agent.form()
    portal.sql("ALTER TABLE uploads_submission RENAME COLUMN payload_version TO not_yet_there")
    newest = "WHERE id = (SELECT max(id) FROM django_migrations WHERE app = 'uploads')"
    ((name,),) = portal.sql(f"SELECT name FROM django_migrations {newest}")
    portal.sql(f"DELETE FROM django_migrations {newest}")
    ready = requests.get(f"{portal.url}/readyz", timeout=10)
    assert (ready.status_code, ready.json()["migrations"]) == (503, False)
    assert agent.post(form).status_code == 503
    assert portal.sql("SELECT count(*) FROM uploads_submission") == [(0,)]
    portal.sql("ALTER TABLE uploads_submission RENAME COLUMN not_yet_there TO payload_version")
    portal.sql(f"INSERT INTO django_migrations (app, name, applied) VALUES ('uploads', '{name}', CURRENT_TIMESTAMP)")
    assert portal.manage("migrate").returncode == 0
    assert agent.post(form).status_code == 302


def test_results_of_somebody_who_has_left_are_delivered_all_the_same(quiet_portal: Portal) -> None:
    portal = quiet_portal
    portal.start_web(processes=2)
    agent = portal.browser_session("agent")
    agent.enter(comment="the last day")
    portal.sql(f"UPDATE auth_user SET is_active = {'false' if 'postgres' in portal.database_url else 0}")
    assert agent.get("/submissions/").url.startswith(f"{portal.url}/accounts/login/")
    portal.start_worker()
    eventually("it is delivered", lambda: portal.states() == {"delivered": 1})


def test_a_process_that_runs_into_its_memory_limit_leaves_nothing_behind(portal: Portal) -> None:
    """The kernel ends it like kill -9; whatever it held is in the tables."""
    portal.simulator.latency = 1.0
    portal.browser_session("agent").enter()
    portal.simulator.wait_for_arrivals(1)
    os.kill(portal.processes["worker"].pid, signal.SIGKILL)
    portal.processes["worker"].wait()
    portal.start_worker()
    eventually("it is found", lambda: portal.states() == {"unconfirmed": 1})
    invariants_hold(portal)


def test_workers_that_start_at_the_same_moment_on_a_fresh_database_do_not_trip_over_each_other(
    quiet_portal: Portal,
) -> None:
    portal = quiet_portal
    for name in ("one", "two", "three"):
        portal.start(name, "manage.py", "worker")
    eventually("all three work", lambda: portal.sql("SELECT count(*) FROM uploads_worker") == [(3,)])


@pytest.mark.parametrize("gone", ["staticfiles.json", "css/portal.*.css"])
def test_without_its_style_sheets_the_web_process_does_not_start(quiet_portal: Portal, gone: str) -> None:
    portal = quiet_portal
    static = portal.var / "other-static"
    portal.env["STATIC_ROOT"] = str(static)
    assert portal.manage("collectstatic", "--noinput").returncode == 0
    for path in static.glob(gone):
        path.unlink()
    web = portal.start("web", "-m", "gunicorn", "--bind", f"127.0.0.1:{portal.port}", "cgportal.wsgi")
    assert web.wait(60) != 0
    assert "run `manage.py collectstatic --noinput`" in portal.log()
