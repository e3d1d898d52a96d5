"""A list of results that was read in: what was found in it, having it saved, and what became of it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from ..models import Batch, BatchRow, Worker
from ..roles import ENTER, required
from . import text
from .batch_file import wrong_rows
from .batch_start import own_list
from .batch_told import KINDS, MANY, group, groups
from .text import TextClass
from .warnings import LONGEST_REASON

BUSY = "The worker has this list in hand. Wait until it is done."


@require_safe
@required(ENTER)
def batch(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """How far a list is, or what was found in it; `?show=` a group of its rows, `after` a number.

    htmx asks with `?seen=<how it stood>` while the worker has it: 204 while that is unchanged, a fresh page at the end.
    """
    found = own_list(request, uuid)
    if request.headers.get("HX-Request"):
        return _live(request, found)
    if found.status == Batch.Status.COLUMNS:
        return redirect("batch_columns", uuid)
    if "show" in request.GET and not found.is_busy:
        return _group(request, found)
    return _page(request, found)


@require_POST
@required(ENTER)
def save(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """Have the good rows saved, and those whose warnings were given a reason. 422 without any, 409 if it is at work."""
    found = own_list(request, uuid)
    given = {code: request.POST.get(f"because-{code}", "") for code in KINDS}
    try:
        reasons = {code: text.clean(said, TextClass.NAME, LONGEST_REASON).text for code, said in given.items()}
    except text.Refused as refused:
        return _page(request, found, f"The reason {refused}", given, status=422)
    if found.save_rows({code: said for code, said in reasons.items() if said}):
        return redirect("batch", uuid)
    if found.status == Batch.Status.CHECKED:
        nothing = "There is no row to save. Give a reason for those that ask for one, or mend those that are wrong."
        return _page(request, found, nothing, given, status=422)
    return redirect("batch", uuid)  # pressed twice


@require_POST
@required(ENTER)
def stop(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """Save no more rows; what is saved stays."""
    if not own_list(request, uuid).stop():
        messages.info(request, "It was over before you pressed Stop.")
    return redirect("batch", uuid)


@require_POST
@required(ENTER)
def finish(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """Forget the rows that are not saved."""
    if not own_list(request, uuid).finish():
        messages.info(request, BUSY)
    return redirect("batch", uuid)


@require_safe
@required(ENTER)
def wrong(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """The wrong rows as a file."""
    found = own_list(request, uuid)
    headers = {"Content-Disposition": f'attachment; filename="wrong-rows-{found.uuid.hex[:8]}.csv"'}
    return HttpResponse(wrong_rows(found), content_type="text/csv; charset=utf-8", headers=headers)


def _page(
    request: HttpRequest, found: Batch, problem: str = "", given: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    context = _counts(found) | {"problem": problem}
    if found.status == Batch.Status.CHECKED:
        context["groups"] = [(one, (given or {}).get(one.name, "")) for one in groups(found)]
    return render(request, "entry/batch.html", context, status=status)


def _live(request: HttpRequest, found: Batch) -> HttpResponse:
    context = _counts(found)
    if not found.is_busy:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return render(request, "entry/batch_live.html", context)


def _group(request: HttpRequest, found: Batch) -> HttpResponse:
    after = request.GET.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 9 else 0
    shown = group(found, request.GET["show"], MANY, start)
    if shown is None:
        raise Http404
    last = shown.rows[-1].number if len(shown.rows) == MANY else 0
    return render(request, "entry/batch_rows.html", {"batch": found, "group": shown, "after": start, "last": last})


def _counts(found: Batch) -> dict[str, Any]:
    tally, states = found.tally(), BatchRow.State
    done = sum(tally.values()) - tally.get(states.NEW, 0)
    if found.status == Batch.Status.SAVING:
        done = tally.get(states.SAVED, 0)
    return {
        "batch": found,
        "rows": sum(tally.values()),
        "unsaved": sum(tally.values()) - tally.get(states.SAVED, 0),
        "good": tally.get(states.GOOD, 0),
        "wrong": tally.get(states.BAD, 0),
        "warned": tally.get(states.WARNED, 0),
        "saved": tally.get(states.SAVED, 0),
        "waiting": tally.get(states.CHOSEN, 0),
        "done": done,
        "seen": f"{found.status}-{done}",
        "worker": Worker.objects.heard_of().exists(),
    }
