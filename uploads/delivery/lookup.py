"""Looking up what may have arrived, and looking at what did: what follows from what CustomerGauge shows.

Only an exact hit on our reference counts as delivered. A record that is alike is a proposal, and to find nothing
proves nothing: a person decides.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from ..audit.comparison import number_of
from ..customergauge import Client, Exchange, Outcome
from ..models import Attempt, AttemptKind, Cause, Channel, ConfirmedBy, Delivery, Lane, Submission
from . import comparison
from .job import Done, Job, Message, OnWire
from .matching import Found, Look, likeness
from .settle import record_late
from .trail import names_of

log = logging.getLogger(__name__)

#: Refusals that are about looking alone: a key may be allowed to write and not to read.
ABOUT_LOOKING = frozenset({"forbidden", "wrong_address"})
#: Twins of one result are entered within so much time of each other.
TWINS_WITHIN = timedelta(days=7)


@dataclass(slots=True, eq=False)
class LookupJob(Job):
    """One look at CustomerGauge: is an unconfirmed delivery there, or is a delivered one there as it was sent?"""

    delivery: Delivery
    attempt: Attempt
    found: Found | None = field(default=None, repr=False)  # personal data
    claimed: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        return f"the look-up of delivery {self.delivery.pk}"

    @property
    def about(self) -> Message:
        """The delivery that is looked for, and the look."""
        return Message(self.delivery, [self.attempt])

    def call(self, client: Client, on_wire: OnWire) -> tuple[Exchange, ...]:
        try:
            self.found = Look(client, self.delivery, self.claimed).find()
        except Exception:  # a thread that dies tells nobody; without `found` it settles as crashed
            log.exception("our own code failed in looking for %s", self.delivery, extra=names_of(self))
            return ()
        return (self.found.exchange,)

    def settle(self, done: Done, worker: str) -> None:
        found = self.found
        if found is None:
            self.crashed(worker)
            return
        if found.failure:
            _obey(found, worker)
        if self.attempt.kind == AttemptKind.READ:
            evidence = comparison.settle(self.delivery, self.attempt, found, worker)
        else:
            evidence = _conclude(self.delivery, self.attempt, found, worker)
        self.attempt.end(
            outcome=Outcome.DELIVERED if found.records and not found.failed else Outcome.UNKNOWN, evidence=evidence,
            seconds=found.seconds, status=found.exchange.status, code="",
        )  # fmt: skip

    def crashed(self, worker: str) -> None:
        cause = Cause(worker, evidence="internal", attempt=self.attempt)
        if self.attempt.kind == AttemptKind.READ:
            self.delivery.end_comparison(cause, None)
        else:
            self.delivery.miss_lookup(cause)

    def remember(self) -> Callable[[], None]:
        before = dict(vars(self.delivery))

        def restore() -> None:
            vars(self.delivery).clear()
            vars(self.delivery).update(before)

        return restore


def _obey(found: Found, worker: str) -> None:
    """What a refused look says about the channel: our key is not taken any more, or everybody is to wait."""
    verdict, channel = found.failure, Channel.current()
    if verdict is None or verdict.evidence in ABOUT_LOOKING:
        return
    if verdict.outcome is Outcome.REFUSED_CHANNEL:
        channel.pause(worker, verdict.evidence)
    elif verdict.outcome is Outcome.WAIT and verdict.retry_after:
        channel.wait(worker, timezone.now() + timedelta(seconds=verdict.retry_after), verdict.evidence)


def _conclude(delivery: Delivery, attempt: Attempt, found: Found, worker: str) -> str:
    """From what was found to a state, or to a proposal; gives the evidence.

    Where a manager wants it sent again, a look that finds nothing is what it waited for; any other ends that wish.
    """
    if not found.exact:
        found = _unclaimed(delivery, found)
    evidence = "lookup_failed" if found.failed else _evidence(delivery, found)
    cause = Cause(worker, evidence=evidence, attempt=attempt, body=found.shown)
    if evidence == "lookup_found":
        compare_at = timezone.now() if settings.CUSTOMERGAUGE_READ_BACK else None
        ours = delivery.deliver(cause, number_of(found.records[0]), ConfirmedBy.LOOKUP, compare_at)
    elif found.failed:
        ours = delivery.miss_lookup(cause)
    elif evidence == "lookup_none" and delivery.again_by:
        ours = delivery.send_again(replace(cause, actor=delivery.again_by, evidence="by_person_looked"), Lane.RETRY)
    else:
        ours = delivery.end_lookup(cause)
    if not ours:
        record_late(delivery, cause)
    return evidence


def _unclaimed(delivery: Delivery, found: Found) -> Found:
    """Without the records whose numbers other deliveries have."""
    taken = _taken(delivery, found)
    return replace(found, records=tuple(record for record in found.records if number_of(record) not in taken))


def _taken(delivery: Delivery, found: Found) -> set[str]:
    numbers = {number_of(record) for record in found.records} - {""}
    return set(Delivery.objects.filter(cg_id__in=numbers).exclude(pk=delivery.pk).values_list("cg_id", flat=True))


def _evidence(delivery: Delivery, found: Found) -> str:
    """What the records that fit say together: several are a possible duplicate, one may belong to another result."""
    if not found.records:
        return "lookup_none"
    if len(found.records) > 1:
        return "lookup_several" if found.exact else "lookup_matches"
    if _taken(delivery, found):
        return "lookup_shared"
    if found.exact and number_of(found.records[0]):
        return "lookup_found"
    return "lookup_shared" if _has_twin(delivery.submission) else "lookup_match"


def _has_twin(submission: Submission) -> bool:
    """Whether another result without a number, of which something may have left, looks the same from outside."""
    nearby = (submission.created_at - TWINS_WITHIN, submission.created_at + TWINS_WITHIN)
    alike = Submission.objects.exclude(pk=submission.pk).filter(
        created_at__range=nearby, score=submission.score, completed_at=submission.completed_at, delivery__cg_id="",
    )  # fmt: skip
    may_have_arrived = {
        "delivery__attempts__wire_at__isnull": False,
        "delivery__attempts__outcome__in": ("", Outcome.UNKNOWN, Outcome.DELIVERED),
    }
    ours = dict(submission.payload)
    return any(likeness(twin)(ours) for twin in alike.filter(**may_have_arrived).distinct())
