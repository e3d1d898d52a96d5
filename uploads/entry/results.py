"""The agent's own work: the list of results, each with its way to CustomerGauge, and taking one back."""

import uuid

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from ..models import Call, State
from ..models.revisions import Chain
from ..models.submission import SubmissionQuerySet
from ..roles import ENTER, required
from . import wording
from .drafts import drafts_of
from .live import fragment, live
from .own import agent_of, own_or_404, own_results, read_uuid
from .undo import undo as take_back
from .work import work_of

RECENT = 5
PAGE = 25


@require_safe
@required(ENTER)
def own(request: HttpRequest) -> HttpResponseBase:
    """The agent's own results, newest first; as a fragment it is the live part of this page or of the entry page."""
    mine = own_results(request)
    if request.headers.get("HX-Target") == "recent":
        return fragment(request, "entry/_recent.html", "recent", mine[:RECENT])
    before = request.GET.get("before", "")
    found = list(_older(mine, before).exclude(delivery__state=State.REJECTED)[: PAGE + 1])
    # what was refused waits for its agent, so it stands on top of the first page, however old it is
    refused = [] if before else list(mine.filter(delivery__state=State.REJECTED)[:PAGE])
    rows = refused + found[:PAGE]
    if request.headers.get("HX-Request"):
        return fragment(request, "entry/_rows.html", "rows", rows)
    context = {
        **live("rows", rows),
        "before": before,
        "older": found[PAGE - 1].uuid if len(found) > PAGE else None,
        "work": work_of(agent_of(request)),
        "drafts": drafts_of(agent_of(request)),
        "call_backs": Call.objects.to_call_back(agent_of(request))[:PAGE],
    }
    return render(request, "entry/own.html", context)


@require_safe
@required(ENTER)
def submission(request: HttpRequest, uuid: uuid.UUID) -> HttpResponseBase:
    """One of the agent's own results: what was entered, what happens next, and its other versions."""
    found = own_or_404(request, uuid)
    chain = Chain.of(found)
    context = {
        "submission": found,
        "earlier": found.revision_of,
        "later": getattr(found, "revision", None),
        "versions": chain.told() if len(chain.versions) > 1 else (),
        **live("submissions", [found]),
    }
    return render(request, "entry/submission.html", context)


@require_safe
@required(ENTER)
def state(request: HttpRequest, uuid: uuid.UUID) -> HttpResponseBase:
    """The live part of `submission`: 204 if it still reads the same, 286 once only a person can change it."""
    return fragment(request, "entry/_state.html", "submissions", [own_or_404(request, uuid)])


@require_POST
@required(ENTER)
def undo(request: HttpRequest, uuid: uuid.UUID) -> HttpResponseBase:
    """Take a result back and go on with everything that was entered; to its page if it was sent already."""
    found = own_or_404(request, uuid)
    if take_back(found.delivery, agent_of(request)):
        return redirect(f"{reverse('new')}?from={found.uuid}")
    messages.warning(request, wording.too_late(found.delivery))
    return redirect("submission", found.uuid)


def _older(mine: SubmissionQuerySet, before: str) -> SubmissionQuerySet:
    """The results behind the one named by the cursor; a cursor that names none of them starts at the top."""
    named = read_uuid(before)
    last = mine.filter(uuid=named).first() if named else None
    if last is None:
        return mine
    return mine.filter(Q(created_at__lte=last.created_at) & (Q(created_at__lt=last.created_at) | Q(id__lt=last.pk)))
