"""What ended calls say about the line to CustomerGauge as a whole: broken, back, or refusing the same thing."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import takewhile

from django.utils import timezone

from ..customergauge import Exchange, Fault, Outcome, judge, server_time
from ..models import Attempt, AttemptKind, Channel

SENDS = (AttemptKind.SEND, AttemptKind.CORRECT, AttemptKind.CASE)
#: Nothing left, because nobody was there.
OUT_OF_REACH = frozenset(
    {Fault.DNS, Fault.REFUSED, Fault.CONNECT_TIMEOUT, Fault.CONNECT_FAILED, Fault.TOKEN_UNAVAILABLE}
)
#: The breaker opens at so many failures in a row, or at half of so many calls.
IN_A_ROW, LOOKED_AT = 5, 20
#: So many replies in a row that are not CustomerGauge's: somebody else answers there.
STRANGE_REPLIES = 3
#: So many refusals with one code in so short a time mean that a list or a field is wrong, not the results.
REFUSALS_ALLOWED, REFUSALS_WITHIN = 5, timedelta(minutes=10)
#: A change of the difference between the clocks that is worth writing down.
SKEW_STEP = 30  # seconds


def watch(ended: Sequence[Exchange], worker: str) -> None:
    """After the outcomes of some sends are written: open or close the circuit breaker, and pause before one mistake
    in the lists spoils a whole backlog."""
    if not ended:
        return
    line = Channel.current()
    verdicts = [judge(exchange) for exchange in ended]
    if any(map(_failed, ((verdict.outcome, verdict.evidence) for verdict in verdicts))):
        _watch_failures(line, verdicts[-1].evidence, worker)
    processed = any(verdict.outcome in (Outcome.DELIVERED, Outcome.REJECTED) for verdict in verdicts)
    probing = not line.breaks or line.ramp is not None  # what began before the breaker opened says nothing any more
    if processed and probing and (line.breaks or line.ramp is not None):
        line.succeeded(worker)
    for code in {str(verdict.code) for verdict in verdicts if verdict.outcome is Outcome.REJECTED}:
        _watch_refusals(line, code, worker)
    _watch_clock(line, ended[-1])


def _failed(ending: tuple[str, str]) -> bool:
    """Whether a call that ended so (outcome, evidence) says that something is wrong with the line."""
    outcome, evidence = ending
    return outcome == Outcome.UNKNOWN or evidence in OUT_OF_REACH


def _watch_failures(line: Channel, evidence: str, worker: str) -> None:
    if line.breaks:
        if line.ramp is not None:  # the one delivery that tried
            line.trip(worker, evidence)
        return
    ended = Attempt.objects.filter(kind__in=SENDS, ended_at__gt=line.resumed_at).order_by("-ended_at")
    recent = list(ended.values_list("outcome", "evidence")[:LOOKED_AT])
    strange = sum(1 for _ in takewhile(lambda ending: ending[1] == "not_understood", recent))
    in_a_row = sum(1 for _ in takewhile(_failed, recent))
    if strange >= STRANGE_REPLIES:
        line.pause(worker, "not_understood")
    elif in_a_row >= IN_A_ROW or (len(recent) == LOOKED_AT and sum(map(_failed, recent)) * 2 >= LOOKED_AT):
        line.trip(worker, evidence)


def _watch_refusals(line: Channel, code: str, worker: str) -> None:
    since = max(timezone.now() - REFUSALS_WITHIN, line.resumed_at)
    refused = Attempt.objects.filter(outcome=Outcome.REJECTED, code=code, ended_at__gte=since)
    if refused.count() >= REFUSALS_ALLOWED:
        line.pause(worker, "refused_repeatedly")


def _watch_clock(line: Channel, exchange: Exchange) -> None:
    theirs = server_time(exchange)
    if theirs is None:
        return
    ours = exchange.started_at + timedelta(seconds=exchange.seconds)
    skew = round((ours - theirs).total_seconds())
    if abs(skew - line.skew) >= SKEW_STEP:
        line.note_skew(skew)
