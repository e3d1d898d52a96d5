"""/metrics in Prometheus's text format: the tables' figures now, and what the workers have counted.

Every figure comes from the database, so any web process gives the same answer. Only what is not through is counted:
a scrape costs the same whether a thousand results were delivered or a million (the workers count deliveries).
"""

from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from .alerts.rules import RULES
from .alerts.situation import Situation
from .models import NEEDS_PERSON, Alert, Outage, Worker

#: A proxy on this machine is not this machine: these headers show that somebody else asks through it.
THROUGH_A_PROXY = frozenset({"X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"})
CLOSED = "Metrics are for machines: set METRICS_TOKEN, and send it as “Authorization: Bearer …”.\n"


@require_GET
def scrape(request: HttpRequest) -> HttpResponse:
    """All metrics, for who holds METRICS_TOKEN; while there is none, for this machine only (others get 403)."""
    if not _may_scrape(request):
        return HttpResponse(CLOSED, status=403, content_type="text/plain; charset=utf-8")
    registry = CollectorRegistry()
    registry.register(Tables(Situation()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_scrape(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        shown = request.headers.get("Authorization", "")
        return constant_time_compare(shown, f"Bearer {settings.METRICS_TOKEN}")
    if any(name in request.headers for name in THROUGH_A_PROXY):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:  # a socket without an address
        return False


class Tables(Collector):
    """One scrape: a fixed number of queries, whatever the tables hold."""

    def __init__(self, situation: Situation) -> None:
        self._now = situation

    def collect(self) -> Iterator[Metric]:
        """Every family of metrics, with a value even when nothing happens."""
        yield from self._outboxes()
        yield from self._channel()
        yield from self._workers()
        yield self._alerts()
        yield CounterMetricFamily("cgportal_outages", "Outages written down.", Outage.objects.count())
        yield from _added_up(self._now.heard_of)

    def _outboxes(self) -> Iterator[Metric]:
        now = self._now
        piles = {"results": now.results, "cases": now.cases, "anonymisations": now.anonymisations}
        count = GaugeMetricFamily(
            "cgportal_deliveries", "Deliveries that are not through, by outbox and state.", labels=["outbox", "state"]
        )
        oldest = GaugeMetricFamily(
            "cgportal_state_oldest_seconds", "How long the oldest has been in its state.", labels=["outbox", "state"]
        )
        for outbox, by_state in piles.items():
            for state, pile in by_state.items():
                count.add_metric([outbox, state], pile.count)
                oldest.add_metric([outbox, state], self._age(pile.since))
        needing = sum(by_state[state].count for by_state in piles.values() for state in NEEDS_PERSON)
        yield count
        yield oldest
        yield _gauge(
            "oldest_due_seconds", "How long the oldest of what could be sent is due.", now.waited.total_seconds()
        )
        yield _gauge("needs_person", "Deliveries that a person must look at.", needing)

    def _channel(self) -> Iterator[Metric]:
        channel = self._now.channel
        until = channel.wait_until
        wait = max(0.0, (until - self._now.now).total_seconds()) if until else 0.0
        yield _gauge("channel_paused", "1 while sending is paused.", channel.paused)
        yield _gauge("channel_breaker_open", "1 while CustomerGauge is out of reach.", channel.breaks > 0)
        yield _gauge("channel_wait_seconds", "How long nothing will be sent from now on.", wait)
        yield _gauge("channel_shut_seconds", "How long nothing could be sent so far.", self._age(channel.shut_since))
        yield _gauge("clock_skew_seconds", "How far our clock is ahead of CustomerGauge's.", channel.skew)

    def _workers(self) -> Iterator[Metric]:
        workers = self._now.workers
        yield _gauge("workers", "Workers that gave a sign of life within a minute.", len(self._now.heard_of))
        for name, what, at in (
            ("worker_beat_age_seconds", "Since its last sign of life.", [worker.beat_at for worker in workers]),
            ("worker_progress_age_seconds", "Since it last claimed or wrote.", [w.progress_at for w in workers]),
        ):
            family = GaugeMetricFamily(f"cgportal_{name}", what, labels=["worker"])
            for worker, moment in zip(workers, at, strict=True):
                family.add_metric([worker.name], self._age(moment))
            yield family

    def _alerts(self) -> Metric:
        lasting = set(Alert.objects.lasting().values_list("kind", flat=True))
        family = GaugeMetricFamily("cgportal_alert", "1 while people would be told of this kind.", labels=["kind"])
        for rule in RULES:
            if rule.lasts:
                family.add_metric([rule.kind], rule.kind in lasting)
        return family

    def _age(self, moment: datetime | None) -> float:
        return max(0.0, (self._now.now - moment).total_seconds()) if moment else 0.0


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"cgportal_{name}", what, value)


def _added_up(workers: list[Worker]) -> Iterator[Metric]:
    """What the workers have counted, family by family, each sample with the worker's name."""
    families: dict[str, Metric] = {}
    for worker in workers:
        for family in text_string_to_metric_families(worker.metrics):
            merged = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                merged.add_sample(sample.name, {**sample.labels, "worker": worker.name}, sample.value)
    yield from families.values()
