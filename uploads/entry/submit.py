"""From a valid entry to a submission that cannot be lost: one transaction."""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from ..customergauge import payload
from ..models import (
    Action,
    AuditEvent,
    CaseDelivery,
    Cause,
    CustomerKey,
    Delivery,
    Draft,
    Lane,
    Role,
    State,
    Submission,
)
from ..models.revisions import REASON, REPLACED, Chain
from ..models.submission import new_reference
from ..models.wakeup import wake
from .corrections import Correction, Overtaken, changes, obstacle
from .due import called_again
from .form import Entry
from .same import keys_of

log = logging.getLogger(__name__)

STORED = (
    "score", "comment", "sent_at", "completed_at", "time_zone", "contact",
    "workflow_status", "workflow_status_label", "reasons", "customer",
)  # fmt: skip
#: Outcome of the audit event of a version that changes what CustomerGauge has.
CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class Beside:
    """What comes with an entry.

    again: the call-back that was made (its uuid), or empty.  noted: what the audit log keeps of it besides, for
    instance the warnings that were overruled.  lane: who goes first of those that wait to be sent.
    """

    again: str = ""
    noted: Mapping[str, Any] = field(default_factory=dict)
    lane: Lane = Lane.ENTRY


class TokenTaken(Exception):
    """The form's token has already saved somebody else's submission."""


def submit(
    entry: Entry, agent: User, token: uuid.UUID, correction: Correction | None = None, beside: Beside | None = None
) -> Submission:
    """Save the entry with its frozen payload, its delivery and its audit event, all or nothing.

    agent: whose result it is; somebody else may correct it, and it stays theirs. One form (`token`) is one
    submission: sending it again, even at the same moment, gets the stored one. Its draft goes in the same transaction.
    A correction is a new version beside the old one: a rejected old one is cancelled in the same transaction, a
    delivered one stays as it is.

    Raises TokenTaken if the token belongs to another agent, Overtaken if the version to be corrected cannot be (any
    more), NothingChanged if CustomerGauge has all of it already.
    """
    earlier = stored(token, agent)
    if earlier:
        return earlier
    try:
        with transaction.atomic():
            return _save(entry, agent, token, correction, beside or Beside())
    except (IntegrityError, Overtaken) as error:
        earlier = stored(token, agent)
        if earlier:
            return earlier
        if correction and isinstance(error, IntegrityError) and Submission.objects.filter(revision_of=correction.of):
            raise Overtaken(correction.of) from error
        raise


def stored(token: uuid.UUID, agent: User) -> Submission | None:
    """What this form has already saved, if anything. Raises TokenTaken if it belongs to another agent."""
    found = Submission.objects.filter(submit_token=token).first()
    if found and found.agent_id != agent.pk:
        raise TokenTaken
    return found


def _save(entry: Entry, agent: User, token: uuid.UUID, correction: Correction | None, beside: Beside) -> Submission:
    person, now = correction.by if correction else agent, timezone.now()
    Draft.objects.alone(person)
    reference = new_reference()
    values = entry.values | {Role.REFERENCE.value: reference}
    pairs = payload.build(entry.fields, values, ZoneInfo(settings.CUSTOMERGAUGE_TIME_ZONE))
    chain = _open_chain(correction.of) if correction else None
    if chain and chain.number:
        asked = [key for role, key in entry.fields if role != Role.REFERENCE]
        pairs = changes(chain, pairs, asked)
    entered = asdict(entry)
    submission = Submission.objects.create(
        submit_token=token,
        reference=reference,
        revision_of=correction.of if correction else None,
        agent=agent,
        agent_name=correction.of.agent_name if correction else agent.get_full_name() or agent.get_username(),
        created_at=now,
        payload=[list(pair) for pair in pairs],
        **{name: entered[name] for name in STORED},
    )
    hold = timedelta(seconds=settings.SUBMISSION_HOLD_SECONDS if _undoable(agent, correction) else 0)
    Delivery.objects.create(
        submission=submission, next_at=now + hold, priority=beside.lane, amends=chain.number if chain else ""
    )
    CustomerKey.objects.bulk_create(keys_of(submission))
    Draft.objects.of(person).filter(token=token).delete()
    called_again(person, beside.again)
    body = {name: entered[name] for name in (*STORED, "notes", "ignored")} | {"payload": pairs, **beside.noted}
    if chain and correction:
        body |= _replace(chain, submission, correction)
    AuditEvent.objects.record(
        Action.SUBMITTED, submission, actor=person, body=body,
        outcome=CORRECTED if chain and chain.number else "",
    )  # fmt: skip
    wake()
    transaction.on_commit(lambda: log.info("result saved", extra={"submission": str(submission.uuid)}))
    return submission


def _open_chain(old: Submission) -> Chain:
    """The versions up to the one that is to be corrected. Raises Overtaken if that is not possible any more."""
    chain = Chain.of(old)
    if chain.newest != old or obstacle(chain):
        raise Overtaken(old)
    return chain


def _undoable(agent: User, correction: Correction | None) -> bool:
    """Only who entered it sees the button, and only on an own result."""
    return correction is None or correction.by == agent


def _replace(chain: Chain, new: Submission, correction: Correction) -> dict[str, object]:
    """Let the new version take the place of the old one; gives what is recorded of it.

    A rejected one is never sent, whoever asks for that later, and updates of its case wait for the new one. Of two
    corrections the first wins.
    """
    old = correction.of
    if old.delivery.state == State.REJECTED:
        cause = Cause(correction.by, evidence=REPLACED, body={"revision": str(new.uuid)})
        if not old.delivery.cancel(cause):
            raise Overtaken(old)
        CaseDelivery.objects.filter(result=old, state=State.QUEUED).update(result=new)
    told: dict[str, object] = {"revision_of": str(old.uuid)}
    if chain.number:
        before = {key: chain.sent.get(key, "") for key, _ in new.payload}
        told |= {"amends": chain.number, "instead_of": before, REASON: correction.reason}
    return told
