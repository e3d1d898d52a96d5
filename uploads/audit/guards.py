"""Triggers with which the database itself refuses to change or delete what is written once.

Generated from one table for SQLite and PostgreSQL, installed after each migrate (SQLite drops triggers
silently when a migration rebuilds a table) and looked for by the readiness page. The exceptions, for what is erased or
was kept for its time, are in `erasable`.
"""

from typing import Any

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from . import erasable

#: Table → the condition under which a row is frozen (None: always).
FROZEN: dict[str, str | None] = {
    "uploads_submission": None,
    "uploads_caseupdate": None,
    "uploads_attempt": "OLD.ended_at IS NOT NULL OR NEW.id <> OLD.id",
    "uploads_auditevent": None,
    "uploads_auditpayload": None,
    "uploads_auditseal": None,
    "uploads_erasure": None,
    "uploads_pruning": None,
    "uploads_remark": None,
}
FUNCTION = "cgportal_refuse"
REFUSAL = "rows of {table} are written once"
#: PostgreSQL: waits until nobody has unfinished writes in the audit log, and keeps others from beginning any until the
#: caller commits. With the rights of the owner: who may only insert may not lock. The waiting lock holds up writers
#: behind it, hence the short timeout.
SEAL_LOCK = "cgportal_seal_lock"
_SEAL_LOCK = """
CREATE OR REPLACE FUNCTION {name}() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms'
AS $$ BEGIN LOCK TABLE {schema}.uploads_auditevent IN SHARE MODE; END $$
"""


def names(table: str, vendor: str) -> list[str]:
    """The triggers that guard a table."""
    third = "no_replace" if vendor == "sqlite" else "no_truncate"
    return [f"{table}_{kind}" for kind in ("no_update", "no_delete", third)]


def install(using: str = "default", **_signal: Any) -> None:
    """Put every guard in place, replacing what is there; not halfway through the migrations, as guards name tables."""
    connection = connections[using]
    if not FROZEN.keys() <= set(connection.introspection.table_names()):
        return
    if connection.in_atomic_block:
        connection.check_constraints()  # PostgreSQL alters no table that has deferred checks to do
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql"
                f" SET search_path = pg_catalog, pg_temp AS $${_function_body(_schema(cursor))}$$"
            )
        for table in FROZEN:
            for statement in _statements(table, connection.vendor):
                cursor.execute(statement)
        if connection.vendor == "postgresql":
            schema = _schema(cursor)
            cursor.execute(_SEAL_LOCK.format(name=SEAL_LOCK, schema=schema))
            for statement in erasable.functions(f"{schema}."):
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
    """The names of guards that should exist and do not, or that somebody has disabled or hollowed out."""
    connection = connections[using]
    expected = {name for table in FROZEN for name in names(table, connection.vendor)}
    return sorted(expected - _intact(connection))


def _intact(connection: BaseDatabaseWrapper) -> set[str]:
    """The guards that are in force and do what they should."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            wanted = {statement for table in FROZEN for statement in _statements(table, "sqlite")}
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            return {name for name, sql in cursor.fetchall() if sql in wanted}
        cursor.execute(
            "SELECT tgname FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
            " WHERE NOT tgisinternal AND tgenabled = 'A' AND proname = %s AND prosrc = %s",
            [FUNCTION, _function_body(_schema(cursor))],
        )
        return {name for (name,) in cursor.fetchall()}


def _schema(cursor: Any) -> str:
    cursor.execute("SELECT quote_ident(current_schema())")
    return str(cursor.fetchone()[0])


def _function_body(schema: str) -> str:
    """PostgreSQL: refuses, unless the exception for this table and statement holds."""
    branches = [
        f"IF TG_TABLE_NAME = '{table}' AND TG_OP = '{operation}' THEN IF {allowed} THEN RETURN {row}; END IF; END IF; "
        for table in FROZEN
        for operation, row, allowed in (
            ("UPDATE", "NEW", erasable.update_allowed(table, "postgresql", f"{schema}.")),
            ("DELETE", "OLD", erasable.delete_allowed(table, "postgresql", f"{schema}.")),
        )
        if allowed
    ]
    return f" BEGIN {''.join(branches)}RAISE EXCEPTION 'rows of % are written once', TG_TABLE_NAME; END "


def _unique_columns(table: str) -> list[str]:
    """Every column by which REPLACE could find a row to throw out."""
    (model,) = [model for model in apps.get_models() if model._meta.db_table == table]
    return [str(field.column) for field in model._meta.concrete_fields if field.unique]


def _statements(table: str, vendor: str) -> list[str]:
    no_update, no_delete, third = names(table, vendor)
    refusal = REFUSAL.format(table=table)
    frozen = FROZEN[table]
    when = f"WHEN ({frozen})" if frozen else ""
    if vendor == "sqlite":
        may_change = erasable.update_allowed(table, vendor)
        may_go = erasable.delete_allowed(table, vendor)
        when = f"WHEN NOT ({may_change})" if may_change else when
        unless = f"WHEN NOT ({may_go})" if may_go else ""
        same = " OR ".join(f"{column} = NEW.{column}" for column in _unique_columns(table))
        refuse = f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        drops = [f"DROP TRIGGER IF EXISTS {name}" for name in (no_update, no_delete, third)]
        return [
            *drops,
            f"CREATE TRIGGER {no_update} BEFORE UPDATE ON {table} {when} {refuse}",
            f"CREATE TRIGGER {no_delete} BEFORE DELETE ON {table} {unless} {refuse}",
            # INSERT OR REPLACE deletes the old row without asking the trigger on DELETE
            f"CREATE TRIGGER {third} BEFORE INSERT ON {table}"  # noqa: S608 - every name is from the table above
            f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}",
        ]
    triggers = [
        (no_update, f"BEFORE UPDATE ON {table} FOR EACH ROW {when}"),
        (no_delete, f"BEFORE DELETE ON {table} FOR EACH ROW"),
        (third, f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"),
    ]
    statements = []
    for name, event in triggers:
        statements += [
            f"CREATE OR REPLACE TRIGGER {name} {event} EXECUTE FUNCTION {FUNCTION}()",
            # ALWAYS: an ordinary trigger sleeps under session_replication_role = replica
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        ]
    return statements
