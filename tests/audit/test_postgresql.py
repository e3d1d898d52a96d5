"""What only PostgreSQL has: ids that are committed out of order, locks, and two roles."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.processes import ROOT, Portal, Template, connect_postgresql, eventually, portal_for
from uploads.audit import guards

pytestmark = pytest.mark.processes

KEY = "a-key-that-seals-only-the-logs-of-tests"
INSERT = (
    "INSERT INTO uploads_auditevent (at, action, actor_name, object_type, object_id, object_name, outcome, request_id,"
    " commitment) VALUES (now(), 'session.signed_in', %s, '', '', '', '', '', '') RETURNING id"
)
Connection = psycopg.Connection[Any]


@pytest.fixture
def portal(portal_template: Template, tmp_path: Path) -> Iterator[Portal]:
    with portal_for(portal_template, tmp_path, AUDIT_SEAL_KEY=KEY) as portal:
        yield portal


def insert(connection: Connection, name: str) -> int:
    row = connection.execute(INSERT, [name]).fetchone()
    assert row
    return int(row[0])


def sealed(portal: Portal) -> list[tuple[int, int, int]]:
    return portal.sql("SELECT first_event, last_event, count FROM uploads_auditseal ORDER BY number")  # type: ignore[return-value]


def test_a_lower_id_that_is_committed_later_is_never_left_out(portal: Portal) -> None:
    with connect_postgresql(portal.database_url) as slow, connect_postgresql(portal.database_url) as quick:
        first = insert(slow, "slow")
        second = insert(quick, "quick")
        quick.commit()
        assert first < second
        told = portal.manage("seal_audit")
        assert told.returncode == 0, told.stderr
        assert "No new seal was made." in told.stdout
        assert sealed(portal) == []
        slow.commit()
        assert "seal 1 to " in portal.manage("seal_audit").stdout
    ((lowest, highest, _),) = sealed(portal)
    assert lowest <= first < second == highest
    assert portal.manage("verify_audit").returncode == 0


def test_a_seal_that_waits_lets_other_writers_through(portal: Portal) -> None:
    """One writer never ends; a seal waits behind it for a moment, and whoever writes meanwhile gets on."""
    with connect_postgresql(portal.database_url) as endless, connect_postgresql(portal.database_url) as other:
        insert(endless, "endless")
        process = portal.start("seal", "manage.py", "seal_audit")
        written = 0
        while process.poll() is None:
            insert(other, "other")
            other.commit()
            written += 1
        assert process.returncode == 0, portal.log()
        assert "No new seal was made." in portal.log()
        assert "sealed yet: somebody has been writing" in portal.log()
        assert written, "nobody could write while the seal waited"
        assert endless.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS


# -- two roles -----------------------------------------------------------------------------------------------


@pytest.fixture
def two_roles(portal: Portal) -> Iterator[Portal]:
    """A portal whose owner has migrated, and whose processes run with the role for that."""
    script = (ROOT / "docs" / "postgresql_roles.sql").read_text()
    with connect_postgresql(portal.database_url) as superuser:
        for _ in range(2):  # as often as you like
            superuser.execute(script.encode())
        for role in ("cgportal_owner", "cgportal_app"):
            superuser.execute(f"ALTER ROLE {role} PASSWORD 'only-for-tests'".encode())
    for role in ("cgportal_owner", "cgportal_app"):
        parts = urlsplit(portal.database_url)
        portal.env["DATABASE_URL"] = f"postgres://{role}:only-for-tests@{parts.hostname}:{parts.port}{parts.path}"
        if role == "cgportal_owner":
            migrated = portal.manage("migrate", "--verbosity", "0")
            assert migrated.returncode == 0, migrated.stderr
    yield portal
    portal.stop_all()
    with connect_postgresql(portal.database_url) as superuser:
        superuser.execute(b"DROP OWNED BY cgportal_app, cgportal_owner CASCADE")


def test_the_whole_portal_runs_with_the_role_of_the_application(two_roles: Portal) -> None:
    two_roles.start_web()
    two_roles.start_worker()
    agent = two_roles.browser_session("agent")
    path = agent.enter(comment="entered with few rights")
    eventually("it is delivered", lambda: 'data-state="delivered"' in agent.get(path).text)
    manager = two_roles.browser_session("manager")
    assert manager.get("/health/").status_code == 200
    told = two_roles.manage("seal_audit")
    assert "seal 1 to " in told.stdout, told.stderr
    verified = two_roles.manage("verify_audit")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "could change" not in verified.stdout
    assert two_roles.stop("worker") == 0
    assert "Traceback" not in two_roles.log()
    tables = two_roles.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'cgportal_queue'")
    assert tables[0][0] > 0, "the queue of side jobs made its tables where it may"


def test_the_role_of_the_application_erases_what_is_on_record_and_nothing_else(two_roles: Portal) -> None:
    two_roles.start_web()
    agent = two_roles.browser_session("agent")
    erased, kept = (agent.enter(comment=f"words of number {n}").split("/")[-2] for n in range(2))
    (two_roles.var / "erased.txt").write_text(f"result {erased}\n")
    done = two_roles.manage("reapply_erasures", str(two_roles.var / "erased.txt"))
    assert "Erased again: 1." in done.stdout, done.stderr
    left = dict(two_roles.sql("SELECT CAST(uuid AS text), comment FROM uploads_submission"))
    assert (left[erased], left[kept]) == ("", "words of number 1")
    application = connect_postgresql(two_roles.env["DATABASE_URL"])
    with application, pytest.raises(psycopg.errors.RaiseException, match="written once"):
        application.execute("SELECT cgportal_erase(id) FROM uploads_submission WHERE comment <> ''")
    assert two_roles.manage("verify_audit").returncode in (0, 2)


def test_the_role_of_the_application_lets_go_of_nothing_that_is_not_on_record(two_roles: Portal) -> None:
    two_roles.start_web()
    two_roles.browser_session("agent").enter(comment="young words")
    with connect_postgresql(two_roles.env["DATABASE_URL"]) as application:
        for facts in (False, True):
            with pytest.raises(psycopg.errors.RaiseException, match="written once"):
                application.execute("SELECT cgportal_prune(array_agg(event_id), %s) FROM uploads_auditpayload", [facts])
            application.rollback()
    with connect_postgresql(two_roles.database_url) as owner:  # 800 days pass for the whole log
        owner.execute("ALTER TABLE uploads_auditevent DISABLE TRIGGER uploads_auditevent_no_update")
        owner.execute("UPDATE uploads_auditevent SET at = at - interval '800 days', attempt_id = gen_random_uuid()")
        owner.execute("UPDATE uploads_delivery SET state = 'delivered'")
        owner.execute("ALTER TABLE uploads_auditevent ENABLE ALWAYS TRIGGER uploads_auditevent_no_update")
    code = "from uploads.audit.retention import run_due; print('went', run_due())"
    told = two_roles.manage("shell", "-c", code)
    assert "went 1" in told.stdout, told.stdout + told.stderr


def test_one_role_for_everything_is_noted_and_no_fault(portal: Portal) -> None:
    portal.manage("seal_audit")
    with connect_postgresql(portal.database_url) as writer:
        insert(writer, "somebody")
    assert "seal 1 to " in portal.manage("seal_audit").stdout
    verified = portal.manage("verify_audit")
    assert (verified.returncode, "This role could change" in verified.stdout) == (0, True)


FORBIDDEN = [
    *(f"UPDATE {table} SET {column} = {column}" for table, column in {
        "uploads_auditevent": "outcome", "uploads_auditpayload": "body", "uploads_auditseal": "mac",
        "uploads_submission": "comment", "uploads_caseupdate": "comment",
    }.items()),
    *(f"DELETE FROM {table}" for table in guards.FROZEN),
    *(f"TRUNCATE {table} CASCADE" for table in guards.FROZEN),
    *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in guards.FROZEN),
    *(f"DROP TRIGGER {table}_no_update ON {table}" for table in guards.FROZEN),
    "DROP TABLE uploads_auditseal CASCADE",
    "ALTER TABLE uploads_auditevent OWNER TO cgportal_app",
    "CREATE OR REPLACE FUNCTION cgportal_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE OR REPLACE FUNCTION cgportal_erase(target bigint) RETURNS void LANGUAGE sql AS ''",
    "CREATE OR REPLACE FUNCTION cgportal_prune(bigint[], boolean) RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION cgportal_seal_lock() RETURNS void LANGUAGE sql AS ''",
    "CREATE TABLE public.mine (x int)",
    "CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    "CREATE TEMPORARY TABLE uploads_auditevent (x int)",
    "SET session_replication_role = replica",
    "SET ROLE cgportal_owner",
    "LOCK TABLE uploads_auditevent IN ACCESS EXCLUSIVE MODE",
]  # fmt: skip


def test_the_role_of_the_application_cannot_touch_what_is_written(two_roles: Portal) -> None:
    granted = []
    with connect_postgresql(two_roles.env["DATABASE_URL"]) as application:
        for statement in FORBIDDEN:
            try:
                application.execute(statement.encode())
            except psycopg.errors.InsufficientPrivilege:
                pass
            else:
                granted.append(statement)
            application.rollback()
        insert(application, "adding is allowed")
        assert application.execute("SELECT cgportal_seal_lock()").fetchone()
    assert granted == []


def test_each_migrate_grants_exactly_what_is_needed(two_roles: Portal) -> None:
    """So also after a release that freezes another table: the grants follow the guards."""
    with connect_postgresql(two_roles.database_url) as superuser:
        superuser.execute("GRANT ALL ON uploads_auditevent, uploads_delivery TO cgportal_app")
    two_roles.env["DATABASE_URL"] = two_roles.env["DATABASE_URL"].replace("cgportal_app", "cgportal_owner")
    done = two_roles.manage("migrate", "--verbosity", "0")
    assert done.returncode == 0, done.stderr
    rights = two_roles.sql(
        "SELECT table_name, string_agg(privilege_type, ' ' ORDER BY privilege_type) FROM"
        " information_schema.table_privileges WHERE grantee = 'cgportal_app'"
        " AND table_name IN ('uploads_auditevent', 'uploads_attempt', 'uploads_delivery') GROUP BY 1 ORDER BY 1"
    )
    assert rights == [
        ("uploads_attempt", "INSERT SELECT UPDATE"),
        ("uploads_auditevent", "INSERT SELECT"),
        ("uploads_delivery", "DELETE INSERT SELECT UPDATE"),
    ]
