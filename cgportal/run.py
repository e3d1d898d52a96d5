"""`make run`: the whole portal on one machine, in the foreground: simulator, worker and web.

Variables that are set already win. With CUSTOMERGAUGE_URL set there is no simulator and nothing invented.
State lives under VAR_DIR. SIGINT or SIGTERM stops everything; a process that dies is started again.
"""

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import environ

ROOT = Path(__file__).resolve().parent.parent
PRACTICE_KEY = "practice-key"
STOP_WITHIN = 45.0  # seconds: longer than the deadline of a call under way
GIVE_UP_AFTER = 3  # starts in a row that lasted less than this many seconds:
TOO_SHORT = 5.0


def main() -> int:
    """Prepare, start, and stay until told to stop; the exit status says whether that went well."""
    environ.Env.read_env(ROOT / ".env")
    port = _port()
    practice = not os.environ.get("CUSTOMERGAUGE_URL")
    simulator_port = _free_port(near=port + 1)
    _fill_environment(practice, simulator_port)
    _prepare(practice)
    manage = [sys.executable, "manage.py"]
    commands = {
        "worker": [*manage, "worker"],
        "web": [
            sys.executable, "-m", "gunicorn", "--config", "python:cgportal.gunicorn",
            "--bind", f"127.0.0.1:{port}", "cgportal.wsgi",
        ],
    }  # fmt: skip
    if practice:
        simulator = [*manage, "simulate_customergauge", "--port", str(simulator_port)]
        commands = {"simulator": simulator, **commands}
    _greet(port, practice)
    return Family(commands).watch()


class Family:
    """The processes of one portal: they start together, stop together, and the fallen are replaced."""

    def __init__(self, commands: dict[str, list[str]]) -> None:
        self._commands = commands
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._short_lives: dict[str, int] = dict.fromkeys(commands, 0)
        self._born: dict[str, float] = {}
        self._stopping = False

    def watch(self) -> int:
        """Start all, replace what dies, stop on a signal. 0 after a clean stop, 1 if one would not stay up."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask_to_stop)
        for name in self._commands:
            self._start(name)
        healthy = True
        while not self._stopping and healthy:
            time.sleep(0.2)
            healthy = all(map(self._look_after, self._commands))
        self._stop_all()
        return 0 if healthy else 1

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _start(self, name: str) -> None:
        self._born[name] = time.monotonic()
        # a group of its own: Ctrl-C reaches only this program, which then stops the others politely, one by one
        self._children[name] = subprocess.Popen(  # noqa: S603 - our own commands
            self._commands[name], cwd=ROOT, process_group=0, preexec_fn=_die_with_parent
        )

    def _look_after(self, name: str) -> bool:
        status = self._children[name].poll()
        if status is None or self._stopping:
            return True
        short = time.monotonic() - self._born[name] < TOO_SHORT
        self._short_lives[name] = self._short_lives[name] + 1 if short else 0
        if self._short_lives[name] >= GIVE_UP_AFTER:
            print(f"{name} does not stay up (exit {status}); stopping everything.", file=sys.stderr)
            return False
        print(f"{name} ended (exit {status}); starting it again.", file=sys.stderr)
        self._start(name)
        return True

    def _stop_all(self) -> None:
        # the simulator last: calls under way want their replies
        for name in reversed(self._commands):
            child = self._children[name]
            if child.poll() is None:
                child.terminate()
            try:
                child.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _die_with_parent() -> None:
    """In the child: if this program is killed, the kernel ends its children too (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG


def _port() -> int:
    value = os.environ.get("PORT") or "8000"
    if not value.isdigit() or not 1 <= int(value) <= 65535:
        raise SystemExit(f"PORT is “{value}”: write a number from 1 to 65535.")
    if not _is_free(int(value)):
        raise SystemExit(f"Port {value} is taken by another program: set PORT to a free one, for example PORT=8080.")
    return int(value)


def _free_port(near: int) -> int:
    if near <= 65535 and _is_free(near):
        return near
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _fill_environment(practice: bool, simulator_port: int) -> None:
    var = Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve()
    var.mkdir(parents=True, exist_ok=True)
    defaults = {
        "VAR_DIR": str(var),
        "SECRET_KEY": _kept_secret(var / "secret-key"),
        "AUDIT_SEAL_KEY": _kept_secret(var / "audit-seal-key"),
        "SUBMISSION_HOLD_SECONDS": "3",
        "HTTPS": "false",
        "DJANGO_SETTINGS_MODULE": "cgportal.settings",
        "PYTHONUNBUFFERED": "1",
    }
    if practice:
        defaults["CUSTOMERGAUGE_URL"] = f"http://127.0.0.1:{simulator_port}"
        defaults["CUSTOMERGAUGE_API_KEY"] = PRACTICE_KEY
    for name, value in defaults.items():
        if not os.environ.get(name):
            os.environ[name] = value


def _kept_secret(path: Path) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()


def _prepare(practice: bool) -> None:
    import django
    from django.core.management import CommandError, call_command

    os.chdir(ROOT)
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    try:
        call_command("demo", past=200 if practice else 0)
    except CommandError as refusal:
        print(refusal)  # a portal in use keeps its own people


def _greet(port: int, practice: bool) -> None:
    password = os.environ.get("DEMO_PASSWORD") or "demo"
    print(f"\n  cgportal      http://localhost:{port}/")
    print(f"  accounts      agent, agent2, manager, admin (password: {password})")
    target = os.environ["CUSTOMERGAUGE_URL"]
    print(f"  delivers to   {target}{'  (the simulator; open it to make it misbehave)' if practice else ''}")
    print("  stop with     Ctrl-C\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
