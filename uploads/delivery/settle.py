"""From a verdict to a transition: what becomes of a delivery after its call. The loop's thread writes it."""

from datetime import timedelta

from django.utils import timezone

from ..customergauge import Exchange, Outcome, Verdict, judge
from ..models import Action, Attempt, AttemptKind, AuditEvent, Cause, Channel, ConfirmedBy, Delivery, State
from .backoff import pause, used_up
from .evidence import reply_of
from .job import Job

#: After so many crashes of our own code on one row the row is set aside, so that the others go on.
CRASHES_ALLOWED = 3


def mark(job: Job, worker: str) -> bool:
    """Commit that the next byte may leave; False if the row is no longer ours."""
    if job.on_wire:  # the same claim calls again with a fresh token
        job.attempts.append(job.delivery.open_attempt(worker))
    job.on_wire = job.delivery.mark_on_wire(job.attempts[-1])
    return job.on_wire


def settle(job: Job, exchanges: tuple[Exchange, ...], worker: str) -> Verdict:
    """Write down each call of the claim and move the delivery by the verdict on the last one."""
    while len(job.attempts) < len(exchanges):
        job.attempts.append(job.delivery.open_attempt(worker))
    for attempt, exchange in zip(job.attempts, exchanges, strict=False):
        verdict = judge(exchange)
        _end(attempt, exchange, verdict)
        if exchange is exchanges[-1]:
            break
        AuditEvent.objects.record(
            Action.TOKEN_RENEWED, job.delivery.submission, actor=worker, attempt_id=attempt.pk,
            outcome=verdict.evidence, body=reply_of(exchange),
        )  # fmt: skip
    cause = Cause(worker, evidence=verdict.evidence, attempt=attempt, body=reply_of(exchange))
    if not _move(job.delivery, verdict, cause):
        _too_late(job.delivery, verdict, cause)
    return verdict


def crashed(job: Job, worker: str) -> None:
    """Our own code failed on this row: try again later, but not for ever, and never after the wire mark."""
    cause = Cause(worker, evidence="internal", attempt=job.attempts[-1])
    delivery = job.delivery
    if job.is_lookup:
        delivery.end_lookup(cause, counts=True)
    elif job.on_wire:
        delivery.unconfirm(cause)
    elif delivery.crashes + 1 >= CRASHES_ALLOWED:
        delivery.fail(cause)
    else:
        delivery.requeue(cause, timezone.now() + pause(delivery.crashes), crashed=True)


def reap(delivery: Delivery, worker: str) -> None:
    """Its worker has not come back: without a wire mark nothing was sent; with one nobody knows."""
    attempt = delivery.attempts.order_by("started_at").last()
    if attempt and attempt.wire_at:
        delivery.unconfirm(Cause(worker, evidence="worker_lost", attempt=attempt))
    else:
        delivery.requeue(Cause(worker, evidence="worker_lost_unsent", attempt=attempt), timezone.now())


def _end(attempt: Attempt, exchange: Exchange, verdict: Verdict) -> None:
    code = "" if verdict.code is None else str(verdict.code)
    attempt.end(
        outcome=verdict.outcome, evidence=verdict.evidence, seconds=exchange.seconds, status=exchange.status, code=code
    )


def _move(delivery: Delivery, verdict: Verdict, cause: Cause) -> bool:
    now = timezone.now()
    match verdict.outcome:
        case Outcome.DELIVERED:
            return delivery.deliver(cause, verdict.cg_id or "", ConfirmedBy.REPLY)
        case Outcome.REJECTED:
            return delivery.reject(cause)
        case Outcome.UNKNOWN:
            return delivery.unconfirm(cause)
        case Outcome.REFUSED_CHANNEL:
            Channel.current().pause(cause.actor, cause.evidence)
            return delivery.requeue(cause, now)
        case Outcome.WAIT:
            wait = timedelta(seconds=verdict.retry_after) if verdict.retry_after else pause(delivery.tries)
            Channel.current().wait(cause.actor, now + wait, cause.evidence)
            return delivery.requeue(cause, now + wait)
        case Outcome.NOT_SENT if used_up(delivery.first_failed_at, now):
            return delivery.fail(cause)
        case Outcome.NOT_SENT:
            return delivery.requeue(cause, now + pause(delivery.tries), spend_try=True)


def _too_late(delivery: Delivery, verdict: Verdict, cause: Cause) -> None:
    """The lease ended before the call did. A strict success still counts, if nobody has decided otherwise."""
    now_held = Delivery.objects.get(pk=delivery.pk)
    undecided = now_held.state == State.UNCONFIRMED and _is_latest_send(cause.attempt, now_held)
    if verdict.outcome is Outcome.DELIVERED and undecided:
        now_held.deliver(cause, verdict.cg_id or "", ConfirmedBy.REPLY)
        return
    AuditEvent.objects.record(
        Action.ATTEMPT_ENDED_LATE, delivery.submission, actor=cause.actor, outcome=cause.evidence,
        attempt_id=cause.attempt.pk if cause.attempt else None, body=cause.body,
    )  # fmt: skip


def _is_latest_send(attempt: Attempt | None, delivery: Delivery) -> bool:
    return attempt == delivery.attempts.filter(kind=AttemptKind.SEND).latest("started_at")
