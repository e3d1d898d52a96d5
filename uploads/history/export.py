"""What the history's filter shows, as a file that leaves while it is read; each export is on the record."""

import threading
from collections.abc import Iterator
from typing import Any, Self
from weakref import WeakSet

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ..models import Action, AuditEvent, Submission, request_id
from ..models.submission import SubmissionQuerySet
from ..roles import REVIEW, required
from .export_columns import EXTRAS, Columns
from .export_formats import FORMATS, Batches, Format
from .export_rows import Result, read
from .filters import HistoryFilter

#: Counting for the page stops here.
COUNTED = 1000
#: Exports at a time in one process: the other threads stay free for those who enter results.
AT_ONCE = max(1, settings.WEB_THREADS // 2)
BUSY = "Other exports are running. Try again in a few minutes; entering results must not wait for them."
COMPLETE, BROKEN_OFF = "complete", "broken_off"


class ExportForm(forms.Form):
    """What the file is to be, as it stands in the address."""

    format = forms.ChoiceField(
        required=False,
        choices=[(name, form.label) for name, form in FORMATS.items()],
        error_messages={"invalid_choice": f"There is no such format. Choose one of these: {', '.join(FORMATS)}."},
    )
    include = forms.MultipleChoiceField(
        label="Add to each result",
        required=False,
        choices=list(EXTRAS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": f"Nothing of this name can be added. Choose of these: {', '.join(EXTRAS)}."},
    )


class Export:
    """The bytes of one export, to be taken one after the other by a web server.

    How many results were read for it is written down when all has been taken, or when nobody takes any more (the
    browser is gone). What was read last may or may not have arrived.
    """

    #: Those that have begun and not ended, in this process.
    running: "WeakSet[Export]" = WeakSet()
    _door = threading.Lock()

    def __init__(self, user: User, name: str, told: dict[str, Any]) -> None:
        self._user, self._name, self._told, self._request = user, name, told, request_id.get()
        self._results = 0

    def begin(self, form: Format, columns: Columns, batches: Batches) -> bool:
        """Write down that it begins; False if too many are running."""
        with self._door:
            if len(self.running) >= AT_ONCE:
                return False
            self.running.add(self)
        self._chunks = form.write(columns, self._counted(batches))
        AuditEvent.objects.record(Action.EXPORT_BEGUN, self._name, actor=self._user, body=self._told)
        return True

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except StopIteration:
            self._end(COMPLETE)
            raise

    def close(self) -> None:
        """Called by the web server when it takes no more."""
        self._chunks.close()
        self._end(BROKEN_OFF)

    def _counted(self, batches: Batches) -> Iterator[list[Result]]:
        for batch in batches:
            self._results += len(batch)
            yield batch

    def _end(self, outcome: str) -> None:
        if self not in self.running:
            return
        self.running.discard(self)
        token = request_id.set(self._request)  # the middleware has forgotten it by now
        try:
            body = self._told | {"results": self._results}
            AuditEvent.objects.record(Action.EXPORTED, self._name, actor=self._user, outcome=outcome, body=body)
        finally:
            request_id.reset(token)


@require_safe
@required(REVIEW)
def export(request: HttpRequest, kind: str = "") -> HttpResponseBase:
    """The page on which an export is chosen, or the file itself if the address names its format.

    422 if the address asks for nonsense, 503 if too many exports are running.
    """
    asked, form = HistoryFilter(request.GET), ExportForm(request.GET)
    if not asked.is_valid() or not form.is_valid():
        return _page(request, asked, form, status=422)
    name = form.cleaned_data["format"] or kind
    return _file(request, asked, form, name) if name else _page(request, asked, form)


def _file(request: HttpRequest, asked: HistoryFilter, form: ExportForm, name: str) -> HttpResponseBase:
    file_name, extras = f"results-{timezone.localdate():%Y-%m-%d}.{name}", form.cleaned_data["include"]
    headers = {
        "Content-Type": FORMATS[name].content_type,
        "Content-Disposition": f'attachment; filename="{file_name}"',
    }
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    assert isinstance(request.user, User)  # noqa: S101 - `required` has let nobody else through
    told = {"filter": _given(asked), "format": name, "include": extras}
    stream = Export(request.user, file_name, told)
    if not stream.begin(FORMATS[name], Columns.of_the_account(extras), read(_found(asked), extras)):
        return _page(request, asked, form, problem=BUSY, status=503)
    return StreamingHttpResponse(stream, headers=headers)


def _page(
    request: HttpRequest, asked: HistoryFilter, form: ExportForm, problem: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "asked": asked, "form": form, "problem": problem, "formats": FORMATS.items(), "counted": COUNTED,
        "count": _found(asked)[: COUNTED + 1].count(), "given": _given(asked).items(), "narrowed": _narrowed(asked),
        "wrong": [error for each in (asked, form) for errors in each.errors.values() for error in errors],
    }  # fmt: skip
    return render(request, "history/export.html", context, status=status)


def _found(asked: HistoryFilter) -> SubmissionQuerySet:
    return asked.narrow(Submission.objects.all())


def _given(asked: HistoryFilter) -> dict[str, str]:
    """The filter as it stands in the address, without what was left empty."""
    return {name: value for name in asked.fields if (value := asked.data.get(name))}


def _narrowed(asked: HistoryFilter) -> list[tuple[str, str]]:
    """The filter in words: what is asked, and the answer."""
    answers = _given(asked)
    choices = {name: dict(getattr(field, "choices", ())) for name, field in asked.fields.items()}
    return [(str(asked[name].label), str(choices[name].get(answer, answer))) for name, answer in answers.items()]
