"""After a clock was wrong and has been put right: nothing waits longer than the portal ever makes anything wait."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from ..models import LOOKUPS, OUTBOXES, Channel, Delivery, Lane, State
from .backoff import LONGEST

log = logging.getLogger(__name__)

#: Clocks that agree differ by less.
SLACK = timedelta(minutes=1)
#: The longest wait from now of each moment of the channel; CustomerGauge's own wishes are heeded up to an hour, too.
OF_THE_CHANNEL = {
    "wait_until": LONGEST,
    "resumed_at": timedelta(),
    "changed_at": timedelta(),
    "shut_since": timedelta(),
    "test_asked_at": timedelta(),
    "tested_at": timedelta(),
}


def put_right() -> int:
    """Shorten every wait that only a wrong clock can have written; gives how many. The database's clock decides."""
    channel = Channel.objects.filter(pk=Channel.current().pk)
    now = Channel.current().now
    shortened = sum(_shorten(channel, field, now + longest) for field, longest in OF_THE_CHANNEL.items())
    shortened += _shorten(Delivery.objects.filter(lookup_at__isnull=False), "lookup_at", now + LOOKUPS[-1])
    for lane in Lane:
        longest = timedelta(seconds=settings.SUBMISSION_HOLD_SECONDS) if lane is Lane.ENTRY else LONGEST
        for outbox in OUTBOXES:
            waiting = outbox.objects.filter(state=State.QUEUED, priority=lane)
            shortened += _shorten(waiting, "next_at", now + longest)
    if shortened:
        log.warning("shortened %d waits: the clock of a machine was ahead", shortened)
    return shortened


def _shorten(rows: QuerySet[Any], field: str, latest: datetime) -> int:
    return rows.filter(**{f"{field}__gt": latest + SLACK}).update(**{field: latest})
