"""Erasing a person: look for what is kept, choose, erase, and get a certificate that names nobody."""

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ..audit import erase as erasing
from ..models import Action, AuditEvent, Call, Submission
from ..models.erasure import ErasureReason
from ..roles import ERASE, required
from .anonymise import of_certificate
from .erase_forms import EraseForm, FindForm
from .story import person

#: So many certificates are listed.
LISTED = 20
NOTHING = "Nothing of this was left to erase."
TRACES = (
    "All of it is erased. Somebody was reading the database just then, so the old text may stand in its log file a"
    " little longer. Your operator can clear it at once: manage.py reapply_erasures."
)


@require_http_methods(["GET", "HEAD", "POST"])
@required(ERASE)
def find(request: HttpRequest) -> HttpResponse:
    """Look for a person (posted), or for whoever a result is about (`?result=<uuid>`). 422 without either.

    That somebody has looked is recorded, and for whom is not.
    """
    asked = request.POST if request.method == "POST" else request.GET
    if request.method != "POST" and "result" not in asked:
        return render(request, "history/erase.html", {"form": FindForm(), "certificates": _certificates()})
    form = FindForm(asked)
    if not form.is_valid() or form.is_lost:
        return _mistaken(request, form)
    found = form.find()
    about = form.start or "a person"
    AuditEvent.objects.record(
        Action.PERSON_SOUGHT, about, actor=_manager(request), outcome="found" if found else "not_found"
    )
    return _preview(request, form, EraseForm(found, _manager(request)))


@require_POST
@required(ERASE)
def confirm(request: HttpRequest) -> HttpResponse:
    """Erase what was ticked. 422 if something is missing, 409 if something of it is on its way just now."""
    sought = FindForm(request.POST)
    if not sought.is_valid() or sought.is_lost:
        return _mistaken(request, sought)
    form = EraseForm(sought.find(), _manager(request), request.POST)
    if not form.is_valid():
        return _preview(request, sought, form, status=422)
    reason = ErasureReason(form.cleaned_data["reason"])
    try:
        results, calls, drafts, rows = map(form.chosen, ("results", "calls", "drafts", "rows"))
        wanted = form.cleaned_data["anonymise"]
        event = erasing.erase(form.manager, reason, results, calls, drafts, rows, wanted)
    except erasing.InHand as obstacle:
        return _preview(request, sought, form, problem=str(obstacle), status=409)
    if event is None:
        return _preview(request, sought, EraseForm(sought.find(), form.manager), problem=NOTHING, status=409)
    if not erasing.clean_disk():
        messages.warning(request, TRACES)
    return redirect("erase_certificate", event.pk)


@require_safe
@required(ERASE)
def certificate(request: HttpRequest, pk: int) -> HttpResponse:
    """What was erased, when, by whom and why: to be printed, and with nothing about the person on it."""
    event = get_object_or_404(AuditEvent.objects.select_related("payload", "actor"), pk=pk, action=Action.PERSON_ERASED)
    told = _told(event)
    results = Submission.objects.filter(uuid__in=told["results"]).select_related("delivery").newest_first()
    context = {
        "event": event,
        "by": person(event),
        "reason": dict(ErasureReason.choices).get(event.outcome, event.outcome),
        "results": results,
        "calls": Call.objects.filter(uuid__in=told["calls"]).count(),
        "drafts": told["drafts"],
        "rows": told.get("rows", 0),
        "numbers": sorted({row.delivery.cg_id for row in results if row.delivery.cg_id}),
        "exports": _exports_since(results.last(), event),
        "requests": of_certificate(event.pk),
    }
    return render(request, "history/erase_certificate.html", context)


def _mistaken(request: HttpRequest, form: FindForm) -> HttpResponse:
    return render(request, "history/erase.html", {"form": form, "certificates": _certificates()}, status=422)


def _preview(
    request: HttpRequest, sought: FindForm, form: EraseForm, problem: str = "", status: int = 200
) -> HttpResponse:
    context = {"sought": sought, "form": form, "found": form.found, "problem": problem}
    return render(request, "history/erase_preview.html", context, status=status)


def _certificates() -> list[AuditEvent]:
    return list(_of_no_row(Action.PERSON_ERASED).order_by("-id")[:LISTED])


def _exports_since(oldest: Submission | None, event: AuditEvent) -> list[AuditEvent]:
    """Files that people took out while it was there: they may hold it."""
    if oldest is None:
        return []
    taken = _of_no_row(Action.EXPORT_BEGUN).filter(at__gte=oldest.created_at, id__lt=event.pk)
    return list(taken.order_by("-id")[:LISTED])


def _of_no_row(action: Action) -> Any:
    """The events of an action that is about no row of a table; by the index of the detail page."""
    return AuditEvent.objects.filter(object_type="", object_id="", action=action)


def _told(event: AuditEvent) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(bytes(event.payload.body))
    return told


def _manager(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `required` has let nobody else through
    return request.user
