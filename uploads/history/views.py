"""STEP 3, managers: everybody's submissions, and the story of each."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from ..models import Action, AuditEvent, Channel, State, Submission
from ..roles import REVIEW, required
from .filters import HistoryFilter
from .pages import BadCursor, Page, page
from .story import tell
from .wording import what_next

#: Counting stops here: nobody needs to know whether it is 48,311 or 48,312, and the database would read them all.
COUNTED = 1000
#: States that change by themselves; a page that shows one asks again until it has changed.
MOVING = frozenset({State.QUEUED, State.SENDING})
COLUMNS = ("uuid", "created_at", "score", "agent_name", "customer", "delivery__state", "delivery__cg_id")


@require_safe
@required(REVIEW)
def listing(request: HttpRequest) -> HttpResponse:
    """All submissions, newest first, as narrowed by the address; 422 if the address asks for nonsense."""
    form = HistoryFilter(request.GET)
    found = form.narrow(Submission.objects.all())
    rows = found.select_related("delivery").only(*COLUMNS)
    try:
        shown = page(rows, request.GET.get("before", ""), request.GET.get("after", ""))
    except BadCursor:
        messages.warning(request, "The address names a page that does not exist; here is the newest one.")
        shown = page(rows)
    context = {"form": form, "page": shown, "count": _count(found, shown), "counted": COUNTED}
    return render(request, "history/list.html", context, status=200 if form.is_valid() else 422)


@require_safe
@required(REVIEW)
def detail(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One submission and all that happened to it. Looking at somebody else's is recorded.

    htmx asks with `?seen=<version>` and gets 204 while nothing has changed, then the live part of the page; with
    status 286, which ends the asking, once the state no longer changes by itself.
    """
    submission = get_object_or_404(Submission.objects.select_related("delivery", "agent"), uuid=uuid)
    moving = submission.delivery.state in MOVING
    if request.headers.get("HX-Request"):
        if request.GET.get("seen") == str(submission.delivery.version):
            return HttpResponse(status=204)
        return render(request, "history/live.html", _live(submission), status=200 if moving else 286)
    if submission.agent_id != request.user.pk:
        AuditEvent.objects.record(Action.VIEWED, submission, actor=request.user)
    revisions = {"earlier": submission.revision_of, "later": getattr(submission, "revision", None)}
    return render(request, "history/detail.html", _live(submission) | revisions)


def _live(submission: Submission) -> dict[str, Any]:
    delivery = submission.delivery
    events = AuditEvent.objects.about(submission).select_related("payload", "actor")
    attempts = {attempt.pk: attempt for attempt in delivery.attempts.all()}
    views = events.filter(action=Action.VIEWED).order_by("actor_name")
    return {
        "submission": submission,
        "delivery": delivery,
        "moving": delivery.state in MOVING,
        "next": what_next(delivery, Channel.current()),
        "steps": tell(events.exclude(action=Action.VIEWED), attempts, delivery.cg_id),
        "viewers": views.values("actor_name").annotate(times=Count("pk"), last=Max("at")),
    }


def _count(found: Any, shown: Page) -> int:
    return found[: COUNTED + 1].count() if shown.rows else 0
