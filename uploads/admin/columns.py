"""The columns of a list in a file: their titles, how a cell is written, and how strictly it is read.

A cell that is not understood is refused with a sentence, never guessed: a "maybe" is neither yes nor no.
"""

import re
from datetime import date, timedelta
from typing import Any

from django.db import models
from django.utils.text import capfirst
from import_export.widgets import Widget

from ..models import CallOutcome, Lookup, ReasonCode, SurveyField, WorkflowStatus

#: Model → its columns in a file; the first one says which row is meant.
COLUMNS: dict[type[Lookup], tuple[str, ...]] = {
    ReasonCode: (
        "code", "label", "promoter_label", "parent", "side", "position", "active", "active_from", "active_to",
    ),
    WorkflowStatus: ("code", "label", "default", "position", "active", "active_from", "active_to"),
    SurveyField: (
        "key", "label", "help", "role", "kind", "required", "max_length", "pattern", "choices", "personal", "position",
        "active",
    ),
    CallOutcome: ("label", "call_back", "position", "active"),
}  # fmt: skip
#: Excel counts days from here.
DAY_ZERO = date(1899, 12, 30)
YES, NO = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0"})


def title(model: type[Lookup], name: str) -> str:
    """The title of a column, as the pages say it."""
    return str(capfirst(model._meta.get_field(name).verbose_name))  # type: ignore[union-attr]  # all are plain fields


def names_by_title(model: type[Lookup]) -> dict[str, str]:
    """Every way to write a title, folded → the name of the column."""
    return {folded: name for name in COLUMNS[model] for folded in (fold_title(name), fold_title(title(model, name)))}


def fold_title(text: str) -> str:
    """“Max length”, “max_length” and “MAX LENGTH ” are one title."""
    return re.sub(r"[\W_]+", " ", text).strip().casefold()


class Words(Widget):  # type: ignore[misc]  # the library has no types
    """Text as it stands."""

    def clean(self, value: Any, row: Any = None, **_kwargs: Any) -> Any:
        return str(value or "").strip()

    def render(self, value: Any, obj: Any = None, **_kwargs: Any) -> str:
        return "" if value is None else str(value)


class YesNo(Words):
    def clean(self, value: Any, row: Any = None, **_kwargs: Any) -> bool:
        word = str(value or "").strip().casefold()
        if word not in YES | NO:
            raise ValueError(f"{_quoted(value)} is neither yes nor no. Write one of the two.")
        return word in YES

    def render(self, value: Any, obj: Any = None, **_kwargs: Any) -> str:
        return "yes" if value else "no"


class Whole(Words):
    def clean(self, value: Any, row: Any = None, **_kwargs: Any) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", str(value or "").strip()):
            raise ValueError(f"{_quoted(value)} is not a whole number. Write digits only, such as 100.")
        return int(value)


class Day(Words):
    def clean(self, value: Any, row: Any = None, **_kwargs: Any) -> date | None:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            return DAY_ZERO + timedelta(days=int(text)) if re.fullmatch(r"[0-9]{5}", text) else date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{_quoted(value)} is not a day of the calendar. Write it as 2026-11-23.") from None


class Named(Words):
    """One of a few values, by its name in the database or its label."""

    def __init__(self, choices: list[tuple[str, str]]) -> None:
        super().__init__()
        self._values = {name.casefold(): value for value, label in choices for name in (value, label)}
        self._all = ", ".join(value for value, _ in choices)

    def clean(self, value: Any, row: Any = None, **_kwargs: Any) -> str:
        word = str(value or "").strip().casefold()
        if word not in self._values:
            raise ValueError(f"{_quoted(value)} is not one of these: {self._all}. Write one of them.")
        return self._values[word]


class Primary(Words):
    """A primary reason, by its code."""

    def clean(self, value: Any, row: Any = None, **_kwargs: Any) -> ReasonCode | None:
        code = str(value or "").strip()
        found = ReasonCode.objects.filter(code=code).first() if code else None
        if code and not found:
            raise ValueError(f"There is no primary reason {_quoted(code)}. Add a row for it, or correct the code.")
        return found

    def render(self, value: Any, obj: Any = None, **_kwargs: Any) -> str:
        return value.code if value else ""


def widget_of(field: "models.Field[Any, Any]") -> Words:
    """How the cells of a column are read and written."""
    if field.choices:
        return Named([(str(value), str(label)) for value, label in field.flatchoices])
    kinds = {models.BooleanField: YesNo, models.IntegerField: Whole, models.DateField: Day, models.ForeignKey: Primary}
    return next((widget() for kind, widget in kinds.items() if isinstance(field, kind)), Words())


def _quoted(value: Any) -> str:
    """A cell in a sentence; a long one is cut."""
    text = str(value or "").strip()
    return f"“{text[:40]}{'…' if len(text) > 40 else ''}”" if text else "An empty cell"
