"""PostgreSQL with two roles: one owns the tables and migrates, the other runs the portal with no more than it needs.

Who runs the portal then can neither change what is written once nor take the guards away. The roles are made by
docs/postgresql_roles.sql; without them there is one role for everything, and nothing here applies.
"""

from typing import Any

from django.db import connections

from .erasable import ERASER, PRUNER
from .guards import FROZEN, SEAL_LOCK

APPLICATION = "cgportal_app"


def grant(using: str = "default", **_signal: Any) -> None:
    """After each migrate: the application's role has exactly the rights it needs, on every table there is."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        # whoever runs the portal with its own role and migrates has nothing to give
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [APPLICATION])
        if not cursor.fetchone():
            return
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
            " AND relkind IN ('r', 'p') AND pg_has_role(current_user, relowner, 'USAGE')"
        )
        for (table,) in cursor.fetchall():
            name = connection.ops.quote_name(table)
            cursor.execute(f"REVOKE ALL ON {name} FROM {APPLICATION}, PUBLIC")
            cursor.execute(f"GRANT {rights(table)} ON {name} TO {APPLICATION}")
        for function in (f"{SEAL_LOCK}()", f"{ERASER}(bigint)", f"{PRUNER}(bigint[], boolean)"):
            cursor.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
            cursor.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {APPLICATION}")


def rights(table: str) -> str:
    """What the application may do to a table."""
    if table not in FROZEN:
        return "SELECT, INSERT, UPDATE, DELETE"
    # a table with a condition has rows that are not frozen yet
    return "SELECT, INSERT, UPDATE" if FROZEN[table] else "SELECT, INSERT"


def excess(using: str = "default") -> list[str]:
    """The frozen tables that the role of this connection could change if it took the guards away first, or could
    take the guards from. Empty on SQLite, where whoever has the file can do anything."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE oid = ANY (%s::regclass[])"
            " AND (pg_has_role(current_user, relowner, 'USAGE')"
            " OR has_table_privilege(oid, 'DELETE') OR has_table_privilege(oid, 'TRUNCATE'))"
            " ORDER BY relname",
            [list(FROZEN)],
        )
        return [name for (name,) in cursor.fetchall()]
