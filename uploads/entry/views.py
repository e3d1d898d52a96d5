"""Entering a result: the empty form, the form of an earlier result, and what becomes of a posted one."""

from collections.abc import Sequence
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from ..models import Action, AuditEvent, Submission
from ..roles import ENTER, HEALTH, LOOKUPS, REVIEW, may, required, sign_in_first
from .own import agent_of, own_or_404, read_uuid
from .sheet import Sheet
from .undo import is_free_again

HOMES = ((REVIEW, "history"), (ENTER, "new"), (LOOKUPS, "admin:index"), (HEALTH, "health"))


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
    """The form; a valid one is saved and leads to its page (302), an invalid one comes back (422).

    `?from=` names an own result that was taken back, refused or delivered: the form is filled with it. A posted
    `revises` names the version that is to be corrected.
    """
    if request.method == "POST":
        return _own_sheet(request, _own_named(request, "revises")).save()
    source = _own_named(request, "from")
    if source and is_free_again(source.delivery):
        return _own_sheet(request).open_undone(source)
    return _own_sheet(request, source).open()


@require_http_methods(["GET", "HEAD", "POST"])
@required(REVIEW)
@required(ENTER)
def correct(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """The same form for a manager who corrects anybody's result. Looking at somebody else's is recorded."""
    sheet = _manager_sheet(request, uuid)
    if request.method == "POST":
        return sheet.save()
    if sheet.about and sheet.person != sheet.agent:
        AuditEvent.objects.record(Action.VIEWED, sheet.about, actor=sheet.person)
    return sheet.open()


def out_of_date(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Instead of Django's page when the CSRF check fails: nothing is saved, and an entry keeps what was typed.

    It mostly means that the person has signed in anew, in another tab, since the page was opened.
    """
    sheet = _sheet_of(request)
    if sheet:
        return sheet.stale(sheet.form(request.POST), status=403)
    return render(request, "403_csrf.html", status=403)


def _sheet_of(request: HttpRequest) -> Sheet | None:
    """The form that the request was meant for, if the person may use it."""
    match = request.resolver_match
    if not match or not request.user.is_authenticated or not may(request.user, ENTER):
        return None
    if match.view_name == "new":
        return _own_sheet(request, _own_named(request, "revises"))
    if match.view_name == "correct" and may(request.user, REVIEW):
        return _manager_sheet(request, match.kwargs["uuid"])
    return None


def _own_sheet(request: HttpRequest, about: Submission | None = None) -> Sheet:
    return Sheet(request, agent_of(request), about, "submission", reverse("new"))


def _manager_sheet(request: HttpRequest, uuid: UUID) -> Sheet:
    about = get_object_or_404(Submission.objects.select_related("delivery", "agent"), uuid=uuid)
    return Sheet(request, agent_of(request), about, "history_detail", reverse("correct", args=[uuid]))


def _own_named(request: HttpRequest, parameter: str) -> Submission | None:
    """The own result that a parameter names, None without the parameter. Raises Http404 if it names anything else."""
    named: Sequence[str] = (request.POST if request.method == "POST" else request.GET).getlist(parameter)
    if not named:
        return None
    found = read_uuid(named[0]) if len(named) == 1 else None
    if found is None:
        raise Http404
    return own_or_404(request, found)
