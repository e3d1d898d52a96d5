"""One token fetch at a time, across all worker processes: each waits its turn, and nothing secret is shared.

On PostgreSQL the turn is an advisory lock of the database, held by a connection of its own that has no transaction
open; on SQLite all processes stand on one machine, and the turn is a locked file.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.db import connection

from . import server

#: Names the lock among those of the database: "cgtk" as a number.
LOCK = 0x6367746B
PATIENCE = 30  # seconds; longer than the deadline of a fetch


@contextmanager
def token_turn() -> Iterator[None]:
    """Wait for the turn and hold it for the block. Raises OSError if it cannot be had."""
    with _advisory() if connection.vendor == "postgresql" else _file():
        yield


@contextmanager
def _advisory() -> Iterator[None]:
    try:
        holder = psycopg.connect(**server.parameters(), autocommit=True)
        holder.execute(f"SET lock_timeout = '{PATIENCE}s'")
        holder.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    except psycopg.Error as error:
        raise OSError(f"no lock: {type(error).__name__}") from error
    try:
        yield
    finally:
        holder.close()


@contextmanager
def _file() -> Iterator[None]:
    with (settings.VAR_DIR / "token.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield
