"""What was sent beside what CustomerGauge has, read from the record of the last look at it.

The bodies of the events LOOKED_UP, COMPARED and (after a look-up) DELIVERED hold `records`, the records that fit and
no other ones, and `read`, how many were read to find them. A look that failed holds no `records`.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from ..models import Action, AuditEvent, Delivery, Kind, Role, State
from ..models.revisions import Chain
from ..models.sent import SentField, common_name, sent_fields

Record = Mapping[str, str]

SAME, DIFFERS, NOT_SHOWN, ANONYMISED = "same", "differs", "not_shown", "anonymised"
#: What an anonymisation leaves (CustomerGauge, support articles 5000722526 and 5000763207). E-mails become random ones.
ANONYMOUS = frozenset({"***", "*", "--", "This comment has been anonymised based on customer request"})
NUMBER = re.compile(r"[A-Za-z0-9_-]{1,64}")
FOLDS: tuple[Callable[[str], str], ...] = (str, str.casefold, common_name)
LOOKS = (Action.LOOKED_UP, Action.COMPARED, Action.DELIVERED)


class ComparedField(NamedTuple):
    """One key of a comparison. theirs: None if CustomerGauge did not show it. verdict: same, differs, not_shown, or
    anonymised (there, which is no difference)."""

    key: str
    label: str
    ours: str
    theirs: str | None
    verdict: str


def value_in(record: Record, key: str, kind: str = "") -> str | None:
    """What a record holds under a key: as spelled, else in any case, else under an alias of it or of its kind; None
    if it shows nothing of the kind."""
    for fold in FOLDS:
        for name, value in record.items():
            if fold(name) == fold(key):
                return value
    return next((value for name, value in record.items() if kind and common_name(name) == kind), None)


def number_of(record: Record) -> str:
    """CustomerGauge's number of a record; empty if it has none that can be one."""
    number = value_in(record, "number_customergauge") or ""
    return number if NUMBER.fullmatch(number) else ""


def same(kind: str, ours: str, theirs: str) -> bool:
    """Whether two texts say the same, where they are of the given kind: a role, or the kind of a customer field."""
    read = READINGS.get(kind, _folded)
    return bool(read(ours) == read(theirs))


def compare(fields: Iterable[SentField], record: Record) -> list[ComparedField]:
    """Every key that was sent beside the record's value."""
    pairs = [(field, value_in(record, field.key, field.kind)) for field in fields]
    anonymised = any(theirs in ANONYMOUS and theirs != field.value for field, theirs in pairs)
    return [
        ComparedField(field.key, field.label, field.value, theirs, _verdict(field, theirs, anonymised=anonymised))
        for field, theirs in pairs
    ]


def fields_of(delivery: Delivery) -> list[SentField]:
    """What CustomerGauge should have: what was sent, and for what arrived also all corrections that arrived."""
    if delivery.state != State.DELIVERED:
        return sent_fields(delivery.submission)
    chain = Chain.of(delivery.submission)
    return sent_fields(chain.in_force or delivery.submission, chain.sent)


def records_of(delivery: Delivery) -> list[Record]:
    """The records that fitted when it was last looked at; none if it never was, or if nothing fitted."""
    events = AuditEvent.objects.about(delivery.submission).order_by("-id")
    for event in events.filter(action__in=(*LOOKS, Action.UNCONFIRMED)):
        if event.action == Action.UNCONFIRMED and delivery.state == State.UNCONFIRMED:
            break  # older looks were about an earlier time that it was sent
        found = seen_in(event)
        if found is not None:
            return found
    return []


def seen_in(event: AuditEvent) -> list[Record] | None:
    """The records in the body of an event; None if it holds no list of them."""
    payload = getattr(event, "payload", None)
    try:
        body = json.loads(bytes(payload.body)) if payload else None
    except ValueError:
        return None
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list):
        return None
    return [{str(key): str(value) for key, value in record.items()} for record in records if isinstance(record, dict)]


def comparison_of(delivery: Delivery) -> list[ComparedField] | None:
    """What was sent beside what CustomerGauge had when it was last looked at; None if that is not known, or if
    several records fitted."""
    records = records_of(delivery)
    if delivery.cg_id:
        records = [record for record in records if number_of(record) == delivery.cg_id]
    return compare(fields_of(delivery), records[0]) if len(records) == 1 else None


def differences(compared: Iterable[ComparedField]) -> list[str]:
    """The labels of what differs."""
    return [field.label for field in compared if field.verdict == DIFFERS]


def _verdict(field: SentField, theirs: str | None, *, anonymised: bool) -> str:
    if theirs is None:
        return NOT_SHOWN
    if same(field.kind, field.value, theirs):
        return SAME
    if theirs in ANONYMOUS or (anonymised and (field.kind == Kind.EMAIL or not theirs)):
        return ANONYMISED
    return DIFFERS


def _folded(text: str) -> str:
    return " ".join(text.split())


def _number(text: str) -> Decimal | str:
    plain = text.strip()
    return Decimal(plain) if re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?", plain, re.ASCII) else _folded(text)


def _moment(text: str) -> str:
    return _folded(text.replace("T", " "))[:19]


READINGS: dict[str, Callable[[str], Any]] = {
    Kind.EMAIL: lambda text: _folded(text).casefold(),
    Kind.PHONE: lambda text: re.sub(r"\D", "", text),
    Kind.NUMBER: _number,
    Kind.DATE: lambda text: _folded(text)[:10],
    Kind.DATETIME: _moment,
    Role.SCORE: _number,
    Role.SENT_AT: _moment,
    Role.COMPLETED_AT: _moment,
    Role.CONTACT: lambda text: _folded(text).casefold(),
    Role.REASONS: lambda text: frozenset(code.strip() for code in text.split(",")),
}
