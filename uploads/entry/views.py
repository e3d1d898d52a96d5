"""Entering a result: the empty form, the form of an earlier result, and what becomes of a posted one."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from ..models import Action, AuditEvent, Draft, Submission
from ..roles import ENTER, HEALTH, LOOKUPS, REVIEW, may, required, sign_in_first
from . import batch_row, batch_start
from .calls import CallForm, call_again
from .drafts import address
from .kept import is_from_here, keep_and_sign_in, keeps_what_was_typed
from .own import agent_of, own_or_404, read_uuid
from .prefill import names_customer, take_over
from .sheet import Sheet
from .undo import is_free_again
from .zones import CLOCK, by_its_clock, clock

#: Pages that an entry form is posted to.
FORMS = frozenset({"new", "correct", "record_call", "prefill", "batch_row"})
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
@keeps_what_was_typed
@required(ENTER)
@by_its_clock
def new(request: HttpRequest) -> HttpResponseBase:
    """The form; a valid one is saved and leads to its page (302), an invalid one comes back (422).

    `?draft=` names an own draft and `?from=` an own result that was taken back, refused or delivered: the form is
    filled with it; also with a call-back (`?call=`), or with what the address says of a customer, by the fields' keys.
    A posted `revises` names the version that is to be corrected.
    """
    if request.method == "POST":
        return _own_sheet(request, _own_named(request, "revises")).save()
    if "draft" in request.GET:
        return _draft(request)
    if "call" in request.GET:
        return call_again(request)
    source = _own_named(request, "from")
    if source and is_free_again(source.delivery):
        return _own_sheet(request).open_undone(source)
    sheet = _own_sheet(request, source)
    if source or not request.GET:
        return sheet.open()
    form = sheet.form()
    if not names_customer(form, request.GET):
        return sheet.open()
    return sheet.show(form, uuid4(), notes=take_over(form, request.GET), clean=True)


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_what_was_typed
@required(REVIEW)
@required(ENTER)
@by_its_clock
def correct(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """The same form for a manager who corrects anybody's result. Looking at somebody else's is recorded."""
    sheet = _manager_sheet(request, uuid)
    if request.method == "POST":
        return sheet.save()
    if sheet.about and sheet.person != sheet.agent:
        AuditEvent.objects.record(Action.VIEWED, sheet.about, actor=sheet.person)
    return _draft(request) if "draft" in request.GET else sheet.open()


@by_its_clock
def out_of_date(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Instead of Django's page when the CSRF check fails: nothing is saved, and an entry keeps what was typed.

    It mostly means that the person has signed in anew, in another tab, since the page was opened. Who has no session at
    all signs in first.
    """
    match = request.resolver_match
    if match and match.view_name in FORMS and not request.user.is_authenticated and is_from_here(request):
        return keep_and_sign_in(request)
    if match and match.view_name == "batch_new" and may(request.user, ENTER):
        return batch_start.out_of_date(request)
    sheet = _sheet_of(request)
    if sheet:
        return sheet.stale(sheet.form(request.POST), status=403)
    return render(request, "403_csrf.html", status=403)


def _sheet_of(request: HttpRequest) -> Sheet | None:
    """The form that the request was meant for, if the person may use it."""
    match = request.resolver_match
    if not match or not request.user.is_authenticated or not may(request.user, ENTER):
        return None
    if match.view_name in ("new", "record_call"):
        return _own_sheet(request, _own_named(request, "revises"))
    if match.view_name == "batch_row":
        return batch_row.sheet_of(request, **match.kwargs)
    if match.view_name == "correct" and may(request.user, REVIEW):
        return _manager_sheet(request, match.kwargs["uuid"])
    return None


def _draft(request: HttpRequest) -> HttpResponseBase:
    """The draft that the address names; to the result, if it was saved. Others' drafts answer like absent ones."""
    person, token = agent_of(request), read_uuid(request.GET["draft"])
    if token and (saved := Submission.objects.filter(submit_token=token, agent=person).first()):
        messages.info(request, "This form was saved. Here is what was saved.")
        return redirect("submission", saved.uuid)
    drafts = Draft.objects.of(person).select_related("revises__delivery", "revises__agent")
    draft = get_object_or_404(drafts, token=token)
    page, about = address(draft).partition("?")[0], draft.revises
    if page != request.path:
        return redirect(address(draft))
    sheet = _manager_sheet(request, about.uuid) if about and about.agent != person else _own_sheet(request, about)
    with clock("".join(draft.values.get(CLOCK, ()))):
        call_form = CallForm()
        call_form.initial = {name: "".join(draft.values.get(f"call-{name}", ())[:1]) for name in ("note", "back")}
        return sheet.open_draft(draft, call_form=call_form)


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
