"""What the history's filter shows, as a file that leaves while it is read; each export is on the record."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ..models import ExportFile, Submission
from ..models.submission import SubmissionQuerySet
from ..roles import REVIEW, required
from .export_columns import EXTRAS, Columns
from .export_formats import FORMATS
from .export_rows import read
from .export_stream import BUSY, Export
from .filters import HistoryFilter
from .patience import TooSlow, within

#: From so many results on, the page has a worker prepare the file; counting for the page stops there.
LARGE = 50_000
#: Seconds that counting for the page may take.
PATIENCE = 3.0


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


class Asked:
    """An export as somebody asks for it: the filter, the format (often empty: not chosen yet), what is added."""

    def __init__(self, query: QueryDict) -> None:
        self.filter, self.form = HistoryFilter(query), ExportForm(query)

    @property
    def wrong(self) -> list[str]:
        """What is nonsense in it, as sentences."""
        return [str(error) for each in (self.filter, self.form) for errors in each.errors.values() for error in errors]

    @property
    def found(self) -> SubmissionQuerySet:
        """The results that it is about; none if it is nonsense."""
        return self.filter.narrow(Submission.objects.all())

    @property
    def extras(self) -> list[str]:
        """What is added to each result."""
        include: list[str] = self.form.cleaned_data["include"]
        return include

    @property
    def narrowed(self) -> list[tuple[str, str]]:
        """The filter in words: what is asked, and the answer."""
        choices = {name: dict(getattr(field, "choices", ())) for name, field in self.filter.fields.items()}
        return [
            (str(self.filter[name].label), str(choices[name].get(answer, answer)))
            for name, answer in self.filter.given.items()
        ]


@require_safe
@required(REVIEW)
def export(request: HttpRequest, kind: str = "") -> HttpResponseBase:
    """The page on which an export is chosen, or the file itself if the address names its format.

    422 if the address asks for nonsense, 503 if too many exports are running.
    """
    asked = Asked(request.GET)
    if asked.wrong:
        return page(request, asked, status=422)
    name = asked.form.cleaned_data["format"] or kind
    return _file(request, asked, name) if name else page(request, asked)


def file_name(kind: str) -> str:
    """The day, and nothing that anybody has typed."""
    return f"results-{timezone.localdate():%Y-%m-%d}.{kind}"


def headers(name: str, kind: str) -> dict[str, str]:
    """For a browser that shall keep it as a file."""
    return {
        "Content-Type": FORMATS[kind].content_type,
        "Content-Disposition": f'attachment; filename="{name}"',
    }


def page(request: HttpRequest, asked: Asked, problem: str = "", status: int = 200) -> HttpResponse:
    """The page on which an export is chosen, with what is wrong."""
    count = _count(asked)
    context: dict[str, Any] = {
        "form": asked.form, "problem": problem, "formats": FORMATS.items(), "count": count, "limit": LARGE,
        "large": count is None or count > LARGE, "given": asked.filter.given.items(), "narrowed": asked.narrowed,
        "wrong": asked.wrong, "prepared": ExportFile.objects.filter(owner_id=request.user.pk).exists(),
    }  # fmt: skip
    return render(request, "history/export.html", context, status=status)


def _count(asked: Asked) -> int | None:
    """How many results it is about, at most LARGE and one; None if counting takes too long."""
    try:
        with within(PATIENCE):
            return asked.found[: LARGE + 1].count()
    except TooSlow:
        return None


def _file(request: HttpRequest, asked: Asked, kind: str) -> HttpResponseBase:
    name, extras = file_name(kind), asked.extras
    if request.method == "HEAD":
        return HttpResponse(headers=headers(name, kind))
    assert isinstance(request.user, User)  # noqa: S101 - `required` has let nobody else through
    stream = Export(request.user, name, {"filter": asked.filter.recorded, "format": kind, "include": extras})
    if not stream.write(FORMATS[kind], Columns.of_the_account(extras), read(asked.found, extras)):
        return page(request, asked, BUSY, status=503)
    return StreamingHttpResponse(stream, headers=headers(name, kind))
