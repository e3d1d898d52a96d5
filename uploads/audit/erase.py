"""Erasing what is kept about a person: one transaction, with its events, after which the log still verifies.

Facts stay (scores, dates, states, agents, the log's events); what was said, who it was about, what was sent and what
came back is gone, and with it the salts that could have been used to test a guess.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.dispatch import Signal
from django.utils import timezone

from ..models import (
    LEASE,
    Action,
    AuditEvent,
    BatchRow,
    Call,
    CaseDelivery,
    Cause,
    Delivery,
    Draft,
    Erasure,
    State,
    Submission,
    search,
    writes,
)
from ..models.erasure import ErasureReason
from ..models.revisions import Chain
from .anonymise import addresses, ask
from .erasable import BESIDE, give_up

#: Something was erased: sent in its transaction, so that copies elsewhere go with it.
erased = Signal()
#: Evidence of what was on its way when it was erased.
EVIDENCE = "erased"
#: Seconds that emptying SQLite's log may wait for those who read.
PATIENCE = 2


class InHand(Exception):
    """Something of it is on its way to CustomerGauge, or asked for there, at this moment."""

    def __init__(self, submission: Submission) -> None:
        super().__init__(
            f"Result {submission.short_id} is being sent, or looked up at CustomerGauge, right now. Nothing was erased."
            " Wait two minutes until that has ended, and try again."
        )


def erase(
    actor: Any,
    reason: ErasureReason,
    results: Iterable[Submission],
    calls: Iterable[Call] = (),
    drafts: Iterable[Draft] = (),
    rows: Iterable[BatchRow] = (),
    anonymise: Collection[str] = (),
) -> AuditEvent | None:
    """Erase results with all their versions, calls, drafts and rows of lists that are not saved, all or nothing.

    What still waits is cancelled first. What is erased already stays so, and loses whatever came in since.
    anonymise: e-mail addresses, of those that the results carried to CustomerGauge, to be anonymised there. Gives the
    event that stands for the whole (its content names what was erased), None if nothing was left to erase. Raises
    InHand.
    """
    with transaction.atomic():
        versions = _versions(results)
        # of two who erase the same at once the second waits here, and then finds it done
        list(Delivery.objects.select_for_update().filter(pk__in=[one.pk for one in versions]).order_by("pk"))
        done = Erasure.objects.among(versions)
        new = [version for version in versions if version.pk not in done]
        wanted = {email: version for email, version in addresses(new).items() if email in anonymise}
        for version in versions:
            if version.pk not in done:
                halt(version, actor)
                event = AuditEvent.objects.record(Action.ERASED, version, actor=actor, outcome=reason.value)
                Erasure.objects.create(submission=version, at=event.at, reason=reason.value, event=event)
            empty(version)
        uuids = [str(call.uuid) for call in calls if _erase_call(call, actor, reason)]
        gone, _ = Draft.objects.filter(pk__in=[draft.pk for draft in drafts]).delete()
        forgotten = BatchRow.objects.forget(rows)
        if not (new or uuids or gone or forgotten):
            return None
        erased.send(None)
        told = {"results": [str(version.uuid) for version in new], "calls": uuids, "drafts": gone}
        told |= {"rows": forgotten} if forgotten else {}
        event = AuditEvent.objects.record(
            Action.PERSON_ERASED, "a person", actor=actor, outcome=reason.value, body=told
        )
        ask(actor, wanted, event)
        return event


def clean_disk() -> bool:
    """Empty SQLite's search index and its log of writes of the old text; False if it still stands there, because
    somebody is reading it just now, or because the index is large. The next call goes on.

    Not within a transaction. On PostgreSQL old rows go with VACUUM, and nothing is done here.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return True
    purged = search.purge()
    usual = settings.DATABASES["default"]["OPTIONS"]["timeout"]
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000}")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (busy, *_) = cursor.fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(usual * 1000)}")
    return purged and not busy


def _versions(results: Iterable[Submission]) -> list[Submission]:
    """Every version of every result, each once, by key: in one order, so that two who erase never wait in a circle."""
    found = {version.pk: version for result in results for version in Chain.of(result).versions}
    return [found[key] for key in sorted(found)]


def halt(version: Submission, actor: Any) -> None:
    """See to it that nothing of a version is sent or asked for any more. Raises InHand."""
    cause = Cause(actor, evidence=EVIDENCE)
    _stop(Delivery.objects.get(pk=version.pk), version, cause)
    updates = CaseDelivery.objects.filter(case_update__submission=version).order_by("pk")
    for update in updates.select_for_update(of=("self",)):
        _stop(update, version, cause)


def empty(version: Submission) -> None:
    """Give up the content of a version whose erasure is on the record, and the rows beside it."""
    give_up(version.pk)
    for name, reference in BESIDE:
        apps.get_model("uploads", name)._default_manager.filter(**{reference: version}).delete()


def _stop(row: Delivery | CaseDelivery, version: Submission, cause: Cause) -> None:
    if row.state == State.SENDING or row.attempts.filter(ended_at=None, started_at__gt=_lease_ago()).exists():
        raise InHand(version)
    if row.state in (State.DELIVERED, State.CANCELLED):
        if not isinstance(row, Delivery):
            return
        # no comparison would be due again; a worker that has just read the row finds its version gone
        changes = {"version": row.version + 1, "lookup_at": None, "again_by_id": None}
        stopped = writes.update(Delivery, {"pk": row.pk, "version": row.version}, changes)
    else:
        stopped = row.cancel(cause)
    if not stopped:
        raise InHand(version)


def _lease_ago() -> datetime:
    """A call that began before that has lost its claim."""
    return timezone.now() - LEASE


def _erase_call(call: Call, actor: Any, reason: ErasureReason) -> bool:
    """Blank a call without a survey, and take it off the list of calls to make; False if it was blank."""
    rows = Call.objects.filter(pk=call.pk).exclude(customer=[], note="")
    if not rows.update(customer=[], note="", done_at=call.done_at or timezone.now()):
        return False
    AuditEvent.objects.record(Action.CALL_ERASED, call, actor=actor, outcome=reason.value)
    return True
