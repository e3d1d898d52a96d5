"""Letting go of what was kept for its time: on the record first, signed, and then exactly what the record says.

Whoever checks the log later accepts the gap by the record, and no other gap (`pruned`).
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from ..models import Action, AuditEvent, AuditPayload, AuditSeal, Kept, Pruning
from ..models.retention import describe
from . import merkle
from .canonical import entries
from .erasable import let_go
from .seal import digest, mac

RULES = "cgp-prune-v1"
ACTOR = "retention"


class Unsound(Exception):
    """What should go is not as it was sealed: evidence of that must stay."""


class Miscounted(RuntimeError):
    """The database let go of another number of rows than the record says; nothing is kept of the batch."""


def possible() -> bool:
    """Whether batches can be signed (AUDIT_SEAL_KEY). Without a key nothing of the audit log goes."""
    return bool(settings.AUDIT_SEAL_KEY)


def signature(pruning: Pruning) -> bytes:
    """HMAC-SHA-256 with AUDIT_SEAL_KEY over the rules' name, a zero byte and the row as sorted JSON (32 bytes)."""
    names = ("event_id", "kind", "first_id", "last_id", "count")
    said: dict[str, Any] = {name: getattr(pruning, name) for name in names} | {"root": bytes(pruning.root).hex()}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return mac(hashlib.sha256(RULES.encode() + b"\0" + text.encode()).digest())


def record(kind: Kept, first: int, last: int, count: int, root: bytes = b"") -> Pruning:
    """Say what is about to go, as an event and as the row that lets the database do it. In the caller's transaction."""
    event = AuditEvent.objects.record(
        Action.PRUNED, describe(kind, first, last, count), actor=ACTOR, outcome=kind.value
    )
    pruning = Pruning(event=event, kind=kind.value, first_id=first, last_id=last, count=count, root=root)
    pruning.mac = signature(pruning)
    pruning.save(force_insert=True)
    return pruning


def exchanges(events: Sequence[int]) -> None:
    """Let go of what was sent and answered in calls: the contents of these events, by id in ascending order.

    Raises Miscounted; DatabaseError if the database finds one of them too young.
    """
    with transaction.atomic():
        record(Kept.EXCHANGES, events[0], events[-1], len(events))
        _exactly(len(events), let_go(events, facts=False))


def facts(seals: Sequence[AuditSeal]) -> int:
    """Let go of the events under consecutive seals, with their contents; the seals stay. Gives how many went.

    Events that something still refers to stay: they say what was erased, and what went. Raises Unsound if the events
    are not as they were sealed; Miscounted, DatabaseError as for `exchanges`.
    """
    first, last = seals[0].first_event, seals[-1].last_event
    leaves = _sound(seals)
    needed = _referred_to(first, last)
    gone = [number for number in leaves if number not in needed]
    root = merkle.root([leaf for number, leaf in leaves.items() if number in needed])
    with transaction.atomic():
        record(Kept.FACTS, first, last, len(gone), root)
        _exactly(len(gone), let_go(gone, facts=True))
    return len(gone)


def _sound(seals: Sequence[AuditSeal]) -> dict[int, bytes]:
    """The leaf of each event under the seals, by id."""
    leaves: dict[int, bytes] = {}
    for seal in seals:
        own = {e.id: merkle.leaf(e.line) for page in entries(seal.first_event - 1, seal.last_event) for e in page}
        as_sealed = merkle.root(list(own.values())) == bytes(seal.merkle_root) and digest(seal) == bytes(seal.hash)
        if not as_sealed or mac(bytes(seal.hash)) != bytes(seal.mac):
            raise Unsound(f"What seal {seal.number} covers is not as it was sealed: run verify_audit. It stays.")
        leaves |= own
    return leaves


def _referred_to(first: int, last: int) -> set[int]:
    """The events in a range that rows of other tables point at, contents aside."""
    needed: set[int] = set()
    for relation in AuditEvent._meta.get_fields(include_hidden=True):
        model = relation.related_model if relation.auto_created and not relation.concrete else None
        if isinstance(model, type) and model is not AuditPayload:
            column = f"{relation.remote_field.name}_id"  # type: ignore[union-attr]
            rows = model._base_manager.filter(**{f"{column}__gte": first, f"{column}__lte": last})
            needed |= set(rows.values_list(column, flat=True))
    return needed


def _exactly(wanted: int, gone: int) -> None:
    if gone != wanted:
        raise Miscounted(f"{wanted} rows were to go, and {gone} went.")
