"""One survey result as CustomerGauge's form data: ordered (key, value) pairs of text, and their bytes.

The keys belong to the account's upload mapping, so they come from configuration, never from this module
(CustomerGauge, Transactions - POST Response, support article 5000722515).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

CUSTOMER = "customer"
ROLES = frozenset(
    {"score", "comment", "sent_at", "completed_at", "contact", "workflow_status", "reasons", "reference", CUSTOMER}
)

Value = str | int | Decimal | bool | date | datetime | Sequence[str] | None
Pairs = tuple[tuple[str, str], ...]


class Field(NamedTuple):
    """One configured key: the role says which value it carries, the key is the account's name for it."""

    role: str
    key: str


def build(fields: Sequence[tuple[str, str]], values: Mapping[str, Value], zone: ZoneInfo) -> Pairs:
    """The pairs to send, in the order of `fields`; a key without a value is left out (a score of 0 is a value).

    fields: (role, key) pairs, e.g. `Field("score", "NetPromoterScore")`.
    values: by role; for the role `customer` by the key itself.
    zone:   the account's time zone: CustomerGauge's datetimes carry none.

    Raises ValueError for an unknown role, a key configured twice, a customer key that is the name of a role, a
    datetime without a zone, or a value that has no form in the API.
    """
    pairs: list[tuple[str, str]] = []
    seen: set[str] = set()
    for role, key in fields:
        if role not in ROLES:
            raise ValueError(f"Unknown role {role!r} for key {key!r}: use one of {', '.join(sorted(ROLES))}.")
        if key in seen:
            raise ValueError(f"Key {key!r} is configured twice: CustomerGauge would keep only one of the values.")
        if role == CUSTOMER and key in ROLES:
            raise ValueError(f"Key {key!r} of a customer field is also the name of a role: its value would be taken.")
        seen.add(key)
        text = _text(key, values.get(key if role == CUSTOMER else role), zone)
        if text:
            pairs.append((key, text))
    return tuple(pairs)


def encode(pairs: Sequence[tuple[str, str]]) -> bytes:
    """`application/x-www-form-urlencoded` in UTF-8: the same pairs give the same bytes, in the same order.

    Raises ValueError for text that has no UTF-8 form (a lone surrogate).
    """
    return urlencode(pairs, encoding="utf-8", errors="strict").encode("ascii")


def _text(key: str, value: Value, zone: ZoneInfo) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "Y" if value else "N"
        case str():
            return value
        case int():
            return str(value)
        case Decimal() if value.is_finite():
            return format(value, "f")
        case datetime():
            return _local(key, value, zone)
        case date():
            return value.isoformat()
        case Sequence():
            return _joined(key, value)
    raise ValueError(f"The value of {key!r} cannot be sent to CustomerGauge: {type(value).__name__} has no text form.")


def _local(key: str, moment: datetime, zone: ZoneInfo) -> str:
    if moment.utcoffset() is None:
        raise ValueError(f"The time for {key!r} has no time zone: give an aware datetime.")
    try:
        return moment.astimezone(zone).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
    except OverflowError as error:
        raise ValueError(f"The time for {key!r} lies outside the calendar: give a year between 2 and 9998.") from error


def _joined(key: str, codes: Sequence[str]) -> str:
    if any("," in code for code in codes):
        raise ValueError(f"A code in {key!r} contains a comma, which is what separates codes: correct the code.")
    return ",".join(codes)
