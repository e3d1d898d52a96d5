"""From the cells of a row to the answers of the entry form, as somebody would have typed or chosen them."""

import re
from collections.abc import Sequence
from datetime import datetime

from django.http import QueryDict

from ..models import Batch
from .dates import DateField, LocalDateTimeField
from .fields import ChoiceField
from .form import EntryForm
from .moments import EARLIEST_YEAR, LATEST_YEAR, write_moment
from .reasons import ReasonsField

#: How dates may be written in a list → what people call that.
DATES = {
    "iso": "2026-11-02 13:59 (year first)",
    "dmy": "02/11/2026 13:59 (day first)",
    "mdy": "11/02/2026 1:59 PM (month first)",
}
_WRITTEN = re.compile(
    r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:,?[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([ap])\.?m\.?)?)?", re.IGNORECASE
)
_BETWEEN_REASONS = re.compile(r"[;|\n]")


def answers(batch: Batch, form: EntryForm, cells: Sequence[str]) -> QueryDict:
    """What the form would be sent for a row: its cells, and for what has no column what the empty form holds."""
    data = QueryDict(mutable=True)
    for name, asked in form.fields.items():
        if name not in batch.columns and asked.initial:
            data[name] = asked.initial
    for name, cell in zip(batch.columns, cells, strict=False):  # who has too many cells is told so
        field = form.fields.get(name)
        if isinstance(field, ReasonsField):
            for code in _reasons(field, cell):
                data.appendlist(name, code)
        elif field is not None:
            data[name] = _answer(field, cell, batch.dates)
    return data


def is_date(text: str) -> bool:
    """Whether a text looks like a date that is written with the year last."""
    return bool(_WRITTEN.fullmatch(text.strip()))


def fits(text: str, dates: str) -> bool:
    """Whether such a date can be one of those that are written in this way."""
    found = _WRITTEN.fullmatch(text.strip())
    month = {"dmy": 3, "mdy": 1}.get(dates)
    return bool(found and month and 1 <= int(found[month]) <= 12)


def _answer(field: object, cell: str, dates: str) -> str:
    if isinstance(field, ChoiceField):
        return _chosen(field, cell)
    if isinstance(field, LocalDateTimeField) and (moment := _exact(cell)):
        return write_moment(moment, field.zone)
    if isinstance(field, DateField | LocalDateTimeField) and dates != "iso":
        return _iso(cell, day_first=dates == "dmy")
    return cell


def _exact(cell: str) -> datetime | None:
    """The moment that a text names which says how far it is from UTC (ISO 8601), as programs write it."""
    try:
        found = datetime.fromisoformat(cell.strip())
    except ValueError:
        return None
    return found if found.tzinfo and EARLIEST_YEAR < found.year < LATEST_YEAR else None


def _chosen(field: ChoiceField, cell: str) -> str:
    """The value of a choice that is named by its value or by its words, in large or small letters."""
    named = {label.casefold(): value for value, label in field.choices}
    named |= {value.casefold(): value for value, _ in field.choices}
    return named.get(cell.strip().casefold(), cell)


def _reasons(field: ReasonsField, cell: str) -> list[str]:
    """The codes in a cell; a reason may also be named by its words, where those name one only."""
    named: dict[str, set[str]] = {}
    for code, reason in field.reasons.items():
        for words in filter(None, (reason.label, reason.promoter_label)):
            named.setdefault(words.casefold(), set()).add(code)
    parts = [cell.strip()] if cell.strip().casefold() in named else map(str.strip, _BETWEEN_REASONS.split(cell))
    wanted = [part for part in parts if part]
    if len(wanted) == 1 and wanted[0] not in field.reasons and "," in wanted[0]:
        wanted = [part for part in map(str.strip, wanted[0].split(",")) if part]
    return [_code(field, part, named) for part in wanted]


def _code(field: ReasonsField, part: str, named: dict[str, set[str]]) -> str:
    found = named.get(part.casefold(), set())
    return next(iter(found)) if part not in field.reasons and len(found) == 1 else part


def _iso(cell: str, *, day_first: bool) -> str:
    """A date with the year last as the form wants it; anything else as it is."""
    found = _WRITTEN.fullmatch(cell.strip())
    if not found:
        return cell
    day, month = (found[1], found[3]) if day_first else (found[3], found[1])
    date = f"{found[4]}-{int(month):02}-{int(day):02}"
    if not found[5]:
        return date
    hour = int(found[5])
    if found[8]:
        if not 1 <= hour <= 12:
            return cell
        hour = hour % 12 + (12 if found[8] in "pP" else 0)
    return f"{date} {hour:02}:{found[6]}:{found[7] or '00'}"
