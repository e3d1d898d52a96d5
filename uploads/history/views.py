"""STEP 3, managers: the story of each submission, what can be decided about it, and what needs attention."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST, require_safe

from ..models import LEASE, Action, Attempt, AuditEvent, Cause, Channel, Delivery, State, Submission
from ..models.revisions import Chain
from ..models.wakeup import wake
from ..roles import REVIEW, required
from . import anonymise
from . import attention as inbox
from .cases import about, troubles
from .changes import Change, changes, sentence
from .decisions import DecisionForm, chosen, decide, forms_for, overtaken
from .evidence import may_compare, side_by_side
from .listing import neighbours, query_of
from .masking import Mask, masked_name
from .pages import BadCursor
from .personal import SHOWN_FOR, is_shown
from .story import tell
from .wording import what_next

#: States that change by themselves; a page that shows one asks again until it has changed.
MOVING = frozenset({State.QUEUED, State.SENDING})
#: What people have seen of an entry; told beside the story.
LOOKS = (Action.VIEWED, Action.PERSONAL_SHOWN)


@require_safe
@required(REVIEW)
def detail(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One submission and all that happened to it. Looking at somebody else's is recorded.

    htmx asks with `?seen=<version>` and gets 204 while nothing has changed, then the live part of the page; with
    status 286, which ends the asking, once the state no longer changes by itself.
    """
    submission = _found(uuid)
    if request.headers.get("HX-Request"):
        moving = _moving(submission.delivery)
        if request.GET.get("seen") == str(submission.delivery.version):
            return HttpResponse(status=204)
        _record_look(request, submission, again=request.GET.get("seen", "").isdecimal())
        context = _live(request, submission, Chain.of(submission))
        return render(request, "history/live.html", context, status=200 if moving else 286)
    return _detail(request, submission)


@require_POST
@required(REVIEW)
def decision(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """A manager decides. 409 if the delivery is no longer as the manager saw it, 422 if something is missing."""
    submission, manager = _found(uuid), request.user
    assert isinstance(manager, User)  # noqa: S101 - `required` has let nobody else through
    delivery = submission.delivery
    decided = chosen(request.POST.get("decision", ""), delivery)
    if decided is None:
        return _detail(request, submission, problem="There is no such decision. Choose one of these.", status=422)
    form = DecisionForm(decided, delivery, request.POST)
    if form.fits() and not form.is_valid():
        return _detail(request, submission, form, status=422)
    if not decide(manager, form):
        delivery.refresh_from_db()
        return _detail(request, submission, form, overtaken(manager, form), status=409)
    more = format_html('{} <a href="{}">What else needs attention</a>', decided.done, reverse("attention"))
    messages.success(request, more)
    return redirect(_address(request, uuid))


@require_POST
@required(REVIEW)
def compare(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Ask a worker what CustomerGauge has of a delivered one; pressed twice it asks once. 409 if that is impossible."""
    submission = _found(uuid)
    delivery = submission.delivery
    if not may_compare(delivery):
        problem = "Only a result that CustomerGauge has, and by which it can be found there, can be compared."
        return _detail(request, submission, problem=problem, status=409)
    if not _is_looking(delivery):
        with transaction.atomic():
            asked = delivery.ask_comparison(Cause(request.user))
            wake()
        if not asked:
            delivery.refresh_from_db()
            problem = "The portal has just worked on it; nothing was asked. Press “Compare” again."
            return _detail(request, submission, problem=problem, status=409)
    return redirect(_address(request, uuid))


@require_safe
@required(REVIEW)
def attention(request: HttpRequest) -> HttpResponse:
    """Everything that needs a person, oldest first; 422 if the address asks for a state or a cause that is none."""
    state, cause = request.GET.get("state", ""), request.GET.get("cause", "")
    states = [each for each in inbox.STATES if state in ("", each)]
    causes = inbox.causes(states)
    known = (not state or state in inbox.STATES) and inbox.is_cause(cause)
    asked = (states, cause) if known else ([], "")
    try:
        shown = inbox.page(*asked, request.GET.get("before", ""), request.GET.get("after", ""))
    except BadCursor:
        messages.warning(request, "The address names a page that does not exist; here is the first one.")
        shown = inbox.page(*asked)
    counts = inbox.counts()
    context = {"state": state, "cause": cause, "known": known, "page": shown, "cases": inbox.explain(shown.rows)}
    context |= {"counts": counts.items(), "total": sum(counts.values()), "causes": causes}
    context |= {"matching_count": inbox.matching(*asked).count(), **troubles(), **anonymise.troubles()}
    return render(request, "history/attention.html", context, status=200 if known else 422)


def _address(request: HttpRequest, uuid: UUID) -> str:
    """The page of a submission, within the list it was opened from."""
    return reverse("history_detail", args=[uuid]) + query_of(request.GET)


def _found(uuid: UUID) -> Submission:
    return get_object_or_404(Submission.objects.select_related("delivery", "agent"), uuid=uuid)


def _detail(
    request: HttpRequest, submission: Submission, posted: DecisionForm | None = None, problem: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """The page of one submission, recorded as seen; with the form that was posted and what is wrong with it."""
    _record_look(request, submission)
    chain = Chain.of(submission)
    context = {"earlier": submission.revision_of, "later": getattr(submission, "revision", None), "problem": problem}
    context |= about(chain, submission, request.user) | neighbours(submission, request.GET)
    context |= _live(request, submission, chain, posted) | _entered(request, submission, chain)
    return render(request, "history/detail.html", context, status=status)


def _entered(request: HttpRequest, submission: Submission, chain: Chain) -> dict[str, Any]:
    """What was entered, and what that changed: masked until somebody asks to see it."""
    earlier = submission.revision_of
    found = [] if earlier is None or chain.erased else changes(earlier, submission)
    own, mask = submission.agent_id == request.user.pk, _mask(request, submission, chain)
    told: dict[str, Any] = {"own": own, "shown": mask is None, "shown_for": SHOWN_FOR.seconds // 60}
    if mask is None:
        name, fields, comment = submission.customer_name, submission.customer, submission.comment
    else:
        name, fields, comment = (
            masked_name(submission),
            mask.customer(submission.customer),
            mask.text(submission.comment),
        )
        found = [_masked(change, mask) for change in found]
    told |= {"name": name, "customer": fields, "comment": comment}
    return told | {"changes": found, "changed": sentence(found)}


def _masked(change: Change, mask: Mask) -> Change:
    before, after = (mask.row(change.key, value)[1] for value in (change.before, change.after))
    return replace(change, before=before, after=after)


def _mask(request: HttpRequest, submission: Submission, chain: Chain) -> Mask | None:
    """What masks the page of a submission; None if the person may read all of it now."""
    return None if is_shown(request, submission) else Mask.of(chain.versions)


def _record_look(request: HttpRequest, submission: Submission, *, again: bool = False) -> None:
    """Record that somebody looks at another's entry; a page that asks again is on the record since it was opened."""
    looks = AuditEvent.objects.about(submission).filter(action=Action.VIEWED, actor_id=request.user.pk)
    if submission.agent_id != request.user.pk and not (again and looks.exists()):
        AuditEvent.objects.record(Action.VIEWED, submission, actor=request.user)


def _live(
    request: HttpRequest, submission: Submission, chain: Chain, posted: DecisionForm | None = None
) -> dict[str, Any]:
    delivery = submission.delivery
    events = AuditEvent.objects.about(submission).select_related("payload", "actor")
    told = list(events.exclude(action__in=LOOKS))
    calls = Attempt.objects.in_bulk({event.attempt_id for event in told if event.attempt_id})
    views = events.filter(action__in=LOOKS).order_by("actor_name")
    steps = tell(told, calls, delivery.cg_id)
    found, mask = side_by_side(delivery), _mask(request, submission, chain)
    return {
        "here": query_of(request.GET),
        "submission": submission,
        "delivery": delivery,
        "moving": _moving(delivery),
        "next": what_next(delivery, Channel.current()),
        "decisions": forms_for(delivery, posted),
        "found": [mask.found(one) for one in found] if mask else found,
        "may_compare": may_compare(delivery),
        "looking": _is_looking(delivery),
        "steps": [mask.step(step) for step in steps] if mask else steps,
        "viewers": views.values("actor_name").annotate(
            times=Count("pk", filter=Q(action=Action.VIEWED)),
            shown=Count("pk", filter=Q(action=Action.PERSONAL_SHOWN)),
            last=Max("at"),
        ),
    }


def _moving(delivery: Delivery) -> bool:
    """Whether it is about to change by itself, as somebody in front of the page may expect."""
    return delivery.state in MOVING or delivery.again_by_id is not None or _is_looking(delivery)


def _is_looking(delivery: Delivery) -> bool:
    """Whether a delivered one is being compared, or is about to be."""
    soon = timezone.now() + LEASE
    return delivery.state == State.DELIVERED and delivery.lookup_at is not None and delivery.lookup_at <= soon
