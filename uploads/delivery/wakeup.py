"""Hints that the outbox may hold something new. A hint may be lost at any moment; the loop's tick never is."""

import logging
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connection

from . import server

log = logging.getLogger(__name__)
CHANNEL = "cgportal_due"  # entry/submit.py notifies it in the transaction that saves
LOOK_EVERY = 0.02  # seconds between looks at SQLite's change counter; a look reads no table
RECONNECT_AFTER = 5.0  # seconds


def watch(hint: Callable[[], None], stop: threading.Event) -> threading.Thread:
    """Call `hint` whenever somebody may have saved something, in a thread of its own, until `stop` is set."""
    watcher = _watch_postgresql if connection.vendor == "postgresql" else _watch_sqlite
    params = server.parameters()
    thread = threading.Thread(target=_again, args=(watcher, params, hint, stop), name="wakeup", daemon=True)
    thread.start()
    return thread


def _again(
    watcher: Callable[..., None], params: dict[str, Any], hint: Callable[[], None], stop: threading.Event
) -> None:
    while not stop.is_set():
        try:
            watcher(params, hint, stop)
        except (psycopg.Error, sqlite3.Error) as error:
            log.warning("wake-ups are late until the database answers again: %s", type(error).__name__)
            stop.wait(RECONNECT_AFTER)


def _watch_postgresql(params: dict[str, Any], hint: Callable[[], None], stop: threading.Event) -> None:
    with psycopg.connect(**params, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        hint()  # what came while nobody listened
        while not stop.is_set():
            for _notice in listener.notifies(timeout=1.0, stop_after=1):
                hint()


def _watch_sqlite(params: dict[str, Any], hint: Callable[[], None], stop: threading.Event) -> None:
    seen = None
    watcher = sqlite3.connect(params["database"], uri=bool(params.get("uri")), timeout=1.0)
    try:
        while not stop.wait(LOOK_EVERY):
            (version,) = watcher.execute("PRAGMA data_version").fetchone()
            if version != seen:
                seen = version
                hint()
    finally:
        watcher.close()
