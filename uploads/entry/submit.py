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
from ..models import Action, AuditEvent, Delivery, Role, Submission
from ..models.submission import new_reference
from .form import Entry

STORED = (
    "score", "comment", "sent_at", "completed_at", "time_zone", "contact",
    "workflow_status", "workflow_status_label", "reasons", "customer",
)  # fmt: skip


class TokenTaken(Exception):
    """The form's token has already saved somebody else's submission."""


def submit(entry: Entry, agent: User, token: uuid.UUID) -> Submission:
    """Save the entry with its frozen payload, its delivery and its audit event, all or nothing.

    One form (`token`) is one submission: the same agent sending it again, even at the same moment, gets the stored
    one. Raises TokenTaken if the token belongs to another agent.
    """
    earlier = stored(token, agent)
    if earlier:
        return earlier
    try:
        with transaction.atomic():
            return _save(entry, agent, token)
    except IntegrityError:
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


def _save(entry: Entry, agent: User, token: uuid.UUID) -> Submission:
    now = timezone.now()
    reference = new_reference()
    values = entry.values | {Role.REFERENCE.value: reference}
    pairs = payload.build(entry.fields, values, ZoneInfo(settings.CUSTOMERGAUGE_TIME_ZONE))
    entered = asdict(entry)
    submission = Submission.objects.create(
        submit_token=token,
        reference=reference,
        agent=agent,
        agent_name=agent.get_full_name() or agent.get_username(),
        created_at=now,
        payload=[list(pair) for pair in pairs],
        **{name: entered[name] for name in STORED},
    )
    next_at = now + timedelta(seconds=settings.SUBMISSION_HOLD_SECONDS)
    Delivery.objects.create(submission=submission, next_at=next_at)
    body = {name: entered[name] for name in (*STORED, "notes", "ignored")} | {"payload": pairs}
    AuditEvent.objects.record(Action.SUBMITTED, submission, actor=agent, body=body)
    wake()
    return submission
