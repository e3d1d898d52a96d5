"""Who has asked to see personal data: for a while, one result or the names of the list, and on the record each time."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from ..models import Action, AuditEvent, Submission
from ..roles import REVIEW, required

SHOWN_FOR = timedelta(minutes=10)
#: The session's name for what is shown: {what: until when, in seconds since 1970}.
SHOWN = "personal"
#: The names in the list.
NAMES = "names"


def is_shown(request: HttpRequest, what: Submission | str) -> bool:
    """Whether the person sees this unmasked: an own entry, or what was asked for a little while ago."""
    if isinstance(what, Submission) and what.agent_id == request.user.pk:
        return True
    until: float = request.session.get(SHOWN, {}).get(_name(what), 0)
    return until > timezone.now().timestamp()


@require_POST
@required(REVIEW)
def show_result(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show the personal data of one result for a while, or (with `hide`) mask it again."""
    submission = get_object_or_404(Submission, uuid=uuid)
    with transaction.atomic():
        if _change(request, submission):
            AuditEvent.objects.record(Action.PERSONAL_SHOWN, submission, actor=request.user)
    return redirect(_back("history_detail", request, uuid))


@require_POST
@required(REVIEW)
def show_names(request: HttpRequest) -> HttpResponse:
    """Show the names in the list for a while, or (with `hide`) mask them again. Each page seen so is recorded."""
    _change(request, NAMES)
    return redirect(_back("history", request))


def record_names(request: HttpRequest, asked: dict[str, str], rows: Iterable[Submission]) -> None:
    """Write down whose names somebody sees in the list; `asked`: the filter as it may be recorded."""
    body: dict[str, Any] = {"filter": asked, "results": [str(row.uuid) for row in rows]}
    if body["results"]:
        AuditEvent.objects.record(Action.NAMES_SHOWN, "history", actor=request.user, body=body)


def _change(request: HttpRequest, what: Submission | str) -> bool:
    """Note in the session what is shown from now on; True if something is that was not."""
    now = timezone.now()
    shown = {name: until for name, until in request.session.get(SHOWN, {}).items() if until > now.timestamp()}
    was_shown = shown.pop(_name(what), None) is not None
    if "hide" not in request.POST:
        shown[_name(what)] = (now + SHOWN_FOR).timestamp()
    request.session[SHOWN] = shown
    return "hide" not in request.POST and not was_shown


def _name(what: Submission | str) -> str:
    return what if isinstance(what, str) else str(what.uuid)


def _back(page: str, request: HttpRequest, *arguments: Any) -> str:
    """The page the button stands on, with the filter in its address."""
    return reverse(page, args=arguments) + (f"?{request.GET.urlencode()}" if request.GET else "")
