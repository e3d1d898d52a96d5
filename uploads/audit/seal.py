"""Sealing: every few minutes the events that are new are committed to by one row that builds on the row before it.

No insert of an event ever waits for a hash: sealing comes after. The moment in between is not tamper-evident.
"""

import hashlib
import hmac
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from ..models import AuditEvent, AuditSeal
from . import anchors, guards, merkle
from .canonical import entries

log = logging.getLogger(__name__)

#: Seal when so many events are new, or the oldest of them is so old.
ENOUGH = 500
LONG_ENOUGH = timedelta(minutes=5)
#: What waits for longer than this waits because something is wrong.
TOO_LONG = timedelta(minutes=15)
#: One seal covers at most so many: a proof of inclusion then needs at most 14 hashes.
MOST = 10_000
#: By which rules a seal was made; kept in the seal.
RULES = "cgp-seal-v1"


def enabled() -> bool:
    """Whether there is a key to seal with (AUDIT_SEAL_KEY)."""
    return bool(settings.AUDIT_SEAL_KEY)


def lag(now: datetime | None = None) -> timedelta | None:
    """For how long the oldest unsealed event has waited, zero if there is none; None if sealing is off.

    Up to LONG_ENOUGH and a minute is usual; more than TOO_LONG is trouble.
    """
    if not enabled():
        return None
    last = newest()
    oldest = AuditEvent.objects.filter(id__gt=last.last_event if last else 0).order_by("id").values_list("at").first()
    if not oldest:
        return timedelta(0)
    waiting_since = max(oldest[0], last.at) if last else oldest[0]
    return max(timedelta(0), (now or timezone.now()) - waiting_since)


def seal_due() -> list[AuditSeal]:
    """Seal if enough events are new or the oldest has waited for long enough; gives the new seals."""
    return seal_now() if _due() else []


def seal_now() -> list[AuditSeal]:
    """Seal every event there is and publish each seal; gives the new seals.

    May be called by any number of processes at once. Nothing happens without a key, or if a long writer keeps the
    lock: the next call tries again.
    """
    if not enabled() or (horizon := _horizon()) is None:
        return []
    made = []
    while seal := _seal_next(horizon):
        anchors.publish(seal)
        made.append(seal)
    return made


def newest() -> AuditSeal | None:
    """The last seal of the chain."""
    return AuditSeal.objects.order_by("-number").first()


def statement(seal: AuditSeal) -> dict[str, Any]:
    """What a seal says, as it is hashed: plain values, hashes in hex, the time in UTC with six decimals."""
    return {
        "at": seal.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        "code_version": seal.code_version,
        "count": seal.count,
        "first_event": seal.first_event,
        "last_event": seal.last_event,
        "merkle_root": bytes(seal.merkle_root).hex(),
        "number": seal.number,
        "previous": bytes(seal.previous).hex(),
    }


def digest(seal: AuditSeal) -> bytes:
    """SHA-256 over the rules' name, a zero byte and the statement as sorted JSON without blanks (32 bytes)."""
    text = json.dumps(statement(seal), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(RULES.encode() + b"\0" + text.encode()).digest()


def mac(hashed: bytes) -> bytes:
    """HMAC-SHA-256 of a seal's hash with AUDIT_SEAL_KEY, which is not in the database (32 bytes)."""
    return hmac.digest(settings.AUDIT_SEAL_KEY.encode(), hashed, "sha256")


def _due() -> bool:
    waiting = lag()
    if waiting is None or waiting >= LONG_ENOUGH:
        return waiting is not None
    last = newest()
    unsealed = AuditEvent.objects.filter(id__gt=last.last_event if last else 0)
    return unsealed.order_by("id")[ENOUGH - 1 : ENOUGH].exists()


def _horizon() -> int | None:
    """The highest id below which no event can appear any more; None if writers did not let go in time.

    Ids are drawn before they are committed, so on PostgreSQL a lower id may appear after a higher one. The lock is
    granted when every transaction that has written events is over, and is given back at once. SQLite has one writer
    at a time, so whatever is seen there is final.
    """
    if connection.vendor == "sqlite":
        return _highest()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT {guards.SEAL_LOCK}()")
            return _highest()
    except OperationalError as error:
        if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise
        log.warning("the audit log is not sealed yet: somebody has been writing to it for longer than a seal may wait")
        return None


def _highest() -> int:
    return AuditEvent.objects.aggregate(highest=Max("id"))["highest"] or 0


def _seal_next(horizon: int) -> AuditSeal | None:
    """The next seal, up to MOST events; None if nothing is left or another process was first."""
    last = newest()
    number, previous, after = (last.number, bytes(last.hash), last.last_event) if last else (0, bytes(32), 0)
    leaves: list[bytes] = []
    first = upto = 0
    for page in entries(after, horizon):
        first, upto = first or page[0].id, page[-1].id
        leaves += [merkle.leaf(entry.line) for entry in page]
        if len(leaves) >= MOST:
            break
    if not leaves:
        return None
    seal = AuditSeal(
        number=number + 1, first_event=first, last_event=upto, count=len(leaves), merkle_root=merkle.root(leaves),
        previous=previous, at=timezone.now(), code_version=RULES,
    )  # fmt: skip
    seal.hash = digest(seal)
    seal.mac = mac(seal.hash)
    try:
        with transaction.atomic():
            seal.save(force_insert=True)
    except IntegrityError:
        return None
    return seal
