"""What is kept for how long, and the daily look for what has been kept for its time.

Each kind goes in small batches, each in a transaction of its own with its event, oldest first. The job may be lost at
any moment: a row says how far it has come.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ..models import AuditEvent, AuditPayload, Draft, Kept, RetentionRun
from . import expire, prune
from .expire import Batch

log = logging.getLogger(__name__)

#: How often everything is looked through, and for how long at a time: other side jobs wait meanwhile.
EVERY = timedelta(days=1)
AT_A_TIME = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Class:
    """One kind of what is kept.

    what: for people, what it is and what becomes of it. batch: lets go of what is older, from an id on. rows: what is
    there. oldest: when the oldest of it began.
    """

    kind: Kept
    what: str
    batch: Callable[[datetime, int], Batch]
    rows: Callable[[], int]
    oldest: Callable[[], datetime | None]
    signed: bool = True

    @property
    def period(self) -> timedelta | None:
        """How long it is kept; None for ever."""
        period: timedelta | None = settings.RETENTION[self.kind.value]
        return period if not self.signed or prune.possible() else None


def run_due(now: datetime | None = None, seconds: float = AT_A_TIME) -> int:
    """Let go of what is due, for at most so many seconds; gives how many rows went. The next call goes on.

    Every kind is looked through once a day. May be called by any number of processes at once.
    """
    now, end, gone = now or timezone.now(), time.monotonic() + seconds, 0
    for one in CLASSES:
        while one.period and time.monotonic() < end:
            batch = _step(one, now, one.period)
            if batch is None:
                break
            gone += batch.gone
    return gone


def _step(one: Class, now: datetime, period: timedelta) -> Batch | None:
    """One batch; None if this kind needs no look now."""
    RetentionRun.objects.bulk_create([RetentionRun(kind=one.kind)], ignore_conflicts=True)
    try:
        with transaction.atomic():
            run = RetentionRun.objects.select_for_update().get(pk=one.kind)
            if run.reached == 0 and run.ended_at and now - run.ended_at < EVERY:
                return None
            batch = one.batch(now - period, run.reached)
            run.removed = batch.gone + (run.removed if run.reached else 0)
            run.reached = batch.reached or 0
            if batch.reached is None:
                run.ended_at = now
            run.save()
    except prune.Unsound as found:
        log.error("%s", found)
        return None
    return batch


CLASSES: tuple[Class, ...] = (
    Class(
        Kept.DRAFTS,
        "What was typed and never saved, since somebody last touched it.",
        expire.drafts,
        Draft.objects.count,
        lambda: Draft.objects.order_by("updated_at").values_list("updated_at", flat=True).first(),
        signed=False,
    ),
    Class(
        Kept.CALLS,
        "Who was called and what was noted. That there was a call stays.",
        expire.calls,
        lambda: expire.full_calls().count(),
        lambda: expire.full_calls().order_by("created_at").values_list("created_at", flat=True).first(),
        signed=False,
    ),
    Class(
        Kept.EXCHANGES,
        "What was sent to CustomerGauge and what it answered, for results that are through. That there was a call, when"
        " and how it ended stays.",
        expire.exchanges,
        lambda: AuditPayload.objects.filter(event__attempt_id__isnull=False).count(),
        lambda: expire.exchanged(AuditEvent.objects.all()).order_by("id").values_list("at", flat=True).first(),
    ),
    Class(
        Kept.CONTENTS,
        "Comments, customers’ fields and whatever else an erasure takes. Scores, dates, reasons and states stay.",
        expire.contents,
        lambda: expire.full_results().count(),
        lambda: expire.full_results().order_by("created_at", "id").values_list("created_at", flat=True).first(),
    ),
    Class(
        Kept.FACTS,
        "Who did what and when, under seals of which every event is old enough. The seals stay, so the rest can still"
        " be checked.",
        expire.facts,
        expire.sealed_facts,
        expire.oldest_fact,
    ),
)
