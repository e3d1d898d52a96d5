"""What ended calls say about the line to CustomerGauge as a whole: broken, back, or refusing the same thing."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import takewhile

from django.db.models import Count
from django.utils import timezone

from ..customergauge import Exchange, Fault, Outcome, Verdict, server_time
from ..models import Anonymisation, Attempt, AttemptKind, Channel
from .job import Done

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


def watch(line: Channel, ended: Sequence[Done], worker: str) -> None:
    """After the outcomes of some sends are written: open or close the circuit breaker, and pause before one mistake
    in the lists spoils a whole backlog.

    What began before the channel last reopened, or ends while it is shut, says nothing any more; nor does what asks
    another API than results do.
    """
    ended = [done for done in ended if not (done.job.about and isinstance(done.job.about.row, Anonymisation))]
    if not ended:
        return
    _watch_clock(line, ended[-1].exchanges[-1])
    if line.paused or line.is_doubtful:
        return
    verdicts = [done.verdicts[-1] for done in ended if done.exchanges[-1].started_at >= line.resumed_at]
    failures = [verdict.evidence for verdict in verdicts if _failed((verdict.outcome, verdict.evidence))]
    if failures:
        _watch_failures(line, failures[-1], worker)
    if any(map(_refused, verdicts)):
        _watch_refusals(line, worker)
    if any(verdict.outcome in (Outcome.DELIVERED, Outcome.REJECTED) for verdict in verdicts) and line.ramp is not None:
        line.succeeded(worker)


def _failed(ending: tuple[str, str]) -> bool:
    """Whether a call that ended so (outcome, evidence) says that something is wrong with the line."""
    outcome, evidence = ending
    return outcome == Outcome.UNKNOWN or evidence in OUT_OF_REACH


def _refused(verdict: Verdict) -> bool:
    """Whether a record was refused; if access was forbidden, only its attempt tells whether to it alone."""
    return verdict.outcome is Outcome.REJECTED or verdict.evidence == "forbidden"


def _watch_failures(line: Channel, evidence: str, worker: str) -> None:
    if line.breaks:  # the one delivery that tried
        line.trip(worker, evidence)
        return
    ended = Attempt.objects.filter(kind__in=SENDS, ended_at__gte=line.resumed_at, started_at__gte=line.resumed_at)
    recent = list(ended.order_by("-ended_at").values_list("outcome", "evidence")[:LOOKED_AT])
    strange = sum(1 for _ in takewhile(lambda ending: ending[1] == "not_understood", recent))
    in_a_row = sum(1 for _ in takewhile(_failed, recent))
    if strange >= STRANGE_REPLIES:
        line.pause(worker, "not_understood")
    elif in_a_row >= IN_A_ROW or (len(recent) == LOOKED_AT and sum(map(_failed, recent)) * 2 >= LOOKED_AT):
        line.trip(worker, evidence)


def _watch_refusals(line: Channel, worker: str) -> None:
    since = max(timezone.now() - REFUSALS_WITHIN, line.resumed_at)
    refused = Attempt.objects.filter(outcome=Outcome.REJECTED, kind__in=SENDS, ended_at__gte=since)
    own = refused.filter(started_at__gte=line.resumed_at).order_by()  # not the stragglers
    alike = own.values("code", "evidence").annotate(number=Count("pk"))
    if alike.filter(number__gte=REFUSALS_ALLOWED).exists():
        line.pause(worker, "refused_repeatedly")


def _watch_clock(line: Channel, exchange: Exchange) -> None:
    theirs = server_time(exchange)
    if theirs is None:
        return
    ours = exchange.started_at + timedelta(seconds=exchange.seconds)
    skew = round((ours - theirs).total_seconds())
    if abs(skew - line.skew) >= SKEW_STEP:
        line.note_skew(skew)
