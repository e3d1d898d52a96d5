"""Is everything all right? For people (a page and a banner) and for machines (live, ready)."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from .audit import guards
from .customergauge import EVIDENCE
from .models import NEEDS_PERSON, Channel, Delivery, State, Worker
from .roles import HEALTH, PAUSE, REVIEW, may, required

#: Who ends a pause, and how. What is not listed needs an administrator to look at the settings.
WHO_ACTS = {
    "by_person": "A manager or an administrator resumes it on the health page.",
    "credential_refused": "An administrator must set a valid key, restart the worker, and resume.",
    "token_refused": "An administrator must set a valid client id and secret, restart the worker, and resume.",
    "forbidden": "An administrator must ask CustomerGauge or the network team why access is forbidden, and resume.",
    "certificate": "An administrator must find out who answers at that address before anything is sent; then resume.",
    "refused_repeatedly": "An administrator must correct the fields or lists that CustomerGauge refuses, and resume.",
}
OWN_CAUSES = {
    "by_person": "Somebody paused it.",
    "refused_repeatedly": "CustomerGauge refused several results in a row for the same reason.",
}
SOMEBODY_ACTS = "An administrator must correct the address in the settings, restart the worker, and resume."


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that stops deliveries: what it is, since when, and (for a pause) the cause and who must act."""

    kind: str
    since: datetime | None
    what: str = ""
    who: str = ""


def cause_of_pause(evidence: str) -> tuple[str, str]:
    """Why sending is paused, and who must act: two sentences for people."""
    if evidence in OWN_CAUSES:
        return OWN_CAUSES[evidence], WHO_ACTS[evidence]
    known = EVIDENCE.get(evidence)
    return (known.sentence if known else evidence), WHO_ACTS.get(evidence, SOMEBODY_ACTS)


def troubles() -> list[Trouble]:
    """What keeps entries from being delivered right now; empty if all is well."""
    found = []
    if not Worker.objects.heard_of().exists():
        last = Worker.objects.order_by("-beat_at").first()
        found.append(Trouble("worker_silent", last.beat_at if last else None))
    channel = Channel.current()
    if channel.paused:
        found.append(Trouble("paused", channel.changed_at, *cause_of_pause(channel.evidence)))
    elif channel.is_doubtful:
        found.append(Trouble("out_of_reach", channel.shut_since))
    return found


def banner(request: HttpRequest) -> dict[str, object]:
    """Context of every page for people who are signed in: what is wrong, how many entries are safe meanwhile, and (for
    those who decide) how many need a person."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or request.headers.get("HX-Request"):
        return {}
    found = troubles()
    waiting = Delivery.objects.filter(state=State.QUEUED).count() if found else 0
    stopped = Delivery.objects.filter(state__in=NEEDS_PERSON).count() if may(user, REVIEW) else 0
    return {"troubles": found, "waiting": waiting, "needs_person": stopped, "practice": Channel.current().simulated}


@require_GET
@required(HEALTH)
def page(request: HttpRequest) -> HttpResponse:
    """Workers, channel and queue on one page."""
    channel = Channel.current()
    by_state = dict(Delivery.objects.values_list("state").annotate(Count("pk")))
    oldest = Delivery.objects.filter(state=State.QUEUED).aggregate(at=Min("next_at"))["at"]
    context = {
        "channel": channel,
        "cause": cause_of_pause(channel.evidence) if channel.paused else None,
        "workers": Worker.objects.order_by("name"),
        "heard_of": set(Worker.objects.heard_of().values_list("pk", flat=True)),
        "states": [(state, by_state.get(state, 0)) for state in State],
        "oldest": oldest if oldest and oldest < timezone.now() else None,
        "target": settings.CUSTOMERGAUGE_URL,
        "missing_guards": guards.missing(),
        "may_resume": may(request.user, PAUSE),
    }
    return render(request, "health/page.html", context)


@require_POST
@required(PAUSE)
def resume(request: HttpRequest) -> HttpResponse:
    """Let the workers send again, after a person has looked at the cause."""
    Channel.current().resume(request.user)
    return redirect("health")


@require_POST
@required(PAUSE)
def pause(request: HttpRequest) -> HttpResponse:
    """Stop all sending; entering goes on."""
    Channel.current().pause(request.user, "by_person")
    return redirect("health")


@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_GET
def ready(request: HttpRequest) -> JsonResponse:
    """200 if the database is there, migrated and guarded; else 503. Names the checks, tells nothing else."""
    checks = {"database": False, "migrations": False, "guards": False}
    try:
        executor = MigrationExecutor(connection)
        checks["database"] = True
        checks["migrations"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        checks["guards"] = not guards.missing()
    except Error:
        pass  # what is not known to be fine is reported as not fine
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)
