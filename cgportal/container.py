"""The one command of the image: `web`, `worker`, `healthy`, or any command of manage.py (for example `migrate`)."""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

WEB = ["gunicorn", "--config", "python:cgportal.gunicorn", "cgportal.wsgi"]
MANAGE = [sys.executable, "manage.py"]


def main(arguments: list[str]) -> int:
    """Become the process that was asked for, so that it gets the container's signals itself."""
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
    """Whether the container's first process does its work: the web answers, or the worker gives signs of life."""
    first = Path("/proc/1/cmdline").read_bytes().split(b"\0")
    return _worker_lives() if b"worker" in first else _web_answers()


def _web_answers() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{os.environ.get('PORT') or 8000}/readyz", timeout=4) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _worker_lives() -> bool:
    import socket

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cgportal.settings")
    django.setup()
    from uploads.models import Worker

    return Worker.objects.heard_of().filter(name__startswith=f"{socket.gethostname()}:").exists()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
