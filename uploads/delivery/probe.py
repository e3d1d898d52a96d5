"""Asking CustomerGauge something harmless: to learn whether it is back, or to test the connection."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from ..customergauge import Client, Exchange, NotListed, Verdict, reasons, rows, steps
from ..models import Channel
from .job import Done, Job, OnWire


@dataclass(slots=True, eq=False)
class ProbeJob(Job):
    """A GET of the reasons. `test`: somebody asked for it; else the breaker is half-open."""

    test: bool

    def call(self, client: Client, on_wire: OnWire) -> tuple[Exchange, ...]:
        return client.send(reasons())

    def settle(self, done: Done, worker: str) -> None:
        channel, exchange = Channel.current(), done.exchanges[-1]
        verdict = _fault_of(exchange)
        evidence = verdict.evidence if verdict else ""
        if self.test:
            shown = {"steps": [list(step) for step in steps(exchange)]}
            channel.tested(worker, evidence, shown, passed=not evidence)
        else:
            channel.probed(worker, evidence, answered=_answered(exchange, asked_to_wait=evidence == "asked_to_wait"))
        if verdict and verdict.retry_after:
            channel.wait(worker, timezone.now() + timedelta(seconds=verdict.retry_after), evidence)

    def crashed(self, worker: str) -> None:
        channel = Channel.current()
        if self.test:
            channel.tested(worker, "internal", {"steps": []}, passed=False)
        else:
            channel.probed(worker, "internal", answered=False)


def _fault_of(exchange: Exchange) -> Verdict | None:
    """Why the reply holds no list; None if it does."""
    try:
        rows(exchange)
    except NotListed as error:
        return error.verdict
    return None


def _answered(exchange: Exchange, *, asked_to_wait: bool) -> bool:
    """Whether the API is there, whatever it answers; an error of the server, or a web page in its place, is not it."""
    if asked_to_wait:
        return True
    if exchange.fault is not None or exchange.status is None or exchange.status >= 500:
        return False
    return exchange.status // 100 != 2 or "html" not in (exchange.header("Content-Type") or "").lower()
