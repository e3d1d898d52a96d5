"""How long the managers' pages take in a small and in a large database.

    python bench/history.py [--sizes 10000,1000000] [--database postgresql,sqlite] [--rounds 30]
    python bench/history.py --urls postgres://…/small,postgres://…/large

Fills databases of its own with `manage.py generate` (a million takes several minutes), or measures two that are there.
What is measured is the whole request inside the server, from the middleware to the last byte of the page, without the
network and the browser; every round asks for other rows.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
Times = dict[str, tuple[float, float]]
#: Goals: server time at the 95th percentile, and how much longer the large database may take.
MOST_MS, MOST_RATIO = 50, 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,1000000")
    parser.add_argument("--database", default="postgresql,sqlite")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--urls", help="two databases that `manage.py generate` has filled: small,large")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        sys.stdout.write(json.dumps(measure(options.rounds)))
        return
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ["VAR_DIR"] = str(home)
        manage(f"sqlite:///{home}/none.sqlite3", "collectstatic --noinput -v0")
        if options.urls:
            report("these databases", [measured(url, options.rounds) for url in options.urls.split(",")])
            return
        for kind in options.database.split(","):
            urls = [fill(address, int(size)) for size, address in made(kind, home, options.sizes.split(","), stack)]
            report(kind, [measured(url, options.rounds) for url in urls])


def made(kind: str, home: Path, sizes: list[str], stack: ExitStack) -> Iterator[tuple[str, str]]:
    """An empty database for each size."""
    if kind == "sqlite":
        yield from ((size, f"sqlite:///{home}/{size}.sqlite3") for size in sizes)
        return
    import psycopg
    from databases import postgresql_server

    home.chmod(0o755)
    server = stack.enter_context(postgresql_server(home))
    for size in sizes:
        with psycopg.connect(f"{server.url.replace('postgres:', 'postgresql:')}/postgres", autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE results{int(size)}".encode())
        yield size, f"{server.url}/results{size}"


def environment(url: str) -> dict[str, str]:
    return os.environ | {
        "SECRET_KEY": "measured-on-this-machine-only-0123456789",
        "DATABASE_URL": url,
        "CUSTOMERGAUGE_URL": "http://127.0.0.1:9",
        "CUSTOMERGAUGE_API_KEY": "for-measurements",
        "TIME_ZONE": "Europe/Amsterdam",
        "DEBUG": "false",
        "DJANGO_SETTINGS_MODULE": "cgportal.settings",
    }


def fill(url: str, size: int) -> str:
    for command in ("migrate -v0", f"generate --submissions {size}"):
        manage(url, command)
    return url


def manage(url: str, command: str) -> None:
    arguments = [sys.executable, str(ROOT / "manage.py"), *command.split()]
    subprocess.run(arguments, env=environment(url), check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def measured(url: str, rounds: int) -> Times:
    """Measured in a process of its own, so that nothing is shared but the machine."""
    command = [sys.executable, __file__, "--one", "yes", "--rounds", str(rounds)]
    found = subprocess.run(command, env=environment(url), check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return {name: (p50, p95) for name, (p50, p95) in json.loads(found.stdout.splitlines()[-1]).items()}


def measure(rounds: int) -> dict[str, tuple[float, float]]:
    """Milliseconds (median, 95th percentile) of each page."""
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    client.force_login(
        User.objects.get(username="invented-manager-01"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    choose = random.Random(5)  # noqa: S311 - which rows are asked for
    asked = pages(choose)
    took: dict[str, list[float]] = {name: [] for name in asked}
    for turn in range(rounds + 2):
        for name, address in asked.items():
            path = address()
            start = time.perf_counter()
            response = client.get(path, secure=False)
            spent = 1000 * (time.perf_counter() - start)
            if response.status_code != 200:
                raise SystemExit(f"{name}: {path} answered {response.status_code}")
            if turn >= 2:
                took[name].append(spent)
    return {name: (median(times), sorted(times)[int(0.95 * (len(times) - 1))]) for name, times in took.items()}


def pages(choose: random.Random) -> dict[str, Callable[[], str]]:
    """Name → what gives the next address."""
    from urllib.parse import urlencode

    from uploads.history.pages import Cursor
    from uploads.models import ReasonCode, Submission

    total = Submission.objects.order_by("-pk").values_list("pk", flat=True)[0]
    codes = list(ReasonCode.objects.exclude(parent=None).values_list("code", flat=True))

    def row() -> Submission:
        return Submission.objects.select_related("delivery").get(pk=choose.randint(1, total))

    def value(key: str) -> str:
        return next(str(field["value"]) for field in row().customer if field["key"] == key)

    def history(**asked: Any) -> Callable[[], str]:
        return lambda: "/history/?" + urlencode({name: a() if callable(a) else a for name, a in asked.items()})

    def word() -> str:
        found = [text for text in row().comment.split() if text.isalpha() and len(text) > 4]
        return choose.choice(found) if found else "manager"

    def month() -> str:
        day = row().created_at
        return f"/history/?since={day:%Y-%m-01}&until={day:%Y-%m-28}"

    return {
        "list": history(),
        "list, anywhere": history(before=lambda: Cursor.of(row())),
        **{f"state {s}": history(state=s) for s in ("delivered", "failed", "unconfirmed", "rejected", "cancelled")},
        "one month": month,
        "agent": history(agent=lambda: f"invented-agent-{choose.randint(1, 24):02}"),
        **{f"band {band}": history(band=band) for band in ("promoter", "passive", "detractor")},
        "reason": history(reason=lambda: choose.choice(codes)),
        "workflow status": history(workflow="CLOSED"),
        "contact": history(contact="Y"),
        "CG number": history(cg=lambda: row().delivery.cg_id or "900001"),
        "error code": history(code="300004"),
        "search: a word": history(q=word),
        "search: no such word": history(q="zzyzx"),
        "search: a surname": history(q=lambda: value("LastName")),
        "search: an e-mail": history(q=lambda: value("Email")),
        "search: a number": history(q=lambda: value("CustomerNumber")),
        "search: the short id": history(q=lambda: row().short_id),
        "detail": lambda: f"/history/{row().uuid}/",
        "trends": lambda: "/trends/",
        "trends, a year": lambda: f"/trends/?{_since(364)}",
        "trends, 24 months": lambda: f"/trends/?{_since(700)}&by=month",
        "trends, one agent": lambda: f"/trends/?{_since(364)}&agent=invented-agent-{choose.randint(1, 24):02}",
        "trends, one band": lambda: f"/trends/?{_since(364)}&band=detractor",
        "trends, contact (counted)": lambda: "/trends/?contact=Y",
    }


def _since(days: int) -> str:
    from datetime import timedelta

    from django.utils import timezone

    return f"since={timezone.localdate() - timedelta(days=days)}"


def report(kind: str, found: list[Times]) -> None:
    small, large = found
    lines = [f"\n{kind}: milliseconds of server time\n"]
    lines += ["| page | small p50 | p95 | large p50 | p95 | ratio of p50 | |", "|---|---|---|---|---|---|---|"]
    for name, (p50, p95) in small.items():
        big50, big95 = large[name]
        missed = "" if big95 <= MOST_MS and big50 <= MOST_RATIO * p50 else "✗"
        lines.append(f"| {name} | {p50:.1f} | {p95:.1f} | {big50:.1f} | {big95:.1f} | {big50 / p50:.2f} | {missed} |")
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
