"""A PostgreSQL server of a test's own, which may be treated badly."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import with_postgresql as programs


class Server:
    """Listens on this machine only, on a port of its own. Without PostgreSQL's programs SystemExit is raised."""

    def __init__(self, home: Path) -> None:
        self._bin = programs.find_programs()
        self._user = programs.become_postgres(home) if os.geteuid() == 0 else []
        self._home, self._port = home, programs.free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        # processes die here, not machines: what was written is there again without fsync, and several times sooner
        options = f"-c listen_addresses=127.0.0.1 -p {self._port} -c unix_socket_directories={self._home}"
        self._control("start", "-o", f"{options} -c max_connections=200 -c fsync=off", "-l", self._home / "log")

    def crash(self) -> None:
        """End every process of it at once, as a crash does, and start it again; returns when it answers."""
        self._control("restart", "-m", "immediate", "-l", self._home / "log")

    def stop(self) -> None:
        self._control("stop", "-m", "immediate")

    def _control(self, *arguments: Any) -> None:
        self._run("pg_ctl", "-w", *arguments)

    def _run(self, program: str, *arguments: Any) -> None:
        programs.run([*self._user, self._bin / program, "-D", self._home / "data", *arguments])


@contextmanager
def server() -> Iterator[Server]:
    """A running server that is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="cgportal-pg-"))
    try:
        here = Server(home)
        here.start()
        try:
            yield here
        finally:
            here.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def is_installed() -> bool:
    try:
        programs.find_programs()
    except SystemExit:
        return False
    return True
