"""Looking up what may have arrived: CustomerGauge is asked for the reference that the result carried.

A filter that CustomerGauge ignores returns everybody, so its answer is compared here and never trusted. Only an
exact hit on the reference counts as delivered; to find nothing proves nothing, and a person decides.
"""

import re

from ..customergauge import Exchange, NotListed, Outcome, rows
from ..models import Cause, Channel, ConfirmedBy, Submission
from .evidence import reply_of
from .job import Job

RECORD_NUMBER = re.compile(r"[A-Za-z0-9_-]{1,64}")


def settle(job: Job, exchange: Exchange, worker: str) -> None:
    """Write down the look-up, and close the delivery if the record was found beyond doubt."""
    delivery, attempt = job.delivery, job.attempts[-1]
    evidence, numbers = _read(exchange, delivery.submission)
    attempt.end(
        outcome=Outcome.DELIVERED if len(numbers) == 1 else Outcome.UNKNOWN, evidence=evidence,
        seconds=exchange.seconds, status=exchange.status, code="",
    )  # fmt: skip
    cause = Cause(worker, evidence=evidence, attempt=attempt, body=reply_of(exchange))
    if len(numbers) == 1:
        delivery.deliver(cause, numbers.pop(), ConfirmedBy.LOOKUP)
    else:
        delivery.end_lookup(cause, counts=evidence != "lookup_failed")


def _read(exchange: Exchange, submission: Submission) -> tuple[str, set[str]]:
    """What the look-up showed, and the numbers of the records that carry the reference."""
    try:
        found = rows(exchange)
    except NotListed as error:
        if error.verdict.outcome is Outcome.REFUSED_CHANNEL:
            Channel.current().pause("look-up", error.verdict.evidence)
        return "lookup_failed", set()
    key = submission.reference_key
    numbers = {row.get("number_customergauge", "") for row in found if row.get(key) == submission.reference}
    numbers = {number for number in numbers if RECORD_NUMBER.fullmatch(number)}
    return ("lookup_none", "lookup_found", "lookup_several")[min(len(numbers), 2)], numbers
