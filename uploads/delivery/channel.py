"""What ended calls say about the line to CustomerGauge as a whole: out of reach, back, or refusing the same thing."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from ..customergauge import Exchange, Fault, Outcome, judge
from ..models import Attempt, Channel

#: Faults that say nothing of the request and everything of the line.
OUT_OF_REACH = frozenset(
    {Fault.DNS, Fault.REFUSED, Fault.CONNECT_TIMEOUT, Fault.CONNECT_FAILED, Fault.TOKEN_UNAVAILABLE}
)
#: So many refusals with one code in so short a time mean that a list or a field is wrong, not the results.
REFUSALS_ALLOWED, REFUSALS_WITHIN = 5, timedelta(minutes=10)


def watch(ended: Sequence[Exchange], worker: str) -> None:
    """Open and close the circuit breaker, and pause before one mistake in the lists spoils a whole backlog."""
    for exchange in ended:
        if exchange.fault in OUT_OF_REACH:
            Channel.current().missed(worker, exchange.fault)
    if any(exchange.status for exchange in ended):
        channel = Channel.current()
        if channel.failures:
            channel.reached(worker)
        codes = {str(verdict.code) for verdict in map(judge, ended) if verdict.outcome is Outcome.REJECTED}
        for code in codes:
            _watch_refusals(channel, code, worker)


def _watch_refusals(channel: Channel, code: str, worker: str) -> None:
    since = max(timezone.now() - REFUSALS_WITHIN, channel.resumed_at)
    refused = Attempt.objects.filter(outcome=Outcome.REJECTED, code=code, ended_at__gte=since)
    if refused.count() >= REFUSALS_ALLOWED:
        channel.pause(worker, "refused_repeatedly")
