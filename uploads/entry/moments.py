"""Dates and times as people write them in forms: ISO 8601 only, in one zone, every moment exactly one moment.

An hour that comes twice when clocks are put back needs one word more: `2026-10-25 02:30 second`.
"""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

EARLIEST_YEAR, LATEST_YEAR = 1900, 2100
_DATE = re.compile(r"\A([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
_TIME = r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?"
_MOMENT = re.compile(rf"\A([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})[T ]{_TIME}(?: (first|second))?\Z")
#: Which of the two it was, if the clocks showed a time twice.
WHICH = ("first", "second")


class Refused(ValueError):
    """Not a moment; the message is the rest of a sentence that begins with the field's name."""


class Doubled(Refused):
    """A time that clocks show twice, without a word which of the two it is."""


def read_date(text: str) -> date:
    """The date of `2026-11-02`. Raises Refused."""
    found = _DATE.match(text)
    if not found:
        raise Refused("is not a date. Write year, month and day, such as 2026-11-02.")
    return _calendar(*map(int, found.groups())).date()


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """The moment (in UTC) of `2026-11-02T13:59`, `2026-11-02 13:59:12`, as clocks in the zone show it.

    Raises Refused: also for an hour that the change to summer time skipped; Doubled for one that came twice, unless
    the text ends with which it was.
    """
    found = _MOMENT.match(text)
    if not found:
        raise Refused("is not a date with a time. Write both, such as 2026-11-02 13:59.")
    *parts, which = found.groups()
    return _single(_calendar(*(int(part or 0) for part in parts)), zone, which)


def write_moment(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as clocks in the zone show it, in the form that `read_moment` reads, and browsers but for `which`."""
    local = moment.astimezone(zone)
    text = local.replace(tzinfo=None).isoformat(timespec="seconds" if local.second else "minutes")
    return f"{text} {WHICH[local.fold]}" if comes_twice(text, zone) else text


def comes_twice(text: str, zone: ZoneInfo) -> bool:
    """Whether clocks in the zone show this time twice; False for what is no moment at all."""
    try:
        read_moment(parted(text)[0], zone)
    except Doubled:
        return True
    except Refused:
        pass
    return False


def parted(text: str) -> tuple[str, str]:
    """A moment without, and by itself, the word that says which of two it is (empty if there is none)."""
    time, _, which = text.rpartition(" ")
    return (time, which) if which in WHICH else (text, "")


def _calendar(*parts: int) -> datetime:
    try:
        naive = datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - gets its zone in _single
    except ValueError as error:
        raise Refused("does not exist in the calendar or on the clock. Check the day and the time.") from error
    if not EARLIEST_YEAR <= naive.year <= LATEST_YEAR:
        raise Refused(f"lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}. Check the year.")
    return naive


def _single(naive: datetime, zone: ZoneInfo, which: str | None) -> datetime:
    first, second = (naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    if first.astimezone(zone).replace(tzinfo=None) != naive:
        raise Refused(f"did not exist in {zone.key}: the clocks were put forward over it. Choose an hour later.")
    if which:
        return (first, second)[WHICH.index(which)]
    raise Doubled(f"came twice in {zone.key}: the clocks were put back. Say whether it was the first or second time.")
