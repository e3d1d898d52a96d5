"""How gunicorn serves the portal. Threads and processes were chosen by measuring."""

import multiprocessing
import os
import threading
from pathlib import Path
from typing import Any

from . import environment, garbage, logs

environment.env.read_env(Path(__file__).resolve().parent.parent / ".env")
bind = f"0.0.0.0:{environment.whole_number('PORT', 8000, 1, 65535)}"
workers = multiprocessing.cpu_count()
worker_class = "gthread"
threads = environment.whole_number("WEB_THREADS", 4, 1, 64)
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - gunicorn's heartbeat file, in memory
timeout = 60
graceful_timeout = 30
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
control_socket_disable = True  # it would stand open in the home directory
loglevel = "warning"
logconfig_dict = logs.config(environment.one_of("LOG_FORMAT", logs.FORMATS))


stopping = threading.Event()


def post_worker_init(worker: Any) -> None:
    """In each web process, once Django is there: look now and then whether anything is wrong, worker or no worker."""
    from uploads.alerts.watch import patrol

    logs.catch_the_uncaught()
    worker.patrol = patrol(stopping)
    garbage.look_seldom()


def worker_exit(server: Any, worker: Any) -> None:
    """Let a look that is under way come to its end."""
    stopping.set()
    if hasattr(worker, "patrol"):
        worker.patrol.join(timeout=20)
