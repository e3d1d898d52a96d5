"""Is everything all right? For people: a page that keeps itself up to date, and a banner on every page."""

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from . import outages
from .audit import guards
from .line import TEST_FIRST, cause_of_pause, last_test, tell, waits_lately
from .models import NEEDS_PERSON, OUTBOXES, Channel, Delivery, State, Worker
from .models.wakeup import wake
from .roles import HEALTH, PAUSE, REVIEW, may, required

NO_WORKER = "No worker is running, so nothing can test the connection. An administrator must start one."
OTHER_CAUSE = "Sending has been stopped for another reason since you opened the page. Read it, and decide again."


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that stops deliveries: what it is, since when, and (for a pause) the cause and who must act."""

    kind: str
    since: datetime | None
    what: str = ""
    who: str = ""


def troubles() -> list[Trouble]:
    """What keeps entries from being delivered right now; empty if all is well."""
    found = []
    if not Worker.objects.heard_of().exists():
        last = Worker.objects.order_by("-beat_at").first()
        found.append(Trouble("worker_silent", last.beat_at if last else None))
    channel = Channel.current()
    if channel.paused:
        since = channel.shut_since or channel.changed_at
        found.append(Trouble("paused", since, *cause_of_pause(channel.evidence)))
    elif channel.is_doubtful:
        found.append(Trouble("out_of_reach", channel.shut_since))
    return found


# -- the banner ----------------------------------------------------------------------------------------------


def banner(request: HttpRequest) -> dict[str, Any]:
    """Context of every page for people who are signed in: what is wrong, how many entries are safe meanwhile, and (for
    those who decide) how many need a person."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or request.headers.get("HX-Request"):
        return {}
    return _wrong() | {"needs_person": _needs_person(user), "practice": Channel.current().simulated}


@require_GET
def banner_now(request: HttpRequest) -> HttpResponse:
    """The banner for a page that is open: 204 while it reads the same (`seen`), and for who is not signed in any more,
    because a reload would take away what somebody is typing."""
    wrong = _wrong() if request.user.is_authenticated else {}
    if request.GET.get("seen") == wrong.get("banner_seen") or not wrong:
        return HttpResponse(status=204)
    return render(request, "includes/trouble_list.html", wrong)


def _wrong() -> dict[str, Any]:
    found = troubles()
    waiting = Delivery.objects.filter(state=State.QUEUED).count() if found else 0
    return {"troubles": found, "waiting": waiting, "banner_seen": _fingerprint(found, waiting)}


def _needs_person(user: User | AnonymousUser) -> int:
    if not may(user, REVIEW):
        return 0
    return sum(outbox.objects.filter(state__in=NEEDS_PERSON).count() for outbox in OUTBOXES)


# -- the page ------------------------------------------------------------------------------------------------


@require_GET
@required(HEALTH)
def page(request: HttpRequest) -> HttpResponse:
    """Workers, channel, queue and outages on one page.

    htmx asks with `?seen=<fingerprint>` and gets 204 while nothing has changed, then the live part of the page.
    """
    if not request.headers.get("HX-Request"):
        return _page(request)
    context = _live(request.user)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return render(request, "health/live.html", context)


@require_POST
@required(PAUSE)
def resume(request: HttpRequest) -> HttpResponse:
    """Let the workers send again, after a person has looked at the cause; 409 if it is not theirs to say yet."""
    channel = Channel.current()
    if (channel.paused or channel.is_doubtful) and not channel.may_resume:
        return _page(request, TEST_FIRST, status=409)
    if request.POST.get("cause", channel.evidence) != channel.evidence:
        return _page(request, OTHER_CAUSE, status=409)
    with transaction.atomic():
        channel.resume(request.user)
        wake()
    return redirect("health")


@require_POST
@required(PAUSE)
def pause(request: HttpRequest) -> HttpResponse:
    """Stop all sending; entering goes on."""
    Channel.current().pause(request.user, "by_person")
    return redirect("health")


@require_POST
@required(PAUSE)
def test(request: HttpRequest) -> HttpResponse:
    """Have a worker test the connection, in the way in which it sends. 409 if there is none to do it."""
    if not Worker.objects.heard_of().exists():
        return _page(request, NO_WORKER, status=409)
    assert isinstance(request.user, User)  # noqa: S101 - `required` has let nobody else through
    with transaction.atomic():
        Channel.current().ask_test(request.user)
        wake()
    return redirect("health")


def _page(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    context = _live(request.user) | {"missing_guards": guards.missing(), "problem": problem}
    return render(request, "health/page.html", context, status=status)


def _live(user: User | AnonymousUser) -> dict[str, Any]:
    """What the page shows and keeps up to date, with its fingerprint `seen`."""
    channel = Channel.current()
    heard_of = set(Worker.objects.heard_of().values_list("pk", flat=True))
    workers = [(worker, worker.name in heard_of) for worker in Worker.objects.order_by("name")]
    by_state = dict(Delivery.objects.values_list("state").annotate(Count("pk")))
    oldest = Delivery.objects.filter(state=State.QUEUED).aggregate(at=Min("next_at"))["at"]
    shown: dict[str, Any] = {
        "told": tell(channel, workers=bool(heard_of)),
        "paused": channel.paused,
        "stopped": channel.paused or channel.is_doubtful,
        "may_resume": channel.may_resume,
        "evidence": channel.evidence,
        "testing": channel.test_asked_at if channel.test_wanted else None,
        "test": last_test(channel),
        "test_by": channel.test_by,
        "states": [(state, by_state.get(state, 0)) for state in State],
        "oldest": oldest if oldest and oldest < timezone.now() else None,
        "outages": outages.newest(5),
        "asked_to_wait": waits_lately(),
    }
    silent = [(worker.name, alive, None if alive else worker.beat_at) for worker, alive in workers]
    extra = {"channel": channel, "workers": workers, "heard_of": heard_of, "target": settings.CUSTOMERGAUGE_URL}
    extra |= {"practice": channel.simulated, "may_pause": may(user, PAUSE)}
    return shown | extra | {"seen": _fingerprint(shown, silent, channel.target)}


def _fingerprint(*shown: object) -> str:
    """Changes whenever something that is shown does."""
    return f"{zlib.crc32(repr(shown).encode()):x}"
