"""How gunicorn serves the portal. Threads and processes were chosen by measuring."""

import multiprocessing
import os
from pathlib import Path

from . import environment

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
