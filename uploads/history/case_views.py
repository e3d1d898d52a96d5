"""The pages around the case of a result: asking for a change of it, and deciding about one that stands still."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HTMX_STOP_POLLING

from ..models import Action, AuditEvent, CaseDelivery, State, Submission
from ..models.revisions import Chain
from ..models.wakeup import wake
from ..roles import REVIEW, required
from .case_forms import CaseDecisionForm, CaseForm, decide, decision_named, wanted
from .cases import Cases, ask, cases_of

ASKED = "It is noted. The case is changed as soon as CustomerGauge takes it."


@require_http_methods(["GET", "HEAD", "POST"])
@required(REVIEW)
def case(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The case of a result: the form, and the updates there are. Posted it is one more update.

    422 if something is missing, 409 if there is no case to change. htmx gets the list of updates, 204 while it reads
    as before (`?seen=`), and 286 once nothing in it changes by itself.
    """
    submission = _found(uuid)
    _record_look(submission, _manager(request))
    cases = cases_of(Chain.of(submission))
    if request.method == "POST":
        return _asked(request, submission, cases)
    if not request.headers.get("HX-Request"):
        return _page(request, submission, cases)
    if cases.moving and request.GET.get("seen") == cases.seen:
        return HttpResponse(status=204)
    status = 200 if cases.moving else HTMX_STOP_POLLING
    return render(request, "history/case_list.html", {"submission": submission, "cases": cases}, status=status)


@require_POST
@required(REVIEW)
def case_decide(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """A manager decides about a case update. 409 if it is no longer as the manager saw it, 422 without a reason."""
    rows = CaseDelivery.objects.select_related("case_update__submission__delivery", "result__delivery")
    row = get_object_or_404(rows, case_update__uuid=uuid)
    submission, manager = row.case_update.submission, _manager(request)
    decision = decision_named(request.POST.get("decision", ""))
    if decision is None:
        return _page(request, submission, problem="There is no such decision. Choose one of these.", status=422)
    form = CaseDecisionForm(decision, row, request.POST)
    if not form.is_valid():
        return _page(request, submission, posted=form, status=422)
    with transaction.atomic():
        if not decide(form, manager):
            row.refresh_from_db()
            state = State(row.state).label
            problem = f"Somebody was faster: it is now “{state}”, and what you sent has changed nothing."
            return _page(request, submission, problem=problem, status=409)
        wake()
    messages.success(request, decision.done)
    return redirect("history_detail", submission.uuid)


def _asked(request: HttpRequest, submission: Submission, cases: Cases) -> HttpResponse:
    form = CaseForm(request.POST, closed=cases.closed)
    if cases.obstacle:
        return _page(request, submission, cases, form, problem=cases.obstacle, status=409)
    if not form.is_valid() or form.token is None:
        return _page(request, submission, cases, form, status=422)
    ask(cases.chain, submission, _manager(request), form.token, wanted(form))
    messages.success(request, ASKED)
    return redirect("history_detail", submission.uuid)


def _page(
    request: HttpRequest, submission: Submission, cases: Cases | None = None, form: CaseForm | None = None,
    posted: CaseDecisionForm | None = None, problem: str = "", status: int = 200,
) -> HttpResponse:  # fmt: skip
    cases = cases or cases_of(Chain.of(submission), posted)
    context: dict[str, Any] = {
        "submission": submission, "cases": cases, "case_form": form or cases.form(), "problem": problem,
    }  # fmt: skip
    return render(request, "history/case.html", context, status=status)


def _record_look(submission: Submission, manager: User) -> None:
    """Record that somebody looks at another's entry, unless it is on the record since its page was opened."""
    looks = AuditEvent.objects.about(submission).filter(action=Action.VIEWED, actor=manager)
    if submission.agent != manager and not looks.exists():
        AuditEvent.objects.record(Action.VIEWED, submission, actor=manager)


def _found(uuid: UUID) -> Submission:
    return get_object_or_404(Submission.objects.select_related("delivery", "agent"), uuid=uuid)


def _manager(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `required` has let nobody else through
    return request.user
