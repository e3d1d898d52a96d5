"""Triggers with which the database itself refuses to change or delete what is written once.

Generated from one table for SQLite and PostgreSQL, installed after each migrate (SQLite drops triggers
silently when a migration rebuilds a table) and looked for by the readiness page.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

#: Table → the condition under which a row is frozen (None: always).
FROZEN: dict[str, str | None] = {
    "uploads_submission": None,
    "uploads_attempt": "OLD.ended_at IS NOT NULL",
    "uploads_auditevent": None,
    "uploads_auditpayload": None,
}
KEYS = {"uploads_auditpayload": "event_id"}
REFUSAL = "rows of {table} are written once"


def names(table: str, vendor: str) -> list[str]:
    """The triggers that guard a table."""
    third = "no_replace" if vendor == "sqlite" else "no_truncate"
    return [f"{table}_{kind}" for kind in ("no_update", "no_delete", third)]


def install(using: str = "default", **_signal: Any) -> None:
    """Put every guard in place, replacing what is there."""
    connection = connections[using]
    present = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table in FROZEN.keys() & present:
            for statement in _statements(table, connection.vendor):
                cursor.execute(statement)


def remove(using: str = "default") -> None:
    """Take the guards away: for a test database that must be emptied, and for nothing else."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for table in FROZEN:
            for name in names(table, connection.vendor):
                on_table = "" if connection.vendor == "sqlite" else f" ON {table}"
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")


def missing(using: str = "default") -> list[str]:
    """The names of guards that should exist and do not, or that somebody has disabled."""
    connection = connections[using]
    expected = {name for table in FROZEN for name in names(table, connection.vendor)}
    return sorted(expected - _present(connection))


def _present(connection: BaseDatabaseWrapper) -> set[str]:
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {name for (name,) in cursor.fetchall()}


def _statements(table: str, vendor: str) -> list[str]:
    no_update, no_delete, third = names(table, vendor)
    refusal = REFUSAL.format(table=table)
    frozen = FROZEN[table]
    when = f"WHEN ({frozen})" if frozen else ""
    if vendor == "sqlite":
        key = KEYS.get(table, "id")
        refuse = f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        drops = [f"DROP TRIGGER IF EXISTS {name}" for name in (no_update, no_delete, third)]
        return [
            *drops,
            f"CREATE TRIGGER {no_update} BEFORE UPDATE ON {table} {when} {refuse}",
            f"CREATE TRIGGER {no_delete} BEFORE DELETE ON {table} {refuse}",
            # INSERT OR REPLACE deletes the old row without asking the trigger on DELETE
            f"CREATE TRIGGER {third} BEFORE INSERT ON {table}"  # noqa: S608 - every name is from the table above
            f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) {refuse}",
        ]
    function = "cgportal_refuse"
    triggers = [
        (no_update, f"BEFORE UPDATE ON {table} FOR EACH ROW {when}"),
        (no_delete, f"BEFORE DELETE ON {table} FOR EACH ROW"),
        (third, f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"),
    ]
    statements = [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'rows of % are written once', TG_TABLE_NAME; END $$"
    ]
    for name, event in triggers:
        statements += [
            f"CREATE OR REPLACE TRIGGER {name} {event} EXECUTE FUNCTION {function}()",
            # ALWAYS: an ordinary trigger sleeps under session_replication_role = replica
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        ]
    return statements
