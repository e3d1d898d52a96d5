"""Asking CustomerGauge something harmless: to learn whether it is back, or to test the connection."""

from dataclasses import dataclass

from ..customergauge import Client, Exchange, NotListed, reasons, rows, steps
from ..models import Channel
from .job import Job, OnWire


@dataclass(slots=True, eq=False)
class ProbeJob(Job):
    """A GET of the reasons. `test`: somebody asked for it; else the breaker is half-open."""

    test: bool

    def call(self, client: Client, on_wire: OnWire) -> tuple[Exchange, ...]:
        return client.send(reasons())

    def settle(self, exchanges: tuple[Exchange, ...], worker: str) -> None:
        channel, exchange = Channel.current(), exchanges[-1]
        evidence = _fault_of(exchange)
        if self.test:
            shown = {"steps": [list(step) for step in steps(exchange)]}
            channel.tested(worker, evidence, shown, passed=not evidence)
        elif channel.breaks:
            # whatever is answered but an error of the server shows that the line is there
            channel.probed(worker, evidence, answered=exchange.fault is None and (exchange.status or 500) < 500)

    def crashed(self, worker: str) -> None:
        channel = Channel.current()
        if self.test:
            channel.tested(worker, "internal", {"steps": []}, passed=False)
        elif channel.breaks:
            channel.probed(worker, "internal", answered=False)


def _fault_of(exchange: Exchange) -> str:
    """Why the reply holds no list; empty if it does."""
    try:
        rows(exchange)
    except NotListed as error:
        return error.verdict.evidence
    return ""
