"""The history: everybody's results as a list, narrowed by its address, and the views of it that are kept."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from ..models import Action, AuditEvent, Erasure, SavedView, Submission
from ..models.revisions import superseded
from ..models.submission import SubmissionQuerySet
from ..roles import ENTER, REVIEW, may, required
from .counting import Count, count
from .filters import HistoryFilter
from .pages import BadCursor, Cursor, Page, page
from .patience import TooSlow, within
from .personal import NAMES, is_shown, record_names
from .search import by_short_id

COLUMNS = ("uuid", "created_at", "score", "agent_name", "customer", "delivery__state", "delivery__cg_id",
           "delivery__evidence")  # fmt: skip
#: Seconds that finding a page may take.
PATIENCE = 5.0
TOO_SLOW = "This search takes too long, so it was stopped. Narrow it, for example by days."
NO_PAGE = "The address names a page that does not exist; here is the newest one."


class ViewForm(forms.Form):
    """A view to be kept: its name, and whether all who read the history see it."""

    name = forms.CharField(
        max_length=40,
        error_messages={
            "required": "Give the view a name.",
            "max_length": "This name is too long: at most %(limit_value)d characters.",
        },
    )
    shared = forms.BooleanField(required=False)


@require_safe
@required(REVIEW)
def listing(request: HttpRequest) -> HttpResponse:
    """All submissions, newest first, as narrowed by the address.

    422 if the address asks for nonsense, or for what cannot be found in time.
    """
    form = HistoryFilter(request.GET)
    found = form.narrow(Submission.objects.all())
    try:
        with within(PATIENCE):
            shown = _page(request, found)
        number = count(found, shown, narrowed=form.active)
    except TooSlow:
        form.add_error(None, TOO_SLOW)
        shown, number = Page([]), Count(0)
    names = is_shown(request, NAMES)
    if form.given.get("q") and form.is_valid() and not {"before", "after"} & request.GET.keys():
        body = {"filter": form.recorded, "results": str(number)}
        AuditEvent.objects.record(Action.SEARCHED, "history", actor=request.user, body=body)
    if names:
        record_names(request, form.recorded, shown.rows)
    context = {"form": form, "page": shown, "count": number, "names_shown": names, **_views(request, form)}
    context |= {"superseded": superseded(shown.rows), "erased": Erasure.objects.among(shown.rows)}
    context["here"] = query_of(request.GET)
    return render(request, "history/list.html", context, status=200 if form.is_valid() else 422)


@require_safe
@required(REVIEW, ENTER)
def by_number(request: HttpRequest, number: str) -> HttpResponse:
    """To the result with the number that somebody reads out; of several (which is rare) to the list of them.

    Agents get to their own results only; anything else is 404.
    """
    found = by_short_id(number)
    if not may(request.user, REVIEW):
        found = found.filter(agent=_person(request))
    uuids = list(found.values_list("uuid", flat=True)[:2])
    if not uuids:
        raise Http404
    if not may(request.user, REVIEW):
        return redirect("submission", uuids[0])
    if len(uuids) > 1:
        return redirect(f"{reverse('history')}?q={number}")
    return redirect("history_detail", uuids[0])


@require_POST
@required(REVIEW)
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the filter in the address under a name, in place of an own view of that name."""
    asked, form = HistoryFilter(request.GET), ViewForm(request.POST)
    query = _kept(asked)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    elif not asked.is_valid() or not query:
        messages.error(request, "There is nothing to keep: choose a filter first. The words of a search are not kept.")
    else:
        wanted = {"query": query, "shared": form.cleaned_data["shared"]}
        with transaction.atomic():
            view, _ = SavedView.objects.update_or_create(
                owner=_person(request), name=form.cleaned_data["name"], defaults=wanted
            )
            AuditEvent.objects.record(Action.VIEW_SAVED, view, actor=request.user, body=wanted)
        messages.success(request, f"“{view.name}” is kept.")
        return redirect(f"{reverse('history')}?{query}")
    return redirect(f"{reverse('history')}?{request.GET.urlencode()}")


@require_POST
@required(REVIEW)
def remove_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove an own view; 404 for another's."""
    with transaction.atomic():
        view = get_object_or_404(SavedView.objects.select_for_update(), pk=pk, owner=_person(request))
        AuditEvent.objects.record(Action.VIEW_REMOVED, view, actor=request.user)
        view.delete()
    messages.success(request, f"“{view.name}” is removed.")
    return redirect(f"{reverse('history')}?{request.GET.urlencode()}")


def neighbours(submission: Submission, given: QueryDict) -> dict[str, Any]:
    """The results right above and below one in the list that the address describes: context for its page."""
    form = HistoryFilter(given)
    found = form.narrow(Submission.objects.all()).only("uuid", "created_at")
    around: dict[str, Any] = {}
    try:
        with within(PATIENCE):
            around["newer"] = next(iter(page(found, after=str(Cursor.of(submission)), size=1).rows), None)
            around["older"] = next(iter(page(found, before=str(Cursor.of(submission)), size=1).rows), None)
    except TooSlow:
        return around
    return around


def _page(request: HttpRequest, found: SubmissionQuerySet) -> Page:
    rows = found.select_related("delivery").only(*COLUMNS)
    try:
        return page(rows, request.GET.get("before", ""), request.GET.get("after", ""))
    except BadCursor:
        messages.warning(request, NO_PAGE)
        return page(rows)


def _views(request: HttpRequest, form: HistoryFilter) -> dict[str, Any]:
    """The views that the person may use, and whether what is shown could be kept as one more."""
    query = _kept(form)
    views = list(SavedView.objects.open_to(_person(request)))
    current = next((view for view in views if view.query == query), None)
    return {"views": views, "view": current, "may_keep": form.is_valid() and bool(query) and current is None}


def _kept(form: HistoryFilter) -> str:
    """The filter as a view keeps it."""
    kept = QueryDict(mutable=True)
    kept.update({name: value for name, value in form.given.items() if name != "q"})
    return kept.urlencode()


def query_of(given: QueryDict) -> str:
    """The filter in an address, to be put behind another path: empty, or with its question mark."""
    kept = QueryDict(mutable=True)
    kept.update({name: value for name in HistoryFilter.base_fields if (value := str(given.get(name, "")))})
    return f"?{kept.urlencode()}" if kept else ""


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `required` has let nobody else through
    return request.user
