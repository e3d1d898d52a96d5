"""Files of results that a worker prepares: asked for, followed, fetched by whoever asked, removed."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from ..models import ExportFile, Worker
from ..models.exports import MOST, TooMany
from ..roles import REVIEW, required
from .export import Asked, file_name, headers, page
from .export_columns import EXTRAS
from .export_formats import FORMATS
from .export_stream import BUSY, Export

ENOUGH = f"You have {MOST} files already. Remove one that you no longer need, then ask again."
#: What became of a file, as far as its owner needs to know.
WHY = {
    "expired": "Its 24 hours are over.",
    "removed": "You have removed it.",
    "erased": "Somebody’s data has been erased since, so no file may hold it any longer. Ask for a new one.",
    "crashed": "It was begun several times and never finished. The operator finds the reason in the worker’s log.",
    "filter_invalid": "Its filter means nothing any more; perhaps a name has changed. Set the filter anew.",
}


@require_POST
@required(REVIEW)
def ask(request: HttpRequest) -> HttpResponse:
    """Have a file prepared; the same, asked for twice, is made once. 422 for nonsense, 409 with too many files."""
    asked = Asked(request.POST)
    if asked.wrong or not (kind := asked.form.cleaned_data["format"]):
        return page(request, asked, "" if asked.wrong else "Choose a format.", status=422)
    file = ExportFile(
        owner=_manager(request), name=file_name(kind), kind=kind, include=asked.extras,
        filter=asked.filter.given, recorded=asked.filter.recorded,
    )  # fmt: skip
    try:
        return redirect("export_file", file.ask().uuid)
    except TooMany:
        return page(request, asked, ENOUGH, status=409)


@require_safe
@required(REVIEW)
def listing(request: HttpRequest) -> HttpResponse:
    """One's own files, the newest first."""
    files = ExportFile.objects.filter(owner=_manager(request)).order_by("-pk")
    return render(request, "history/exports.html", {"files": [(file, WHY.get(file.why, "")) for file in files[:50]]})


@require_safe
@required(REVIEW)
def detail(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """How far a file is, and the link to it; 404 for everybody but its owner.

    htmx asks with `?seen=<how it stood>` and gets 204 while that is unchanged; 286, which ends the asking, at the end.
    """
    file = _found(request, uuid)
    if not request.headers.get("HX-Request"):
        return _detail(request, file)
    if request.GET.get("seen") == _seen(file):
        return HttpResponse(status=204)
    return render(request, "history/export_live.html", _live(file), status=286 if file.is_over else 200)


@require_safe
@required(REVIEW)
def download(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """The file itself; 404 for everybody but its owner, 410 if it is gone, 503 if too many exports are running."""
    file, manager = _found(request, uuid), _manager(request)
    if not file.can_be_fetched:
        return _detail(request, file, status=410 if file.is_over else 409)
    sent = headers(file.name, file.kind) | {"Content-Length": str(file.size)}
    if request.method == "HEAD":
        return HttpResponse(headers=sent)
    stream = Export(manager, file, file.told)
    if not stream.hand_out(file):
        return _detail(request, file, BUSY, status=503)
    return StreamingHttpResponse(stream, headers=sent)


@require_POST
@required(REVIEW)
def remove(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Its owner needs it no more; what is gone stays gone."""
    file = _found(request, uuid)
    if file.remove():
        messages.success(request, "The file is removed.")
    return redirect("exports")


def _detail(request: HttpRequest, file: ExportFile, problem: str = "", status: int = 200) -> HttpResponse:
    return render(request, "history/export_file.html", _live(file) | {"problem": problem}, status=status)


def _live(file: ExportFile) -> dict[str, object]:
    late = file.status == file.Status.READY and not file.can_be_fetched
    return {
        "file": file, "seen": _seen(file), "form": FORMATS[file.kind], "ready": file.can_be_fetched,
        "why": WHY["expired"] if late else WHY.get(file.why, ""), "extras": [EXTRAS[name] for name in file.include],
        "worker": Worker.objects.heard_of().exists(),
    }  # fmt: skip


def _seen(file: ExportFile) -> str:
    return f"{file.status}-{file.results}"


def _found(request: HttpRequest, uuid: UUID) -> ExportFile:
    return get_object_or_404(ExportFile, uuid=uuid, owner=_manager(request))


def _manager(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `required` has let nobody else through
    return request.user
