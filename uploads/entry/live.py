"""The parts of the agent's pages that follow deliveries by asking again and again."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import HTMX_STOP_POLLING

from ..models import Channel, State, Submission
from ..models.revisions import later_states
from . import wording
from .refusal import refusals


def live(name: str, found: Iterable[Submission]) -> dict[str, Any]:
    """Context of a live part: pairs (submission, its words) under `name`, whether to go on asking, what was seen."""
    rows = list(found)
    why = refusals(rows)
    held_up = any(row.delivery.state == State.QUEUED for row in rows) and not Channel.current().is_open
    later = later_states(rows)
    pairs = [(row, wording.tell(row.delivery, why.get(row.pk), later.get(row.pk), held_up=held_up)) for row in rows]
    seen = wording.fingerprint(told for _, told in pairs)
    return {name: pairs, "moving": not all(told.settled for _, told in pairs), "seen": seen}


def fragment(request: HttpRequest, template: str, name: str, found: Iterable[Submission]) -> HttpResponse:
    """The live part anew; nothing (204) if it would read as before; 286 ends the asking."""
    context = live(name, found)
    if context["moving"] and context["seen"] == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render(request, template, context, status=200 if context["moving"] else HTMX_STOP_POLLING)
