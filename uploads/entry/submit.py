"""From a valid entry to a submission that cannot be lost: one transaction."""

import uuid
from dataclasses import asdict
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ..customergauge import payload
from ..models import Action, AuditEvent, Cause, Delivery, Role, State, Submission
from ..models.submission import new_reference
from .form import Entry

STORED = (
    "score", "comment", "sent_at", "completed_at", "time_zone", "contact",
    "workflow_status", "workflow_status_label", "reasons", "customer",
)  # fmt: skip
REPLACED = "replaced"


class TokenTaken(Exception):
    """The form's token has already saved somebody else's submission."""


class NotRejected(Exception):
    """The submission to be corrected does not wait for a correction (any more)."""

    def __init__(self, submission: Submission) -> None:
        super().__init__(f"{submission} is not rejected")
        self.submission = submission


def submit(entry: Entry, agent: User, token: uuid.UUID, revises: Submission | None = None) -> Submission:
    """Save the entry with its frozen payload, its delivery and its audit event, all or nothing.

    One form (`token`) is one submission: the same agent sending it again, even at the same moment, gets the stored
    one. With `revises`, a rejected submission of the same agent, the new one replaces it: the old delivery is
    cancelled in the same transaction. Raises TokenTaken if the token belongs to another agent, NotRejected if the
    submission to be replaced is not (or no longer) rejected.
    """
    earlier = stored(token, agent)
    if earlier:
        return earlier
    try:
        with transaction.atomic():
            return _save(entry, agent, token, revises)
    except (IntegrityError, NotRejected):
        earlier = stored(token, agent)
        if earlier:
            return earlier
        raise


def stored(token: uuid.UUID, agent: User) -> Submission | None:
    """What this form has already saved, if anything. Raises TokenTaken if another agent sent it."""
    found = Submission.objects.filter(submit_token=token).first()
    if found and found.agent_id != agent.pk:
        raise TokenTaken
    return found


def wake() -> None:
    """Tell the workers that something is due, at the end of this transaction.

    Only PostgreSQL can; a lost wake-up costs no more than one tick of the worker's own clock.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("NOTIFY cgportal_due")


def _save(entry: Entry, agent: User, token: uuid.UUID, revises: Submission | None) -> Submission:
    now = timezone.now()
    reference = new_reference()
    values = entry.values | {Role.REFERENCE.value: reference}
    pairs = payload.build(entry.fields, values, ZoneInfo(settings.CUSTOMERGAUGE_TIME_ZONE))
    entered = asdict(entry)
    submission = Submission(
        submit_token=token,
        reference=reference,
        revision_of=revises,
        agent=agent,
        agent_name=agent.get_full_name() or agent.get_username(),
        created_at=now,
        payload=[list(pair) for pair in pairs],
        **{name: entered[name] for name in STORED},
    )
    if revises:
        _replace(revises, submission, agent)
    submission.save()
    next_at = now + timedelta(seconds=settings.SUBMISSION_HOLD_SECONDS)
    Delivery.objects.create(submission=submission, next_at=next_at)
    body = {name: entered[name] for name in (*STORED, "notes", "ignored")} | {"payload": pairs}
    if revises:
        body["revision_of"] = str(revises.uuid)
    AuditEvent.objects.record(Action.SUBMITTED, submission, actor=agent, body=body)
    wake()
    return submission


def _replace(old: Submission, new: Submission, agent: User) -> None:
    """The old one is never sent, whoever asks for that later; of two corrections the first wins."""
    cause = Cause(agent, evidence=REPLACED, body={"revision": str(new.uuid)})
    if old.delivery.state != State.REJECTED or not old.delivery.cancel(cause):
        raise NotRejected(old)
