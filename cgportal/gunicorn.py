"""How gunicorn serves the portal; it reads PORT itself. Threads and processes were chosen by measuring."""

import multiprocessing
import os

workers = multiprocessing.cpu_count()
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS") or 4)
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - gunicorn's heartbeat file, in memory
timeout = 60
graceful_timeout = 30
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
control_socket_disable = True  # it would stand open in the home directory
loglevel = "warning"
