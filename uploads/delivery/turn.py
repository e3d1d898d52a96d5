"""One process at a time: each waits its turn, and nothing secret is shared.

On PostgreSQL a turn is an advisory lock of the database, held by a connection of its own that has no transaction
open; on SQLite all processes stand on one machine, and a turn is a locked file.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.db import connection

from . import server

#: Names of the locks among those of the database: "cgtk" and "cgqu" as numbers.
TOKEN, QUEUE = 0x6367746B, 0x63677175
PATIENCE = 30  # seconds; longer than the deadline of a fetch


@contextmanager
def token_turn() -> Iterator[None]:
    """To fetch a token: wait for the turn and hold it for the block. Raises OSError if it cannot be had."""
    if connection.vendor != "postgresql":
        with (settings.VAR_DIR / "token.lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield
        return
    try:
        holder = _take(TOKEN)
    except psycopg.Error as error:
        raise OSError(f"no lock: {type(error).__name__}") from error
    with holder:
        yield


@contextmanager
def queue_turn() -> Iterator[None]:
    """To make the tables of the queue on PostgreSQL, where "if not exists" alone is a race. Raises psycopg.Error."""
    with _take(QUEUE):
        yield


def _take(lock: int) -> "psycopg.Connection[tuple[object, ...]]":
    holder = psycopg.connect(**server.parameters(), autocommit=True)
    holder.execute(f"SET lock_timeout = '{PATIENCE}s'")
    holder.execute("SELECT pg_advisory_lock(%s)", [lock])
    return holder
