"""What a worker does next: finds what is due, in the order of the lanes, and leases it.

a test of the connection, the reasons that somebody wants, or the probe of a half-open breaker
→ results that agents enter now → the backlog: older ones, retries, bulk work → case updates → anonymisations → look-ups
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from ..customergauge import Client
from ..models import (
    LEASE,
    OUTBOXES,
    PAYLOAD_VERSION,
    Anonymisation,
    Body,
    CaseDelivery,
    Cause,
    Channel,
    Delivery,
    OutboxRow,
    SomebodyWasFirst,
    State,
    together,
)
from .job import Job
from .lookup import LookupJob
from .probe import ProbeJob
from .reasons import ReasonsJob
from .sending import SendJob, request_of
from .settle import crashed, reap

log = logging.getLogger(__name__)
SHORTEST_PAUSE = 0.05  # seconds

#: What a submission holds beside its frozen request.
NOT_SENT = ("submission__comment", "submission__reasons", "submission__customer")


@dataclass(frozen=True, slots=True)
class Taken:
    """How many jobs were taken, and in how many seconds to look again (infinity: nothing is known to fall due).

    shut: nothing may be sent now, not even what was claimed before and has not begun.
    """

    number: int
    look_again: float = inf
    shut: bool = False


class Claims:
    """Claims for one worker. `worker` is its name in leases."""

    def __init__(self, client: Client, worker: str) -> None:
        self._client = client
        self._worker = worker
        self._tested_for: datetime | None = None
        self._listed_for: datetime | None = None
        self._held_back = False

    def take(self, line: Channel, idle: int, busy: int, begin: Callable[[Job], None]) -> Taken:
        """Jobs for the idle threads, while `busy` calls are under way and the channel is as just read.

        Each is handed to `begin` as soon as its claim is committed: whatever fails later leaves none in nobody's hands.
        """
        probes = self._probes(line, begin)
        room = idle - probes
        if room <= 0 or not line.is_open:
            return Taken(probes, _until_open(line), shut=not line.is_open)
        self._held_back, looked_at = False, timezone.now()
        try:
            sends = self._claim(line, room, begin)
            looks = self._claim_lookups(line, line.room(room - sends, busy + sends), begin)
        except SomebodyWasFirst:
            return Taken(probes, 0.0)
        return Taken(probes + sends + looks, 0.0 if sends + looks == room else self._next_look(looked_at))

    def _next_look(self, looked_at: datetime) -> float:
        """Seconds until the next result falls due, or until the agreed rate or the slow start allows another call.

        What was due already and was not taken is in somebody else's hands, or for a newer worker.
        """
        if self._held_back:
            return max(SHORTEST_PAUSE, 1 / (settings.CUSTOMERGAUGE_RATE or 1))
        later = Delivery.objects.filter(state=State.QUEUED, next_at__gt=looked_at)
        soonest = later.aggregate(at=Min("next_at"))["at"]
        return max(SHORTEST_PAUSE, (soonest - timezone.now()).total_seconds()) if soonest else inf

    def _allot(self, rows: list[Any]) -> list[Any]:
        """As many of the rows as the agreed rate allows now."""
        allowed = rows[: Channel.allot(len(rows), settings.CUSTOMERGAUGE_RATE)]
        self._held_back = self._held_back or len(allowed) < len(rows)
        return allowed

    def collect_the_lost(self) -> bool:
        """Take back what a vanished worker held, and let go of what can never be sent. True if there was any."""
        lost = [row for outbox in OUTBOXES for row in outbox.objects.lease_over()]
        for row in lost:
            reap(row, self._worker)
        for case in CaseDelivery.objects.orphaned().select_related("case_update__submission"):
            case.cancel(Cause(self._worker, evidence="result_cancelled"))
        return bool(lost)

    def _probes(self, line: Channel, begin: Callable[[Job], None]) -> int:
        begun = 0
        if line.test_wanted and line.test_asked_at != self._tested_for:
            self._tested_for = line.test_asked_at
            begin(ProbeJob(test=True))
            begun += 1
        if line.reasons_asked_at and line.reasons_asked_at != self._listed_for:
            self._listed_for = line.reasons_asked_at
            begin(ReasonsJob())
            begun += 1
        if line.needs_probe and line.begin_probe():
            begin(ProbeJob(test=False))
            begun += 1
        return begun

    def _claim(self, line: Channel, room: int, begin: Callable[[Job], None]) -> int:
        locks = connection.features.has_select_for_update_skip_locked
        # where nothing can be locked, look first: no write lock is taken for nothing
        found = None if locks else self._due(room)
        if found == []:
            return 0
        jobs: list[SendJob] = []
        poisoned: list[SendJob] = []
        with transaction.atomic(durable=True), together():
            lease_until = line.now + LEASE
            room = room if line.ramp is None else self._slow_start(room)
            rows = self._due(room, lock=True) if found is None else found[:room]
            for row in self._allot(rows):
                request = self._request_of(row)
                if attempt := row.claim(self._worker, lease_until, request):
                    (jobs if request else poisoned).append(SendJob(row, [attempt]))
        for job in jobs:
            begin(job)
        for job in poisoned:
            crashed(job.row, job.attempts[-1], self._worker, on_wire=False)
        return len(jobs)

    def _slow_start(self, room: int) -> int:
        """Room under the ramp, which all workers share: they claim one after the other, and count what is out.

        What went out before the channel reopened is not counted: a worker that vanished with it blocks nobody.
        """
        line = Channel.held()
        since = {"state": State.SENDING, "changed_at__gte": line.resumed_at}
        allowed = line.room(room, sum(outbox.objects.filter(**since).count() for outbox in OUTBOXES))
        self._held_back = allowed < room
        return allowed

    def _due(self, room: int, *, lock: bool = False) -> list[OutboxRow]:
        # what a newer release has frozen in a way that this one does not know waits for a newer worker
        known = Delivery.objects.filter(submission__payload_version__lte=PAYLOAD_VERSION)
        results = known.select_related("submission").defer(*NOT_SENT)
        cases = CaseDelivery.objects.select_related("case_update__submission", "result__delivery")
        persons = Anonymisation.objects.select_related("submission").defer(*NOT_SENT)
        if lock:  # but not its key: what only refers to a row (the receipt of an outage) need not wait for the claim
            results = results.select_for_update(skip_locked=True, of=("self",), no_key=True)
            cases = cases.select_for_update(skip_locked=True, of=("self",), no_key=True)
            persons = persons.select_for_update(skip_locked=True, of=("self",), no_key=True)
        found: list[OutboxRow] = []
        by_key = (lambda: cases.ready().due().order_by("pk"), lambda: persons.due().order_by("pk"))
        for lane in (results.fresh, results.backlog, *by_key):
            if len(found) < room:  # a lane that is not needed is not asked
                found += lane()[: room - len(found)]
        return found

    def _claim_lookups(self, line: Channel, room: int, begin: Callable[[Job], None]) -> int:
        if room <= 0:
            return 0
        begun = 0
        for delivery in self._allot(list(Delivery.objects.lookups_due().select_related("submission")[:room])):
            with transaction.atomic(durable=True):
                attempt = delivery.begin_lookup(self._worker, line.now + LEASE)
            if attempt:
                begin(LookupJob(delivery, attempt))
                begun += 1
        return begun

    def _request_of(self, row: OutboxRow) -> Body | None:
        try:
            return request_of(self._client, row)
        except Exception:
            log.exception("our own code cannot put %s %s into a request", row.AREA, row.pk)
            return None


def _until_open(line: Channel) -> float:
    """Seconds until an agreed wait, or that of an open breaker, is over."""
    if line.paused or line.wait_until is None or not line.waits:
        return inf
    return max(SHORTEST_PAUSE, (line.wait_until - timezone.now()).total_seconds())
