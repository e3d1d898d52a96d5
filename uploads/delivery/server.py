"""How to reach the portal's own PostgreSQL with a connection that is not Django's."""

from typing import Any

from django.db import connection

#: What Django adds for its own cursors.
DJANGOS_OWN = frozenset({"cursor_factory", "context", "prepare_threshold", "pool"})


def parameters() -> dict[str, Any]:
    """psycopg's connection parameters, as DATABASE_URL names them: sslmode and certificates included."""
    return {name: value for name, value in connection.get_connection_params().items() if name not in DJANGOS_OWN}
