"""What one worker counts: its calls and how long they took. Stored with each sign of life, as Prometheus's text.

The web process adds the texts of all workers up (uploads/metrics.py), so that any number of processes on any number of
machines count right.
"""

from collections.abc import Iterable
from contextlib import suppress

from prometheus_client import CollectorRegistry, Gauge, Histogram, disable_created_metrics, generate_latest

from ..alerts.situation import DISK_FREE, free_part
from ..customergauge import Exchange
from .channel import SENDS
from .job import Done, Job, Mark
from .lookup import LookupJob
from .sending import SendJob

SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)

disable_created_metrics()  # type: ignore[no-untyped-call]  # a moment per series says nothing that is not known


class Counters:
    """The counters of one process. Only the loop's thread touches them."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._calls = Histogram(
            "cgportal_attempt_seconds", "Calls to CustomerGauge and how long they took, by kind and outcome.",
            ["kind", "outcome"], buckets=SECONDS, registry=self._registry,
        )  # fmt: skip
        self._in_flight = Gauge("cgportal_in_flight", "Jobs in the hands of the worker.", registry=self._registry)
        self._disk = Gauge(DISK_FREE, "The free part of the disk under VAR_DIR.", registry=self._registry)

    def count(self, news: Iterable[Mark | Done]) -> None:
        """Count each call that has ended."""
        for item in news:
            if isinstance(item, Done):
                kind = _kind(item.job)
                for number, exchange in enumerate(item.exchanges):
                    outcome = str(item.verdicts[number].outcome) if kind in SENDS else _answer(exchange)
                    self._calls.labels(kind, outcome).observe(exchange.seconds)

    def text(self, in_flight: int) -> str:
        """All counters now, in Prometheus's text format."""
        self._in_flight.set(in_flight)
        with suppress(OSError):  # a disk that does not answer must not end the deliveries
            self._disk.set(free_part())
        return generate_latest(self._registry).decode()


def _kind(job: Job) -> str:
    match job:
        case SendJob():
            return str(job.attempts[0].kind)
        case LookupJob():
            return str(job.attempt.kind)
        case _:
            return "probe"


def _answer(exchange: Exchange) -> str:
    """Of calls that only read: whether there was an answer."""
    return "answered" if exchange.fault is None and exchange.status == 200 else "failed"
