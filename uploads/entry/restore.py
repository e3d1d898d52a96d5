"""From a stored submission back to a filled-in form: every answer that can still be given, the others by name."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.forms import Field
from django.http import QueryDict

from ..models import CustomerValue, Kind, Role, Submission
from . import moments
from .dates import LocalDateTimeField
from .fields import ChoiceField
from .form import EntryForm
from .reasons import ReasonsField


class Restored(NamedTuple):
    """A form with everything that was entered; `left_out` has a sentence for each answer that found no place."""

    form: EntryForm
    left_out: list[str]


class _Answer(NamedTuple):
    """One stored answer: the input it belongs to, its value there, and how people name the two."""

    name: str
    value: str
    label: str
    shown: str


def restore(submission: Submission, make: Callable[[QueryDict | None], EntryForm]) -> Restored:
    """The form as it would be after typing everything again, checked by today's rules; `make` makes it from data."""
    empty = make(None)
    data, left_out = QueryDict(mutable=True), []
    for answer in _answers(submission, empty):
        field = empty.fields.get(answer.name)
        if field is None:
            left_out.append(f"{answer.label} is not asked any more; “{answer.shown}” was left out.")
        elif not is_offered(field, answer.value):
            left_out.append(f"{answer.label}: “{answer.shown}” is not offered any more and was left out.")
        else:
            data.appendlist(answer.name, answer.value)
    form = make(data)
    form.full_clean()
    return Restored(form, left_out)


def _answers(submission: Submission, form: EntryForm) -> Iterator[_Answer]:
    """What was answered; moments as the clocks of the form's zone show them, wherever they were entered."""
    values = [
        (Role.SCORE, str(submission.score), ""),
        (Role.COMMENT, submission.comment, ""),
        (Role.SENT_AT, _moment(submission.sent_at, form.zone), ""),
        (Role.COMPLETED_AT, _moment(submission.completed_at, form.zone), ""),
        (Role.CONTACT, submission.contact, submission.get_contact_display()),
        (Role.WORKFLOW_STATUS, submission.workflow_status, submission.workflow_status_label),
        *((Role.REASONS, reason["code"], reason["label"]) for reason in submission.reasons),
    ]
    for role, value, shown in values:
        if value:
            field = form.fields.get(role)
            label = str(field.label) if field else str(role.label)
            yield _Answer(role.value, value, label, shown or value)
    for entered in submission.customer:
        value = _customer(entered, form, ZoneInfo(submission.time_zone))
        yield _Answer(entered["key"], value, entered["label"], entered["value"])


def _moment(moment: datetime | None, zone: ZoneInfo) -> str:
    return moments.write_moment(moment, zone) if moment else ""


def _customer(entered: CustomerValue, form: EntryForm, zone: ZoneInfo) -> str:
    """The value as the form wants it; a moment moves from the zone it was entered in to the form's."""
    if entered["kind"] != Kind.DATETIME or not isinstance(form.fields.get(entered["key"]), LocalDateTimeField):
        return entered["value"]
    try:
        return moments.write_moment(moments.read_moment(entered["value"], zone), form.zone)
    except moments.Refused:  # the rules of the zone were changed meanwhile
        return entered["value"]


def is_offered(field: Field, value: str) -> bool:
    """Whether an answer can be given today, as far as it is one of a few."""
    if isinstance(field, ReasonsField):
        return value in field.reasons
    return not isinstance(field, ChoiceField) or value in dict(field.choices)
