"""The audit log for people: everything that was done, by whom, and what it changed."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from ..audit import seal
from ..customergauge import EVIDENCE
from ..models import Action, AuditEvent, Submission
from ..roles import LOOKUPS, REVIEW, required
from .audit_entry import Content, content, is_erased, lines, result_of, seal_of
from .audit_filter import AuditFilter
from .audit_list import page
from .pages import BadCursor
from .personal import is_shown
from .wording import OWN_EVIDENCE

#: How something ended, with its sentence.
OUTCOMES = sorted((OWN_EVIDENCE | {name: told.sentence for name, told in EVIDENCE.items()}).items())


@require_safe
@required(REVIEW, LOOKUPS)
def listing(request: HttpRequest) -> HttpResponse:
    """Every event, newest first, as narrowed by the address; 422 if the address asks for nonsense.

    Events name no customer and hold no free text; what was recorded with them is on the page of each.
    """
    asked = AuditFilter(request.GET)
    try:
        shown = page(asked, request.GET.get("before", ""), request.GET.get("after", ""))
    except BadCursor:
        messages.warning(request, "The address names a page that does not exist; here is the newest one.")
        shown = page(asked)
    context = {"form": asked, "page": shown, "lines": lines(shown.rows), "outcomes": OUTCOMES}
    context["people"] = User.objects.order_by("username").values_list("username", flat=True)[:500]
    return render(request, "history/audit.html", context, status=200 if asked.is_valid() else 422)


@require_safe
@required(REVIEW, LOOKUPS)
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One event with what was recorded with it, as far as the reader may see that. Opening it is recorded."""
    event = get_object_or_404(AuditEvent.objects.select_related("actor"), pk=pk)
    result = result_of(event)
    unmasked = result is not None and is_shown(request, result)
    told = content(event, request.user, unmasked=unmasked)
    _record_look(request, event, result, told)
    (line,) = lines([event])
    context = {
        "event": event, "line": line, "content": told, "seal": seal_of(event), "sealing": seal.enabled(),
        "commitment": bytes(event.commitment).hex(), "result": result, "erased": is_erased(result),
        "masked": result is not None and told.state == "shown" and not unmasked,
    }  # fmt: skip
    return render(request, "history/audit_entry.html", context)


def _record_look(request: HttpRequest, event: AuditEvent, result: Submission | None, told: Content) -> None:
    """That the entry was opened; and of somebody else's result that it was looked at, if its content is shown."""
    with transaction.atomic():
        AuditEvent.objects.record(Action.AUDIT_VIEWED, event, actor=request.user)
        if result and told.state == "shown" and result.agent_id != request.user.pk:
            AuditEvent.objects.record(Action.VIEWED, result, actor=request.user)
