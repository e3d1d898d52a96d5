"""Looking up what may have arrived: CustomerGauge is asked for the reference that the result carried.

A filter that CustomerGauge ignores returns everybody, so its answer is compared here and never trusted. Only an
exact hit on the reference counts as delivered; to find nothing proves nothing, and a person decides.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..customergauge import Client, Exchange, NotListed, Outcome, find, rows
from ..models import Attempt, Cause, Channel, ConfirmedBy, Delivery, Submission
from .evidence import reply_of
from .job import Job, OnWire

RECORD_NUMBER = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(slots=True, eq=False)
class LookupJob(Job):
    """The look-up of an unconfirmed delivery."""

    delivery: Delivery
    attempt: Attempt

    def call(self, client: Client, on_wire: OnWire) -> tuple[Exchange, ...]:
        submission = self.delivery.submission
        return client.send(find([(f"filter_{submission.reference_key}", submission.reference)]))

    def settle(self, exchanges: tuple[Exchange, ...], worker: str) -> None:
        exchange = exchanges[-1]
        evidence, numbers = _read(exchange, self.delivery.submission)
        self.attempt.end(
            outcome=Outcome.DELIVERED if len(numbers) == 1 else Outcome.UNKNOWN, evidence=evidence,
            seconds=exchange.seconds, status=exchange.status, code="",
        )  # fmt: skip
        cause = Cause(worker, evidence=evidence, attempt=self.attempt, body=reply_of(exchange))
        if len(numbers) == 1:
            self.delivery.deliver(cause, numbers.pop(), ConfirmedBy.LOOKUP)
        else:
            self.delivery.end_lookup(cause, counts=evidence != "lookup_failed")

    def crashed(self, worker: str) -> None:
        self.delivery.end_lookup(Cause(worker, evidence="internal", attempt=self.attempt), counts=True)

    def remember(self) -> Callable[[], None]:
        before = dict(vars(self.delivery))

        def restore() -> None:
            vars(self.delivery).clear()
            vars(self.delivery).update(before)

        return restore


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
