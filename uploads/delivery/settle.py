"""From a verdict to a transition: what becomes of a row after its call. The loop's thread writes it."""

from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from ..customergauge import Exchange, NotListed, Outcome, Verdict, judge, rows
from ..models import (
    Action,
    Anonymisation,
    Attempt,
    AttemptKind,
    AuditEvent,
    Body,
    Cause,
    Channel,
    Delivery,
    OutboxRow,
    Outgoing,
    State,
)
from .backoff import pause, used_up
from .evidence import reply_of
from .job import Done

#: After so many crashes of our own code on one row the row is set aside, so that the others go on.
CRASHES_ALLOWED = 3
#: CustomerGauge may need a while until a GET shows what a POST stored; how long is not documented.
READ_BACK_AFTER = timedelta(minutes=2)


def settle(row: Outgoing, attempts: list[Attempt], done: Done, probe: Exchange | None, worker: str) -> None:
    """Write down each call of the claim and move the row by the verdict on the last one."""
    while len(attempts) < len(done.exchanges):
        attempts.append(row.open_attempt(worker))
    for attempt, exchange, judged in zip(attempts, done.exchanges, done.verdicts, strict=False):
        verdict = _seen_with(row, probe, judged) if exchange is done.exchanges[-1] else judged
        end(attempt, exchange, verdict)
        if exchange is done.exchanges[-1]:
            break
        AuditEvent.objects.record(
            Action.TOKEN_RENEWED, row.subject, actor=worker, attempt_id=attempt.pk, outcome=verdict.evidence,
            body=_proof(row, exchange),
        )  # fmt: skip
    cause = Cause(worker, evidence=verdict.evidence, attempt=attempt, body=_proof(row, exchange))
    if not _move(row, verdict, cause):
        _too_late(row, verdict, cause)


def crashed(row: Outgoing, attempt: Attempt, worker: str, *, on_wire: bool) -> None:
    """Our own code failed on this row: try again later, but not for ever, and never after the wire mark."""
    cause = Cause(worker, evidence="internal", attempt=attempt)
    if on_wire and not row.repeatable:
        row.unconfirm(cause)
    elif row.crashes + 1 >= CRASHES_ALLOWED:
        row.fail(cause)
    else:
        row.requeue(cause, timezone.now() + pause(row.crashes), crashed=True)


def reap(row: OutboxRow, worker: str) -> None:
    """Its worker has not come back: without a wire mark nothing was sent; with one nobody knows."""
    sends = row.attempts.exclude(kind__in=(AttemptKind.LOOKUP, AttemptKind.READ)).filter(
        worker=row.owner, ended_at=None
    )
    # that there is a mark decides, not when: clocks say nothing; the last one is the call with a fresh token, if any
    marked = sends.filter(wire_at__isnull=False).last()
    if marked and not row.repeatable:
        row.unconfirm(Cause(worker, evidence="worker_lost", attempt=marked))
    else:
        row.requeue(Cause(worker, evidence="worker_lost_unsent", attempt=sends.first()), timezone.now())


def end(attempt: Attempt, exchange: Exchange, verdict: Verdict) -> None:
    """Write down how a call ended."""
    code = "" if verdict.code is None else str(verdict.code)
    attempt.end(
        outcome=verdict.outcome, evidence=verdict.evidence, seconds=exchange.seconds, status=exchange.status, code=code
    )


def is_doubtful(row: Outgoing, exchange: Exchange) -> bool:
    """Whether a refusal may be about this row alone: access was forbidden, or it asks another API than the others."""
    verdict = judge(exchange)
    elsewhere = isinstance(row, Anonymisation) and exchange.wire and verdict.outcome is Outcome.REFUSED_CHANNEL
    return verdict.evidence == "forbidden" or elsewhere


def _proof(row: Outgoing, exchange: Exchange) -> Body | None:
    return reply_of(exchange) if row.keeps_proof else None


def _seen_with(row: Outgoing, probe: Exchange | None, verdict: Verdict) -> Verdict:
    """The verdict on a call; where access was refused though the key works, it is about this row alone."""
    if probe is None:
        return verdict
    try:
        rows(probe)
    except NotListed:
        return verdict
    evidence = "not_anonymised" if isinstance(row, Anonymisation) else "blocked"
    return replace(verdict, outcome=Outcome.REJECTED, evidence=evidence)


def _move(row: Outgoing, verdict: Verdict, cause: Cause) -> bool:
    now = timezone.now()
    match verdict.outcome:
        case Outcome.DELIVERED:
            return _succeed(row, cause, verdict.cg_id or "")
        case Outcome.REJECTED:
            return row.reject(cause)
        case Outcome.UNKNOWN if not row.repeatable:
            return row.unconfirm(cause)
        case Outcome.REFUSED_CHANNEL:
            Channel.current().pause(cause.actor, cause.evidence)
            return row.requeue(cause, now)
        case Outcome.WAIT:
            wait = timedelta(seconds=verdict.retry_after) if verdict.retry_after else pause(row.tries)
            Channel.current().wait(cause.actor, now + wait, cause.evidence)
            return row.requeue(cause, now + wait)
        case _ if used_up(row.first_failed_at, now):
            return row.fail(cause)
        case _:
            return row.requeue(cause, now + pause(row.tries), spend_try=True)


def _succeed(row: Outgoing, cause: Cause, number: str) -> bool:
    if isinstance(row, Delivery) and settings.CUSTOMERGAUGE_READ_BACK:
        return row.succeed(cause, number, timezone.now() + READ_BACK_AFTER)
    return row.succeed(cause, number)


def _too_late(row: Outgoing, verdict: Verdict, cause: Cause) -> None:
    """The lease ended before the call did. A strict success still counts, if nobody has decided otherwise."""
    now_held = type(row)._default_manager.get(pk=row.pk)
    undecided = now_held.state == State.UNCONFIRMED and _is_latest_send(cause.attempt, now_held)
    if verdict.outcome is Outcome.DELIVERED and undecided and _succeed(now_held, cause, verdict.cg_id or ""):
        return
    record_late(row, cause)


def record_late(row: Outgoing, cause: Cause) -> None:
    """Somebody else was first: what the call showed changes no state any more, and is kept as a fact."""
    AuditEvent.objects.record(
        Action.ATTEMPT_ENDED_LATE, row.subject, actor=cause.actor, outcome=cause.evidence,
        attempt_id=cause.attempt.pk if cause.attempt else None, body=cause.body,
    )  # fmt: skip


def _is_latest_send(attempt: Attempt | None, row: Outgoing) -> bool:
    if attempt is None or not isinstance(row, OutboxRow):
        return False
    return attempt == row.attempts.filter(kind=attempt.kind).latest("started_at")
