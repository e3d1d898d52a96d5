"""The one command of the image: `web`, `worker`, `healthy`, or any command of manage.py (for example `migrate`)."""

import os
import sys
import urllib.request
from pathlib import Path

from . import environment

WEB = ["gunicorn", "--config", "python:cgportal.gunicorn", "cgportal.wsgi"]
MANAGE = [sys.executable, "manage.py"]
#: Where things are in the image. Not ENV of the image: a copied .env.example sets them to nothing.
PLACES = {"VAR_DIR": "/var/lib/cgportal", "STATIC_ROOT": "/app/collected", "PORT": "8000"}
DEFAULTS = PLACES | {"LOG_FORMAT": "json"}  # a container's log is for machines


def main(arguments: list[str]) -> int:
    """Become the process that was asked for, so that it gets the container's signals itself."""
    os.environ.update({name: place for name, place in DEFAULTS.items() if not os.environ.get(name)})
    match arguments:
        case ["web"]:
            command = WEB
        case ["healthy"]:
            return 0 if _healthy() else 1
        case [_, *_]:
            command = [*MANAGE, *arguments]
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


def _healthy() -> bool:
    """Whether the container's first process does its work: the web can take entries, or the worker gets on."""
    first = Path("/proc/1/cmdline").read_bytes().split(b"\0")
    return worker_works() if b"worker" in first else web_answers()


def web_answers() -> bool:
    """Whether the web process of this container is ready. It is asked under a name that it answers to."""
    port = os.environ.get("PORT") or "8000"
    host = environment.names("ALLOWED_HOSTS", "localhost")[0].lstrip(".").replace("*", "localhost")
    request = urllib.request.Request(f"http://127.0.0.1:{port}/readyz", headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=8) as reply:  # noqa: S310 - the address is our own
            return bool(reply.status == 200)
    except OSError:  # no answer, or one that says no
        return False


def worker_works() -> bool:
    """Whether a worker of this container gives signs of life and gets on; False too if the database is away."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cgportal.settings")
    django.setup()
    from django.db import Error

    from uploads import readiness

    try:
        return readiness.worker_works()
    except Error:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
