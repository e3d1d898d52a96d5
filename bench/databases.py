"""Databases that live only as long as a measurement, with a backlog that is made once and copied for each run."""

import glob
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import machine
import psycopg

HERE = Path(__file__).resolve().parent


class Database(Protocol):
    def cpu_seconds(self) -> float:
        """What a server of its own has used so far."""

    def fresh(self) -> str:
        """A new copy of the backlog; gives its DATABASE_URL."""

    def select(self, query: str) -> tuple[int, ...]:
        """The one row of whole numbers that a query finds in the newest copy."""


class Sqlite:
    def cpu_seconds(self) -> float:
        return 0.0  # it works inside the worker

    def __init__(self, home: Path, rows: int) -> None:
        self._home, self._copies = home, 0
        fill(f"sqlite:///{home}/backlog.sqlite3", home, rows)

    def fresh(self) -> str:
        self._copies += 1
        self._path = self._home / f"run{self._copies}.sqlite3"
        shutil.copy(self._home / "backlog.sqlite3", self._path)  # closed: its write-ahead log is gone
        return f"sqlite:///{self._path}"

    def select(self, query: str) -> tuple[int, ...]:
        connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
        try:
            return tuple(connection.execute(query).fetchone())
        finally:
            connection.close()


class Postgresql:
    def __init__(self, server: "Server", home: Path, rows: int) -> None:
        self._server, self._copies = server.url, 0
        self._process = server.process
        self._admin("CREATE DATABASE backlog")
        fill(f"{server.url}/backlog", home, rows)

    def cpu_seconds(self) -> float:
        return machine.cpu_seconds_below(self._process)

    def fresh(self) -> str:
        self._copies += 1
        self._name = f"run{self._copies}"
        self._admin(f"CREATE DATABASE {self._name} TEMPLATE backlog")
        self._admin("CHECKPOINT")  # what the copy left to write is not the run's to pay for
        return f"{self._server}/{self._name}"

    def select(self, query: str) -> tuple[int, ...]:
        with psycopg.connect(f"{self._server.replace('postgres:', 'postgresql:')}/{self._name}") as connection:
            return connection.execute(query.encode()).fetchone() or ()

    def _admin(self, statement: str) -> None:
        url = f"{self._server.replace('postgres:', 'postgresql:')}/postgres"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())


def fill(url: str, var: Path, rows: int) -> None:
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, str(HERE / "backlog.py"), str(rows)], env=environment(url, var), check=True
    )


def environment(database_url: str, var: Path, **variables: str) -> dict[str, str]:
    """The variables of a portal's process on this database."""
    return os.environ | {
        "SECRET_KEY": "measured-on-this-machine-only-0123456789",
        "DATABASE_URL": database_url,
        "VAR_DIR": str(var),
        "DEBUG": "false",
        **variables,
    }


class Server(NamedTuple):
    """A PostgreSQL server: its address without a database, and the number of its first process."""

    url: str
    process: int


@contextmanager
def postgresql_server(home: Path) -> Iterator[Server]:
    """A PostgreSQL of its own with its stock settings, so with fsync.

    Needs PostgreSQL's own programs (Debian: the package `postgresql`); it refuses to run as root, so root runs it
    as the user `postgres`.
    """
    found = [*sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True), shutil.which("initdb") or ""]
    if not found[0]:
        raise SystemExit("PostgreSQL's initdb was not found: install it, or measure with --database sqlite.")
    programs = Path(os.path.realpath(found[0])).parent
    as_user = []
    if os.geteuid() == 0:
        as_user = ["runuser", "-u", "postgres", "--"]
        shutil.chown(home, "postgres")
    data, port = home / "data", free_port()

    def run(program: str, *arguments: object) -> None:
        command = [*as_user, str(programs / program), "-D", str(data), *map(str, arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own commands

    run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
    place = f"-c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories={home}"
    run("pg_ctl", "-o", place, "-l", home / "log", "-w", "start")
    try:
        process = int((data / "postmaster.pid").read_text().splitlines()[0])
        yield Server(f"postgres://postgres@127.0.0.1:{port}", process)
    finally:
        run("pg_ctl", "-m", "immediate", "stop")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
