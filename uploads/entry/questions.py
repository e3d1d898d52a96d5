"""From a row of SurveyField to the field that asks for it."""

import logging
import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from ..models import Contact, Kind, Role, SurveyField, WorkflowStatus, patterns
from . import dates, fields
from .reasons import ReasonsField, offered

logger = logging.getLogger(__name__)

TEXT_KINDS: dict[str, type[fields.NameField]] = {
    Kind.TEXT: fields.NameField,
    Kind.IDENTIFIER: fields.IdentifierField,
    Kind.EMAIL: fields.EmailField,
    Kind.PHONE: fields.PhoneField,
}


def question(row: SurveyField, zone: ZoneInfo) -> fields.EntryField:
    """The field for one key of the upload mapping; `zone` is the one agents' clocks show."""
    common = {"label": row.label, "help_text": row.help, "required": row.required}
    if row.kind in TEXT_KINDS and row.role == Role.CUSTOMER:
        return TEXT_KINDS[row.kind](**common, longest=max(row.max_length, 1), pattern=_pattern(row))
    make = _OTHER_KINDS[row.kind] if row.role == Role.CUSTOMER else _ROLES[row.role]
    return make(row, zone, common)


Maker = Callable[[SurveyField, ZoneInfo, dict[str, Any]], fields.EntryField]


def _choice(row: SurveyField, _zone: ZoneInfo, common: dict[str, Any]) -> fields.EntryField:
    return fields.ChoiceField(**common, choices=[("", "—"), *((choice, choice) for choice in row.choice_list())])


def _status(_row: SurveyField, _zone: ZoneInfo, common: dict[str, Any]) -> fields.EntryField:
    statuses = list(WorkflowStatus.objects.active())
    default = next((status.code for status in statuses if status.default), "")
    choices = [("", "Not set"), *((status.code, status.label) for status in statuses)]
    return fields.ChoiceField(**common, choices=choices, initial=default)


def _contact(row: SurveyField, _zone: ZoneInfo, common: dict[str, Any]) -> fields.EntryField:
    choices = [(value or "", str(label)) for value, label in Contact.choices if value or not row.required]
    return fields.ChoiceField(**common, choices=choices, initial="")


_OTHER_KINDS: dict[str, Maker] = {
    Kind.NUMBER: lambda _row, _zone, common: fields.WholeNumberField(**common),
    Kind.DATE: lambda _row, _zone, common: dates.DateField(**common),
    Kind.DATETIME: lambda _row, zone, common: dates.LocalDateTimeField(**common, zone=zone),
    Kind.CHOICE: _choice,
}
_ROLES: dict[str, Maker] = {
    Role.SCORE: lambda _row, _zone, common: fields.ScoreField(**common | {"required": True}),
    Role.COMMENT: lambda row, _zone, common: fields.CommentField(**common, longest=max(row.max_length, 1)),
    Role.SENT_AT: lambda _row, zone, common: dates.SurveyDateTimeField(**common, zone=zone),
    Role.COMPLETED_AT: lambda _row, zone, common: dates.SurveyDateTimeField(**common, zone=zone),
    Role.CONTACT: _contact,
    Role.WORKFLOW_STATUS: _status,
    Role.REASONS: lambda row, _zone, common: ReasonsField(**common, longest=row.max_length, reasons=offered()),
}


def _pattern(row: SurveyField) -> re.Pattern[str] | None:
    """An unusable pattern is left out: a mistake in a list must not stop every agent from saving."""
    try:
        return patterns.compile_safely(row.pattern) if row.pattern else None
    except patterns.UnusablePattern as error:
        logger.warning("The pattern of field %s is not checked. %s", row.key, error)
        return None
