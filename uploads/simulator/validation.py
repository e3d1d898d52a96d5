"""What the API checks before it stores a response (support articles 5000722515, 5000722531, 5000736614)."""

import re
from collections.abc import Callable
from datetime import datetime

from .errors import ApiError
from .http import Pairs
from .mapping import Mapping

Fields = dict[str, str]

_NUMBER = re.compile(r"\d{1,2}(\.\d+)?", re.ASCII)
_EMAIL = re.compile(r"[^\s@,;<>()\"]+@[^\s@,;<>()\"]+")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
_REASONS = re.compile(r"\d+(,\d+)*", re.ASCII)


def fields_of(pairs: Pairs, known: frozenset[str]) -> Fields:
    """The pairs as fields. Raises ApiError 300000 for a key that is not ``known``, 300001 for one given twice."""
    fields = dict(pairs)
    if unknown := fields.keys() - known:
        raise ApiError(300000, f"More parameters than allowed: {', '.join(sorted(unknown))}")
    if len(fields) < len(pairs):
        raise ApiError(300001, "Invalid arguments: a parameter was given more than once")
    return fields


def check_new(fields: Fields, mapping: Mapping) -> None:
    """Raise ApiError unless a new response may be stored."""
    if not mapping.completed:
        raise ApiError(400006)
    for key in mapping.required:
        if not fields.get(key):
            name = "email" if key == mapping.email else key
            code = 400003 if key == mapping.email else 300004
            raise ApiError(code, f"Field {name} is required but seems to be empty.")
    if not fields.get(mapping.completed):
        raise ApiError(400007)
    check_values(fields, mapping)


def check_values(fields: Fields, mapping: Mapping) -> None:
    """Raise ApiError 400003 or 400011 for a value that has not the form its key asks for; empty ones pass."""
    rules: tuple[tuple[str, Callable[[str], object], str], ...] = (
        (mapping.email, _EMAIL.fullmatch, "email is not a valid e-mail address"),
        (mapping.score, _is_score, "nps must be a number from 0 to 10"),
        (mapping.follow_up, {"Y", "N"}.__contains__, "follow_up_required must be Y or N"),
        (mapping.reasons, _REASONS.fullmatch, "reason_code must be reason codes separated by commas"),
        *((key, is_datetime, f"{key} must be YYYY-MM-DD HH:MM:SS") for key in mapping.datetimes),
    )
    for key, holds, sentence in rules:
        if (value := fields.get(key)) and not holds(value):
            raise ApiError(400003, f"Field {sentence}.")
    if (status := fields.get(mapping.workflow)) and status not in mapping.statuses:
        raise ApiError(400011)


def is_datetime(text: str) -> bool:
    """Whether ``text`` is a real moment written ``YYYY-MM-DD HH:MM:SS``."""
    if not _DATETIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_score(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text)) and float(text) <= 10
