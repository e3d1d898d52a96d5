"""One row of a list in the entry form: mended, decided about and saved there like any other result."""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ..models import Batch, BatchRow, Draft, Role, Submission
from ..roles import ENTER, required
from .batch_answers import answers
from .form import EntryForm
from .kept import keeps_what_was_typed
from .own import agent_of
from .sheet import Sheet
from .submit import stored
from .warnings import warnings

LONGEST_SHOWN = 200
BUSY = "The worker has this list in hand. Wait until it is done, then open the row."


class RowSheet(Sheet):
    """The entry form of a row. Its submit token is that of the row, so that it becomes one result at most."""

    def __init__(self, request: HttpRequest, row: BatchRow) -> None:
        page = reverse("batch_row", args=[row.batch.uuid, row.number])
        super().__init__(request, row.batch.agent, None, "submission", page)
        self.row = row

    def open(self) -> HttpResponseBase:
        """The form as the row says, with what is wrong or unlikely about it; or as its draft was left."""
        draft = Draft.objects.of(self.person).filter(token=self.row.token).first()
        if draft:
            return self.open_draft(draft)
        data = answers(self.row.batch, self.form(), self.row.cells)
        form = self.form(data)
        if form.is_valid():
            warned = warnings(form, form.entry(), self.person)
            known = {one.sentence for one in warned}
            twins = [sentence for sentence in self.row.told if sentence not in known]
            return self.show(form, self.row.token, warned=warned, notes=twins)
        return self.show(form, self.row.token, lead="This row cannot be saved as it is.", notes=_said(form, data))

    def save(self) -> HttpResponseBase:
        """As any entry form; 422 if the page was made for another row."""
        if self.request.POST.get("submit_token") != str(self.row.token):
            return self.stale(self.form(self.request.POST), status=422)
        return super().save()

    def show(self, form: EntryForm, token: uuid.UUID, status: int = 200, **context: Any) -> HttpResponse:
        return super().show(form, self.row.token, status, **context)

    def _saved(self, saved: Submission, notes: Sequence[str]) -> HttpResponse:
        settle(self.row, saved)
        for note in notes:
            messages.warning(self.request, note)
        messages.success(self.request, f"Row {self.row.number} is saved.")
        later = self.row.batch.rows.filter(state=BatchRow.State.BAD, number__gt=self.row.number).order_by("number")
        following = later.first() if "next" in self.request.POST else None
        if following:
            return redirect("batch_row", self.row.batch.uuid, following.number)
        return redirect("batch", self.row.batch.uuid)


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_what_was_typed
@required(ENTER)
def row(request: HttpRequest, uuid: uuid.UUID, number: int) -> HttpResponseBase:
    """The entry form of one's own row; a valid one is saved and leads back to the list (302), else 422.

    To the result, once the row is saved.
    """
    found = _own_row(request, uuid, number)
    saved = found.submission or stored(found.token, found.batch.agent)
    if saved:
        settle(found, saved)
        return redirect("submission", saved.uuid)
    if found.batch.is_busy:
        messages.info(request, BUSY)
        return redirect("batch", uuid)
    sheet = RowSheet(request, found)
    with timezone.override(found.batch.time_zone):  # of the clock by which the list was written
        return sheet.save() if request.method == "POST" else sheet.open()


def sheet_of(request: HttpRequest, uuid: uuid.UUID, number: int) -> RowSheet:
    """The form of one's own row, for whoever shows it again. Raises Http404 if it is no own one."""
    return RowSheet(request, _own_row(request, uuid, number))


def _own_row(request: HttpRequest, uuid: uuid.UUID, number: int) -> BatchRow:
    rows = BatchRow.objects.select_related("batch__agent", "submission")
    return get_object_or_404(rows, batch__uuid=uuid, batch__agent=agent_of(request), number=number)


def settle(found: BatchRow, saved: Submission) -> None:
    """Note that a row was saved; with its last row a list is done. A second time changes nothing."""
    batch = found.batch
    with transaction.atomic(), batch.held(set(Batch.Status)):
        if batch.rows.filter(pk=found.pk).exclude(state=BatchRow.State.SAVED).exists():
            found.became(saved).save()
        if not batch.rows.exclude(state=BatchRow.State.SAVED).exists():
            batch.finish()


def _said(form: EntryForm, data: QueryDict) -> list[str]:
    """What the row says where the form cannot show it, because it is none of the choices, or no date."""
    told = []
    for name in form.errors:
        field, said = form.fields.get(name), "; ".join(filter(None, data.getlist(name)))[:LONGEST_SHOWN]
        if field and said and not _shows_anything(name, field.widget):
            told.append(f"{field.label}: the row says “{said}”.")
    return told


def _shows_anything(name: str, widget: forms.Widget) -> bool:
    """Whether an input shows whatever was typed; the score is chosen from buttons."""
    is_text = isinstance(widget, forms.Textarea) or getattr(widget, "input_type", "") == "text"
    return is_text and name != Role.SCORE
