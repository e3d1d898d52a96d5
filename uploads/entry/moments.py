"""Dates and times as people write them in forms: ISO 8601 only, in one zone, every moment exactly one moment."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

EARLIEST_YEAR, LATEST_YEAR = 1900, 2100
_DATE = re.compile(r"\A([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
_MOMENT = re.compile(r"\A([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?\Z")


class Refused(ValueError):
    """Not a moment; the message is the rest of a sentence that begins with the field's name."""


def read_date(text: str) -> date:
    """The date of `2026-11-02`. Raises Refused."""
    found = _DATE.match(text)
    if not found:
        raise Refused("is not a date. Write year, month and day, such as 2026-11-02.")
    return _calendar(*map(int, found.groups())).date()


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """The moment (in UTC) of `2026-11-02T13:59`, `2026-11-02 13:59:12`, as clocks in the zone show it.

    Raises Refused: also for an hour that the change to summer time skipped, and for one that came twice.
    """
    found = _MOMENT.match(text)
    if not found:
        raise Refused("is not a date with a time. Write both, such as 2026-11-02 13:59.")
    return _single(_calendar(*(int(part or 0) for part in found.groups())), zone)


def write_moment(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as clocks in the zone show it, in the form that `read_moment` and browsers read."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    return local.isoformat(timespec="seconds" if local.second else "minutes")


def _calendar(*parts: int) -> datetime:
    try:
        naive = datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - gets its zone in _single
    except ValueError as error:
        raise Refused("does not exist in the calendar or on the clock. Check the day and the time.") from error
    if not EARLIEST_YEAR <= naive.year <= LATEST_YEAR:
        raise Refused(f"lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}. Check the year.")
    return naive


def _single(naive: datetime, zone: ZoneInfo) -> datetime:
    first, second = (naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    if first.astimezone(zone).replace(tzinfo=None) != naive:
        raise Refused(f"did not exist in {zone.key}: the clocks were put forward over it. Choose an hour later.")
    raise Refused(f"came twice in {zone.key}: the clocks were put back. Choose a time before or after that hour.")
