"""A limit for questions that read much: a page that takes too long is of no use, and keeps others waiting."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection, transaction

#: SQLite asks so often (in steps of its machine) whether to go on.
STEPS = 50_000


class TooSlow(Exception):
    """The database did not answer in time."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Read from the database for so long at most. Raises TooSlow; the answers must be fetched within the block."""
    end = time.monotonic() + seconds
    try:
        if connection.vendor == "sqlite":
            yield from _sqlite(end)
        else:
            yield from _postgresql(seconds)
    except OperationalError as error:
        if time.monotonic() < end:
            raise
        raise TooSlow from error


def _sqlite(end: float) -> Iterator[None]:
    connection.ensure_connection()
    machine: Any = connection.connection
    machine.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    try:
        yield
    finally:
        machine.set_progress_handler(None, STEPS)


def _postgresql(seconds: float) -> Iterator[None]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            # a page is a few rows: starting helpers takes longer than reading them
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true),"
                " set_config('max_parallel_workers_per_gather', '0', true)",
                [str(int(seconds * 1000))],
            )
        yield
        with connection.cursor() as cursor:  # a transaction around this one goes on without the limit
            cursor.execute(
                "SET LOCAL statement_timeout TO DEFAULT; SET LOCAL max_parallel_workers_per_gather TO DEFAULT"
            )
