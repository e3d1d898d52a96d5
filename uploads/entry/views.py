"""The agent's pages: enter a result, see one's own, watch a delivery."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HTMX_STOP_POLLING

from ..models import Submission
from ..models.submission import SubmissionQuerySet
from ..roles import ENTER, HEALTH, LOOKUPS, REVIEW, may, required, sign_in_first
from . import wording
from .form import EntryForm
from .submit import TokenTaken, stored, submit

RECENT = 5
PAGE = 25
HOMES = ((REVIEW, "history"), (ENTER, "new"), (LOOKUPS, "admin:index"), (HEALTH, "health"))
STALE = "This form had expired. Everything you typed is still here: check it and save again."


@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """To the page where the person's work begins; without a role, a page that says whom to ask."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    for permission, name in HOMES:
        if may(request.user, permission):
            return redirect(name)
    return render(request, "entry/no_role.html")


@require_http_methods(["GET", "HEAD", "POST"])
@required(ENTER)
def new(request: HttpRequest) -> HttpResponseBase:
    """The form; a valid one is saved and leads to its page (302), an invalid one comes back (422)."""
    agent = _agent(request)
    if request.method != "POST":
        return _form_page(request, EntryForm(agent=agent), uuid.uuid4())
    form, token = EntryForm(request.POST, agent=agent), _token(request.POST)
    try:
        saved = stored(token, agent) if token else None
        if saved:
            messages.info(request, "This form was saved before. Here is what was saved.")
            return redirect("submission", saved.uuid)
        if token and form.is_valid():
            entry = form.entry()
            return _saved(request, submit(entry, agent, token), entry.notes)
    except TokenTaken:
        token = None
    if token is None:
        form.is_valid()  # the sentences about the answers stand beside this one
        form.add_error(None, STALE)
    return _form_page(request, form, token or uuid.uuid4(), status=422)


def out_of_date(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Instead of Django's page when the CSRF check fails: nothing is saved, and an entry keeps what was typed.

    It mostly means that the person has signed in anew, in another tab, since the page was opened.
    """
    match = request.resolver_match
    if match and match.view_name == "new" and request.user.is_authenticated and may(request.user, ENTER):
        form = EntryForm(request.POST, agent=_agent(request))
        form.is_valid()
        form.add_error(None, STALE)
        return _form_page(request, form, uuid.uuid4(), status=403)
    return render(request, "403_csrf.html", status=403)


@require_safe
@required(ENTER)
def own(request: HttpRequest) -> HttpResponseBase:
    """The agent's own results, newest first; as a fragment it is the live part of this page or of the entry page."""
    mine = Submission.objects.filter(agent=_agent(request)).select_related("delivery").newest_first()
    if request.headers.get("HX-Target") == "recent":
        return _fragment(request, "entry/_recent.html", "recent", mine[:RECENT])
    before = request.GET.get("before", "")
    found = list(_older(mine, before)[: PAGE + 1])
    rows = found[:PAGE]
    if request.headers.get("HX-Request"):
        return _fragment(request, "entry/_rows.html", "rows", rows)
    context = {
        **_live("rows", rows),
        "before": before,
        "older": rows[-1].uuid if len(found) > PAGE else None,
        "today": mine.filter(created_at__gte=_midnight()).count(),
    }
    return render(request, "entry/own.html", context)


@require_safe
@required(ENTER)
def submission(request: HttpRequest, uuid: uuid.UUID) -> HttpResponseBase:
    """One of the agent's own results: what was entered and what happens next."""
    found = _own_or_404(request, uuid)
    return render(request, "entry/submission.html", {"submission": found, **_live("submissions", [found])})


@require_safe
@required(ENTER)
def state(request: HttpRequest, uuid: uuid.UUID) -> HttpResponseBase:
    """The live part of `submission`: 204 if it still reads the same, 286 once only a person can change it."""
    return _fragment(request, "entry/_state.html", "submissions", [_own_or_404(request, uuid)])


def _form_page(request: HttpRequest, form: EntryForm, token: uuid.UUID, status: int = 200) -> HttpResponse:
    recent = Submission.objects.filter(agent=_agent(request)).select_related("delivery").newest_first()[:RECENT]
    context = {"form": form, "token": token, **_live("recent", recent)}
    return render(request, "entry/new.html", context, status=status)


def _saved(request: HttpRequest, saved: Submission, notes: Sequence[str]) -> HttpResponse:
    for note in notes:
        messages.warning(request, note)
    page = reverse("submission", args=[saved.uuid])
    if "next" not in request.POST:
        return redirect(page)
    name = saved.customer_name or saved.short_id
    messages.success(request, format_html('Saved: <a href="{}">{}, score {}</a>.', page, name, saved.score))
    return redirect("new")


def _token(posted: QueryDict) -> uuid.UUID | None:
    """The token of the form, if it is one."""
    try:
        return uuid.UUID(posted.get("submit_token", ""))
    except ValueError:
        return None


def _live(name: str, found: Iterable[Submission]) -> dict[str, Any]:
    """Context of a live part: pairs (submission, its words) under `name`, whether to go on asking, what was seen."""
    pairs = [(row, wording.tell(row.delivery)) for row in found]
    seen = wording.fingerprint(told for _, told in pairs)
    return {name: pairs, "moving": not all(told.settled for _, told in pairs), "seen": seen}


def _fragment(request: HttpRequest, template: str, name: str, found: Iterable[Submission]) -> HttpResponse:
    """The live part anew; nothing (204) if it would read as before; 286 ends the asking."""
    context = _live(name, found)
    if context["moving"] and context["seen"] == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render(request, template, context, status=200 if context["moving"] else HTMX_STOP_POLLING)


def _older(mine: SubmissionQuerySet, before: str) -> SubmissionQuerySet:
    """The results behind the one named by the cursor; a cursor that names none of them starts at the top."""
    try:
        last = mine.filter(uuid=uuid.UUID(before)).first()
    except ValueError:
        last = None
    if last is None:
        return mine
    return mine.filter(Q(created_at__lte=last.created_at) & (Q(created_at__lt=last.created_at) | Q(id__lt=last.pk)))


def _own_or_404(request: HttpRequest, uuid: uuid.UUID) -> Submission:
    """Somebody else's result answers exactly like one that does not exist."""
    return get_object_or_404(Submission.objects.select_related("delivery"), uuid=uuid, agent=_agent(request))


def _midnight() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def _agent(request: HttpRequest) -> User:
    """The user behind a guarded view."""
    assert isinstance(request.user, User)  # noqa: S101 - `required` has let nobody else through
    return request.user
