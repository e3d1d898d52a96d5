"""Commands in processes of their own, with low priority, for work that keeps a processor busy for minutes.

Deliveries share the interpreter of the worker. Should such a process die, the table it works on tells the next one.
"""

import os
import subprocess
import sys

from django.conf import settings

MANAGE = (sys.executable, str(settings.BASE_DIR / "manage.py"))
NICE = 10  # deliveries and the pages of the portal come first


class Background:
    """One `manage.py` command, at most once at a time in the name of this process."""

    def __init__(self, *command: str) -> None:
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def busy(self) -> bool:
        """Whether it still runs."""
        return self._child is not None and self._child.poll() is None

    def start(self, *arguments: str) -> None:
        """Begin it, unless it is busy."""
        if not self.busy:
            command = (*MANAGE, *self._command, *arguments)
            self._child = subprocess.Popen(command, cwd=settings.BASE_DIR)  # noqa: S603 - our own command
            os.setpriority(os.PRIO_PROCESS, self._child.pid, NICE)
