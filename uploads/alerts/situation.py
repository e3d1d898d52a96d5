"""What the tables say about the portal as a whole: the figures behind alerts, metrics and health checks."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, QuerySet
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from ..models import (
    OPEN,
    OUTBOXES,
    Anonymisation,
    AuditEvent,
    CaseDelivery,
    Channel,
    Delivery,
    State,
    Thresholds,
    Worker,
)

#: A worker that has claimed and written nothing for so long, though work is due for as long, is stuck.
STUCK_AFTER = timedelta(minutes=5)
#: What a worker reports at each beat about the disk under VAR_DIR.
DISK_FREE = "cgportal_disk_free_ratio"


@dataclass(frozen=True, slots=True)
class Pile:
    """How many rows of an outbox are in a state, and since when the oldest of them."""

    count: int = 0
    since: datetime | None = None


class Situation:
    """Each figure is asked for once, when it is first needed. States that are final are never counted.

    `since`: from when on happenings (a sign-in, a change of a role) are news.
    """

    def __init__(self, now: datetime | None = None, since: datetime | None = None) -> None:
        self.now = now or timezone.now()
        self.since = since or self.now

    @cached_property
    def channel(self) -> Channel:
        """The line to CustomerGauge."""
        return Channel.current()

    @cached_property
    def limits(self) -> Thresholds:
        """From where on people are told."""
        return Thresholds.current()

    @cached_property
    def workers(self) -> list[Worker]:
        """All that have started and not said farewell, by name."""
        return list(Worker.objects.order_by("name"))

    @cached_property
    def heard_of(self) -> list[Worker]:
        """Those that gave a sign of life within the last minute, by the database's clock."""
        return list(Worker.objects.heard_of().order_by("name"))

    @cached_property
    def results(self) -> dict[State, Pile]:
        """Results that are not through, by state."""
        return _piles(Delivery.objects.all())

    @cached_property
    def cases(self) -> dict[State, Pile]:
        """Updates of cases that are not through, by state."""
        return _piles(CaseDelivery.objects.all())

    @cached_property
    def anonymisations(self) -> dict[State, Pile]:
        """Requests to anonymise a person that are not through, by state."""
        return _piles(Anonymisation.objects.all())

    @cached_property
    def oldest_due(self) -> datetime | None:
        """Since when the oldest of what could be sent has been due; None if nothing is."""
        due = (Delivery.objects.due(), CaseDelivery.objects.ready().due(), Anonymisation.objects.due())
        return min(filter(None, (rows.aggregate(at=Min("next_at"))["at"] for rows in due)), default=None)

    @cached_property
    def newly_unconfirmed(self) -> int:
        """How many came into doubt within the last 15 minutes and still are."""
        since = self.now - timedelta(minutes=15)
        rows = (outbox._default_manager.filter(state=State.UNCONFIRMED, changed_at__gt=since) for outbox in OUTBOXES)
        return sum(found.count() for found in rows)

    @property
    def waited(self) -> timedelta:
        """How long the oldest of what could be sent has been due."""
        return max(self.now - self.oldest_due, timedelta()) if self.oldest_due else timedelta()

    def stuck(self, workers: list[Worker]) -> bool:
        """Whether these workers live but none gets on, though something could be sent."""
        got_on = max((worker.progress_at for worker in workers), default=self.now)
        overdue = self.waited > STUCK_AFTER and self.now - got_on > STUCK_AFTER
        return overdue and self.channel.is_open

    @cached_property
    def disk_free(self) -> float:
        """The free part of the disk under VAR_DIR, where it is scarcest: on the workers' machines, else on this one."""
        reported = [ratio for worker in self.heard_of if (ratio := _reported_disk(worker)) is not None]
        return min(reported) if reported else free_part()


def free_part() -> float:
    """The free part of this machine's disk under VAR_DIR, from 0 to 1."""
    disk = shutil.disk_usage(settings.VAR_DIR)
    return disk.free / disk.total


def recorded_since(moment: datetime) -> "QuerySet[AuditEvent]":
    """The events from `moment` on.

    They are found by their ids, which grow with time: the audit log is too long to be searched by time.
    """
    low, high = 0, AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
    early = moment - timedelta(minutes=5)  # ids are drawn before events are committed, and clocks differ a little
    while low < high:
        middle = (low + high) // 2
        (at,) = AuditEvent.objects.filter(id__gt=middle).order_by("id").values_list("at", flat=True)[:1]
        low, high = (middle + 1, high) if at < early else (low, middle)
    return AuditEvent.objects.filter(id__gte=low, at__gte=moment)


def _piles(rows: "QuerySet[Any]") -> dict[State, Pile]:
    found = rows.filter(state__in=OPEN).values_list("state").annotate(Count("pk"), Min("changed_at")).order_by()
    counted = {State(state): Pile(count, since) for state, count, since in found}
    return {state: counted.get(state, Pile()) for state in State if state in OPEN}


def _reported_disk(worker: Worker) -> float | None:
    families = text_string_to_metric_families(worker.metrics)
    return next((family.samples[0].value for family in families if family.name == DISK_FREE), None)
