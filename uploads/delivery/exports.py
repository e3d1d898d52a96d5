"""Looking after the files of results that managers ask for: a side job that looks at their table.

They are prepared in a process of their own: a million results keep a processor busy for minutes, and deliveries share
the interpreter of the worker. Should that process die, the next look finds its file and starts another.
"""

import subprocess
import sys

from django.conf import settings

from ..models import ExportFile

COMMAND = (sys.executable, str(settings.BASE_DIR / "manage.py"), "make_exports")

_children: list[subprocess.Popen[bytes]] = []


def look_after() -> None:
    """Remove what has expired; have prepared what is due, one process at a time."""
    ExportFile.objects.tidy_up()
    _children[:] = [child for child in _children if child.poll() is None]
    if not _children and ExportFile.objects.due().exists():
        _children.append(subprocess.Popen(COMMAND, cwd=settings.BASE_DIR))  # noqa: S603 - our own command
