"""What machines ask: does this process live, can it take entries, and does that worker do its work?"""

import socket

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from .alerts.situation import Situation
from .audit import guards


@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_GET
def ready(request: HttpRequest) -> JsonResponse:
    """200 if entries can be taken: the database is there, migrated and guarded; else 503. JSON names the checks.

    `workers` and `sending` are for information: entries are safe without them, so they decide nothing here.
    """
    checks = {"database": False, "migrations": False, "guards": False}
    delivery: dict[str, object] = {"workers": None, "sending": None}
    try:
        executor = MigrationExecutor(connection)
        checks["database"] = True
        checks["migrations"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        checks["guards"] = not guards.missing()
        if checks["migrations"]:
            delivery = _delivery(Situation())
    except Error:
        pass  # what is not known to be fine is reported as not fine
    return JsonResponse(
        {"ready": all(checks.values()), **checks, **delivery}, status=200 if all(checks.values()) else 503
    )


def _delivery(now: Situation) -> dict[str, object]:
    stops = {
        "no_worker": not now.heard_of,
        "paused": now.channel.paused,
        "out_of_reach": now.channel.breaks > 0,
        "stuck": now.stuck(now.heard_of),
    }
    return {"workers": len(now.heard_of), "sending": next((why for why, so in stops.items() if so), "going")}


def worker_works(host: str = "") -> bool:
    """Whether a worker on this machine gives signs of life, and gets on if there is work. Raises django.db.Error."""
    now = Situation()
    here = [worker for worker in now.heard_of if worker.name.startswith(f"{host or socket.gethostname()}:")]
    return bool(here) and not now.stuck(here)
