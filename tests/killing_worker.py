"""A worker that ends itself with SIGKILL at its k-th step: database statements, connects, sends and receives count.

    KILL_AT=k python -m tests.killing_worker

Steps are counted from the first claim on.
For tests only: the product has no crash code. Without KILL_AT (or beyond the last step) it works like the worker.
"""

import itertools
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

import django

KILL_AT = int(os.environ.get("KILL_AT") or 0)
_steps = itertools.count(1)
_lock = threading.Lock()
_counting = threading.Event()


def step() -> None:
    with _lock:
        if _counting.is_set() and next(_steps) == KILL_AT:
            os.kill(os.getpid(), signal.SIGKILL)


def counted(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    if sql.startswith('INSERT INTO "uploads_attempt"'):
        _counting.set()  # the first write of a claim; what comes before it has touched no row
    step()
    result = execute(sql, params, many, context)
    step()
    return result


class CountingSocket(socket.socket):
    """Connecting, sending and receiving are steps too, before and after."""

    def connect(self, address: Any) -> None:
        step()
        super().connect(address)
        step()

    def sendall(self, *args: Any) -> None:
        step()
        super().sendall(*args)
        step()

    def recv_into(self, *args: Any) -> int:
        step()
        return super().recv_into(*args)


def main() -> None:
    django.setup()
    from django.db import connection

    from uploads.delivery.worker import WorkerProcess

    socket.socket = CountingSocket  # type: ignore[misc]
    with connection.execute_wrapper(counted):
        WorkerProcess().run()


if __name__ == "__main__":
    main()
