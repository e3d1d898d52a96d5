"""Where a list of results comes in: pasted or uploaded, and what its columns hold."""

import uuid as uuids
from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from ..models import Batch
from ..roles import ENTER, required
from . import batch_text
from .batch_columns import ColumnsForm, are_titles
from .batch_text import Table
from .batch_told import MANY
from .kept import is_from_here
from .own import agent_of, read_uuid

#: A request that is longer is not read at all: a list as large as it may be, and what stands around it.
LONGEST_REQUEST = 6_000_000  # bytes
TOO_LARGE = (
    "This is too much at once: a file may have 5 MB, and a pasted text 2 MB. Cut the list into parts, each with its"
    " titles, or give a pasted text as a file."
)

TOO_OLD = "You have signed in anew since this page was opened. Press “Go on” once more; choose a file anew."
SIGNED_OUT = (
    "You have been signed out. What you pasted is still here: sign in in a new tab, then press “Go on” once more. A"
    " file must be chosen anew."
)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """The page that takes a list, with the lists that are there; to the columns of what was posted (302).

    422 if it is no list, 413 if it is too large, which is known before anything of it is read: only then can the page
    say so, and hence the form's key is looked for afterwards. 403 with what was pasted if the session has ended.
    """
    if request.method == "POST" and not request.user.is_authenticated and is_from_here(request):
        return _ask(request, TOO_LARGE, status=413) if _is_too_large(request) else _ask(request, SIGNED_OUT, status=403)
    return _signed_in(request)


@required(ENTER)
def _signed_in(request: HttpRequest) -> HttpResponseBase:
    return _ask(request, TOO_LARGE, status=413) if _is_too_large(request) else _new(request)


@csrf_protect
def _new(request: HttpRequest) -> HttpResponseBase:
    if request.method != "POST":
        return _ask(request)
    pasted, file = request.POST.get("pasted", ""), request.FILES.get("file")
    if bool(pasted.strip()) == bool(file):
        both = "Paste a list or choose a file, not both." if file else "Paste a list, or choose a file."
        return _ask(request, both, status=422)
    try:
        table = batch_text.read(batch_text.decode(file.read()) if file else pasted)
    except batch_text.Unreadable as sentence:
        return _ask(request, str(sentence), status=422)
    batch = Batch(
        token=_token(request, table), agent=agent_of(request), first=table.first, titled=are_titles(table.first),
        name=_name(file) if file else "Pasted list",
    )  # fmt: skip
    return redirect("batch", batch.begin(table.rows).uuid)


@require_http_methods(["GET", "HEAD", "POST"])
@required(ENTER)
def columns(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """What each column holds; 422 if that does not fit. Then every row is checked."""
    batch = own_list(request, uuid)
    if batch.is_busy or batch.status == Batch.Status.DONE:
        return redirect("batch", uuid)
    form = ColumnsForm(batch, request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "entry/batch_columns.html", {"batch": batch, "form": form},
                      status=422 if form.is_bound else 200)  # fmt: skip
    form.keep()
    batch.read_as(form.chosen, form.cleaned_data["dates"], titled=form.cleaned_data["titled"])
    return redirect("batch", uuid)


def own_list(request: HttpRequest, uuid: UUID) -> Batch:
    """Somebody else's list answers exactly like one that does not exist."""
    return get_object_or_404(Batch.objects.of(agent_of(request)).select_related("agent"), uuid=uuid)


def out_of_date(request: HttpRequest) -> HttpResponse:
    """The same page with what was pasted, and a fresh key."""
    return _ask(request, TOO_OLD, status=403)


def _token(request: HttpRequest, table: Table) -> UUID:
    """Equal for the same list from the same form by the same person. The Back button brings the form again, for
    another list."""
    form = read_uuid(request.POST.get("token", "")) or uuids.uuid4()
    return uuids.uuid5(form, repr((agent_of(request).pk, table)))


def _is_too_large(request: HttpRequest) -> bool:
    if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST_REQUEST:
        return True
    try:
        request.POST.keys()
    except RequestDataTooBig:
        return True
    return False


def _ask(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    posted = {} if status == 413 else request.POST  # there it cannot be read
    known = request.user.is_authenticated
    context = {
        "problem": problem,
        "pasted": posted.get("pasted", ""),
        "token": uuids.uuid4(),
        "batches": known and Batch.objects.of(agent_of(request)).annotate(size=Count("rows"))[:MANY],
        "most": f"{batch_text.MOST_ROWS:,}",
    }
    return render(request, "entry/batch_new.html", context, status=status)


def _name(file: "UploadedFile[Any]") -> str:
    """The name of a file as people may see it."""
    printable = "".join(char for char in (file.name or "") if char.isprintable()).strip()
    return printable[:100] or "A file"
