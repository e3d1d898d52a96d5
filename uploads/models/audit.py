"""The audit log: facts in AuditEvent, personal content in AuditPayload, one door in (`record`).

An event holds no personal data and no free text. What was said or sent lies in its payload, which can be
erased one day; the event keeps a salted commitment to it.
"""

import hashlib
import json
import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.utils import timezone

from ..trace import request_id as request_id
from . import writes
from .append_only import AppendOnly, AppendOnlyQuerySet

Body = bytes | Mapping[str, Any]

SECRET_NAME = re.compile(r"passw|secret|api_?key|authorization|token|bearer|credential|cookie", re.IGNORECASE)
MASK = "***"


class Action(models.TextChoices):
    """What can be recorded, and the sentence that tells it to people."""

    SUBMITTED = "submission.created", "entered the result"
    TOKEN_RENEWED = "attempt.token_renewed", "was refused with an old token and called again with a fresh one"
    LOOKED_UP = "attempt.looked_up", "looked in CustomerGauge whether it is there"
    COMPARED = "attempt.compared", "compared it with what CustomerGauge has"
    AGAIN_ASKED = "submission.again_asked", "wants it sent again if a fresh look-up does not find it"
    COMPARISON_ASKED = "submission.comparison_asked", "wants it compared with what CustomerGauge has"
    ATTEMPT_ENDED_LATE = "attempt.ended_late", "got the outcome of a call that had been given up"
    DELIVERED = "delivery.delivered", "delivered it to CustomerGauge"
    QUEUED = "delivery.queued", "put it back in the queue"
    SENDING = "delivery.sending", "took it from the queue"
    REJECTED = "delivery.rejected", "was told that CustomerGauge refuses the content"
    FAILED = "delivery.failed", "gave up"
    UNCONFIRMED = "delivery.unconfirmed", "does not know whether CustomerGauge has it"
    CANCELLED = "delivery.cancelled", "cancelled it"
    CASE_ASKED = "case.created", "wants its case at CustomerGauge changed"
    CASE_DELIVERED = "case.delivered", "changed its case at CustomerGauge"
    CASE_QUEUED = "case.queued", "put the change of its case back in the queue"
    CASE_SENDING = "case.sending", "took the change of its case from the queue"
    CASE_REJECTED = "case.rejected", "was told that CustomerGauge refuses the change of its case"
    CASE_FAILED = "case.failed", "gave up changing its case"
    CASE_UNCONFIRMED = "case.unconfirmed", "does not know whether the change of its case arrived"
    CASE_CANCELLED = "case.cancelled", "cancelled the change of its case"
    ANONYMISE_ASKED = "anonymise.created", "wants CustomerGauge to anonymise the person"
    ANONYMISE_SENDING = "anonymise.sending", "took the request to anonymise the person from the queue"
    ANONYMISE_DELIVERED = "anonymise.delivered", "asked CustomerGauge to anonymise the person"
    ANONYMISE_QUEUED = "anonymise.queued", "put the request to anonymise the person back in the queue"
    ANONYMISE_FAILED = "anonymise.failed", "gave up asking CustomerGauge to anonymise the person"
    ANONYMISE_UNCONFIRMED = "anonymise.unconfirmed", "does not know whether the request to anonymise arrived"
    ANONYMISE_CANCELLED = "anonymise.cancelled", "dropped the request to anonymise the person"
    BULK_BEGUN = "bulk.begun", "decided about many at once"
    BULK_APPROVED = "bulk.approved", "approved a decision about many"
    BULK_STOPPED = "bulk.stopped", "stopped a decision about many"
    BULK_DONE = "bulk.done", "finished a decision about many"
    BATCH_READ = "batch.read", "read in a list of results"
    BATCH_SAVING = "batch.saving", "had the rows of a list saved as results"
    BATCH_STOPPED = "batch.stopped", "stopped saving the rows of a list"
    BATCH_DONE = "batch.done", "finished a list of results"
    BATCH_DISCARDED = "batch.discarded", "threw away a list that nobody had touched for a week"
    CALL_RECORDED = "call.recorded", "noted how a call without a survey ended"
    CALL_DONE = "call.done", "settled a call that was to be made again"
    ALERTED = "alert.mailed", "told people by mail"
    QUESTION_ASKED = "question.asked", "asked a question about it"
    QUESTION_ANSWERED = "question.answered", "answered the question"
    QUESTION_CLOSED = "question.closed", "closed the question"
    TEST_ASKED = "channel.test_asked", "wants the connection tested"
    CHANNEL_TESTED = "channel.tested", "tested the connection"
    REASONS_ASKED = "channel.reasons_asked", "wants the reasons that CustomerGauge has"
    REASONS_LISTED = "channel.reasons_listed", "fetched the reasons that CustomerGauge has"
    CHANNEL_PAUSED = "channel.paused", "paused all sending"
    CHANNEL_RESUMED = "channel.resumed", "resumed sending"
    CHANNEL_AIMED = "channel.aimed", "began to deliver to another target"
    CHANNEL_DOWN = "channel.down", "found CustomerGauge out of reach"
    CHANNEL_BACK = "channel.back", "found CustomerGauge back"
    CHANNEL_WAITING = "channel.waiting", "was asked by CustomerGauge to wait"
    WORKER_STARTED = "worker.started", "started"
    WORKER_STOPPED = "worker.stopped", "stopped"
    LOOKUP_ADDED = "lookup.added", "added to a list"
    LOOKUP_CHANGED = "lookup.changed", "changed a list"
    USER_ADDED = "user.added", "added a user"
    USER_CHANGED = "user.changed", "changed a user"
    PASSWORD_CHANGED = "user.password_changed", "changed their own password"
    PASSWORD_RESET = "user.password_reset", "chose a new password through a link in a mail"
    ERASED = "submission.erased", "erased what it said about the person"
    CALL_ERASED = "call.erased", "erased what the call said about the person"
    PRUNED = "retention.pruned", "let go of what had been kept for its time"
    PERSON_SOUGHT = "person.sought", "looked for what is kept about a person"
    PERSON_ERASED = "person.erased", "erased what was kept about a person"
    VIEWED = "submission.viewed", "looked at somebody else's entry"
    PERSONAL_SHOWN = "submission.personal_shown", "had the personal data of somebody else's entry shown"
    NAMES_SHOWN = "history.names_shown", "had the names in the history shown"
    SEARCHED = "history.searched", "searched the history"
    VIEW_SAVED = "view.saved", "saved a view of the history"
    VIEW_REMOVED = "view.removed", "removed a saved view of the history"
    EXPORT_BEGUN = "history.export_begun", "began to take results out as a file"
    EXPORTED = "history.exported", "took results out as a file"
    EXPORT_ASKED = "history.export_asked", "asked for a file of results"
    EXPORT_MADE = "history.export_made", "prepared a file of results"
    EXPORT_FAILED = "history.export_failed", "could not prepare a file of results"
    EXPORT_REMOVED = "history.export_removed", "removed a file of results"
    AUDIT_CHECKED = "audit.checked", "checked the audit log against its seals"
    AUDIT_VIEWED = "audit.viewed", "opened an entry of the audit log"
    FACTOR_ADDED = "user.factor_added", "added a second factor to their account"
    FACTOR_REMOVED = "user.factor_removed", "removed a second factor from their account"
    FACTORS_RESET = "user.factors_reset", "removed all second factors of an account"
    LINKED = "user.linked", "linked an account to a person at the company's sign-in"
    SESSION_ENDED = "session.ended", "ended a session"
    SIGNED_IN = "session.signed_in", "signed in"
    SIGNED_OUT = "session.signed_out", "signed out"
    SIGN_IN_REFUSED = "session.refused", "was refused at sign-in"
    ACCESS_REFUSED = "access.refused", "was refused a page"


@lru_cache(maxsize=1024)
def _sounds_secret(name: str) -> bool:
    return bool(SECRET_NAME.search(name))


def mask_names(value: Any) -> Any:
    """A copy of plain data in which every value under a name that sounds secret is replaced by ***."""
    if value is None or isinstance(value, str | bytes | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(k): MASK if _sounds_secret(str(k)) else mask_names(v) for k, v in value.items()}
    if isinstance(value, Sequence):
        return [mask_names(item) for item in value]
    return value


def mask_secrets(body: bytes) -> bytes:
    """The bytes with each secret of the settings (`settings.SECRETS`) replaced by ***, wherever it stands."""
    for secret in settings.SECRETS:
        body = body.replace(secret.encode(), MASK.encode())
    return body


def canonical(body: Body) -> bytes:
    """What is stored of a body: bytes as they are, mappings as sorted JSON; secrets masked in both."""
    if not isinstance(body, bytes):
        text = json.dumps(mask_names(body), ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=str)
        body = text.encode()
    return mask_secrets(body)


def commitment(salt: bytes, body: bytes) -> bytes:
    """SHA-256 over a version tag, the body's length, a random salt and the body (32 bytes).

    Once salt and body are erased the commitment tells nothing that can be tested.
    """
    return hashlib.sha256(b"cgp-commit-v1\0" + len(body).to_bytes(8, "big") + salt + body).digest()


def compose(
    action: Action,
    about: models.Model | str,
    actor: AbstractBaseUser | AnonymousUser | str,
    attempt_id: uuid.UUID | None,
    outcome: str,
    body: Body | None,
) -> "tuple[AuditEvent, AuditPayload | None]":
    """An event and its payload, not yet written: names frozen, secrets masked, body committed to."""
    user = actor if isinstance(actor, AbstractBaseUser) else None
    salt, stored = (secrets.token_bytes(32), canonical(body)) if body is not None else (b"", b"")
    event = AuditEvent(
        action=action,
        actor_id=user.pk if user else None,
        actor_name=user.get_username() if user else str(actor),
        object_type=(about._meta.model_name or "") if isinstance(about, models.Model) else "",
        object_id=str(about.pk) if isinstance(about, models.Model) else "",
        object_name=str(about),
        attempt_id=attempt_id,
        outcome=outcome,
        request_id=request_id.get(),
        commitment=commitment(salt, stored) if salt else b"",
    )
    return event, AuditPayload(event=event, salt=salt, body=stored) if salt else None


class AuditEventQuerySet(AppendOnlyQuerySet["AuditEvent"]):
    def record(
        self,
        action: Action,
        about: models.Model | str = "",
        *,
        actor: AbstractBaseUser | AnonymousUser | str = "",
        attempt_id: uuid.UUID | None = None,
        outcome: str = "",
        body: Body | None = None,
    ) -> "AuditEvent":
        """Write one event, in the caller's transaction.

        `about` is the row it concerns (or the name of a thing that has no row), `actor` a user or the name of
        a process, `outcome` a constant. `body` may hold personal data; it goes to the erasable payload.
        """
        event, payload = compose(action, about, actor, attempt_id, outcome, body)
        with writes.at_once():
            writes.insert(*filter(None, (event, payload)))
        return event

    def about(self, row: models.Model) -> "AuditEventQuerySet":
        """The events of one row, oldest first, with their payloads."""
        found = self.filter(object_type=row._meta.model_name, object_id=str(row.pk))
        return found.select_related("payload").order_by("id")


class AuditEvent(AppendOnly):
    """One fact: who did what to which row, when. Names are frozen as text."""

    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=32)  # without choices: a new action needs no migration
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=150, blank=True)
    object_type = models.CharField(max_length=32, blank=True)
    object_id = models.CharField(max_length=40, blank=True)
    object_name = models.CharField(max_length=200, blank=True)
    attempt_id = models.UUIDField(null=True)
    outcome = models.CharField(max_length=40, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    commitment = models.BinaryField(default=b"")

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["object_type", "object_id", "id"], name="audit_by_object"),  # reader: detail page
            # reader of the others: the pages of the audit log, each filter newest first
            models.Index(fields=["at", "id"], name="audit_newest"),
            models.Index(fields=["action", "at", "id"], name="audit_by_action"),
            models.Index(fields=["actor_name", "at", "id"], name="audit_by_actor"),
            models.Index(fields=["request_id", "at", "id"], name="audit_by_request"),
            models.Index(fields=["outcome", "at", "id"], name="audit_by_outcome"),
        ]

    def __str__(self) -> str:
        return f"audit entry {self.pk}"


class AuditPayloadQuerySet(AppendOnlyQuerySet["AuditPayload"]):
    pass


class AuditPayload(AppendOnly):
    """The erasable body behind an event: canonical JSON, or the bytes of a reply as they came."""

    event = models.OneToOneField(AuditEvent, primary_key=True, on_delete=models.PROTECT, related_name="payload")
    salt = models.BinaryField()
    body = models.BinaryField()

    objects = AuditPayloadQuerySet.as_manager()

    def __str__(self) -> str:
        return f"payload of event {self.event_id}"
