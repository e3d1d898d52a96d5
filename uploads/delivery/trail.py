"""One line of the log for each call that is over, under the id of the click that it goes back to."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from ..models import Action, AuditEvent
from .channel import SENDS
from .job import Done, Job, Message

log = logging.getLogger(__name__)


def names_of(job: Job) -> dict[str, str]:
    """What the log calls a job: the submission in whose story it stands, the row that it is about, and its call."""
    return _names(job.about, -1) if job.about else {}


def tell(outcomes: Iterable[Done]) -> None:
    """Log each call that has been settled. One query, however many there are; raises what the database raises."""
    told = [(done, done.job.about) for done in outcomes if done.job.about]
    clicks = _clicks(about for _, about in told) if told else {}
    for done, about in told:
        click = {"request_id": clicks.get(str(about.row.subject.pk), "")}
        for number in range(min(len(about.attempts), len(done.exchanges))):
            log.info(
                "call ended", extra=_names(about, number) | _end(done, about.attempts[number].kind, number) | click
            )


def _end(done: Done, kind: str, number: int) -> dict[str, Any]:
    exchange = done.exchanges[number]
    how = {"kind": kind, "status": exchange.status, "seconds": round(exchange.seconds, 3)}
    if kind not in SENDS:  # a look-up is judged by what it found, which stands in the audit log
        return how
    verdict = done.verdicts[number]
    return how | {"outcome": str(verdict.outcome), "evidence": verdict.evidence}


def _names(about: Message, number: int) -> dict[str, str]:
    row, attempt = about.row, about.attempts[number]
    return {"submission": str(row.subject.uuid), "delivery": f"{row.AREA}-{row.pk}", "attempt": str(attempt.pk)}


def _clicks(messages: Iterable[Message]) -> Mapping[str, str]:
    """Primary key of a submission → the id of the request that saved it."""
    pks = {str(about.row.subject.pk) for about in messages}
    saved = AuditEvent.objects.filter(object_type="submission", object_id__in=pks, action=Action.SUBMITTED)
    return dict(saved.values_list("object_id", "request_id"))
