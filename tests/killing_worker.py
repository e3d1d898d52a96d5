"""Workers that end themselves with SIGKILL at their k-th step: database statements, connects, sends and receives count.

    python -m tests.killing_worker < orders

For tests only: the product has no crash code. An order is one line of JSON: {"database": "a file", "kill_at": 7,
"variables": {…}}. For each, a fresh worker process is forked and its number told, then its exit status when it has
ended. Steps are counted from its first claim or look-up on; with kill_at 0 it works like any worker.

One process that has read all modules forks the workers, because starting one from nothing takes longer than it lives.
"""

import itertools
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import django

_steps = itertools.count(1)
_kill_at = 0
_lock = threading.Lock()
_counting = threading.Event()

#: The first write of a claim or a look-up; what comes before it has touched no row.
FIRST_WRITES = ('INSERT INTO "uploads_attempt"', 'UPDATE "uploads_delivery" SET')


def step() -> None:
    with _lock:
        if _counting.is_set() and next(_steps) == _kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def counted(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    if sql.startswith(FIRST_WRITES):
        _counting.set()
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


def work(order: dict[str, Any]) -> None:
    """Be the worker of this order; returns when it was told to stop.

    A stop that is told before the worker listens waits until it does.
    """
    global _kill_at
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    _kill_at = order["kill_at"]
    from django.conf import settings
    from django.db import connection

    for name, value in order["variables"].items():
        setattr(settings, name, value)
    connection.settings_dict["NAME"] = order["database"]
    from uploads.delivery.worker import WorkerProcess

    socket.socket = CountingSocket  # type: ignore[misc]
    with connection.execute_wrapper(counted):
        WorkerProcess().run()


def fork(order: dict[str, Any]) -> int:
    """A worker in a process of its own; gives its number."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.dup2(2, 1)  # standard output is for the numbers
        work(order)
        os._exit(0)
    except BaseException:  # noqa: BLE001 - a child must never go on in its parent's loop
        sys.excepthook(*sys.exc_info())
        os._exit(1)


def main() -> None:
    django.setup()
    # all but the worker itself: it opens the queue of side jobs, and a fork must not inherit open databases
    import huey.consumer  # noqa: F401

    import uploads.delivery.loop  # noqa: F401

    for line in sys.stdin:
        pid = fork(json.loads(line))
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
