"""Run a command with TEST_DATABASE_URL naming a PostgreSQL server that lives only as long as the command.

    python3 tests/with_postgresql.py make test

Needs PostgreSQL's own programs (Debian: the package `postgresql`). The server keeps its data in a temporary
directory and listens on this machine only, on a port of its own.
"""

import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path


def main(command: list[str]) -> int:
    """Start a server, run the command, stop the server; gives the command's exit status."""
    programs = find_programs()
    home = Path(tempfile.mkdtemp(prefix="cgportal-pg-"))
    as_user = become_postgres(home) if os.geteuid() == 0 else []
    data = home / "data"
    try:
        run([*as_user, programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])
        port = free_port()
        # Nobody pulls the plug of a test server: without fsync it is several times faster. It does not live long enough
        # to need housekeeping, whose locks come at any moment.
        place = f"-c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories={home}"
        options = f"{place} -c max_connections=200 -c fsync=off -c autovacuum=off"
        run([*as_user, programs / "pg_ctl", "-D", data, "-o", options, "-l", home / "log", "-w", "start"])
        try:
            url = f"postgres://postgres@127.0.0.1:{port}/postgres"
            return subprocess.run(command, env=os.environ | {"TEST_DATABASE_URL": url}).returncode
        finally:
            run([*as_user, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(home, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def find_programs() -> Path:
    """Where initdb and pg_ctl are: Debian keeps them out of the PATH, one directory per version."""
    places = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    for place in [*places, *([os.path.dirname(os.path.realpath(on_path))] if on_path else [])]:
        if Path(place, "initdb").exists() and Path(place, "pg_ctl").exists():
            return Path(place)
    raise SystemExit("PostgreSQL's initdb was not found: install it (Debian: apt install postgresql).")


def become_postgres(home: Path) -> list[str]:
    """PostgreSQL refuses to run as root: the command prefix that runs it as its own user."""
    shutil.chown(home, "postgres")
    home.chmod(0o755)
    return ["runuser", "-u", "postgres", "--"]


def run(command: list[str | Path]) -> None:
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
