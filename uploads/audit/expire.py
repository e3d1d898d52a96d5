"""What goes when its time is over, kind by kind: one small batch each, in the caller's transaction.

Each takes the moment before which something is old, and the id up to which everything has been looked at.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q, QuerySet, Sum

from ..models import (
    FINAL,
    Action,
    AuditEvent,
    AuditSeal,
    Call,
    CaseDelivery,
    Delivery,
    Draft,
    Erasure,
    Kept,
    Pruning,
    Submission,
)
from ..models.erasure import ErasureReason
from ..models.retention import describe
from ..models.revisions import Chain
from . import prune
from .erase import InHand, empty, erased, halt

#: One batch looks at so many rows or results, and one seal more than so many events never go together.
ROWS, EVENTS, RESULTS = 1000, 5000, 100


class Batch(NamedTuple):
    """reached: everything up to this id has been looked at; None: that was all. gone: how many rows went."""

    reached: int | None
    gone: int


def drafts(before: datetime, _after: int) -> Batch:
    gone, _ = Draft.objects.filter(updated_at__lt=before).delete()
    return Batch(None, gone)


def calls(before: datetime, after: int) -> Batch:
    """Who was called and what was noted; that there was a call stays. One that is still to be made again waits."""
    rows = full_calls().filter(created_at__lt=before, pk__gt=after).exclude(call_back_at__isnull=False, done_at=None)
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:ROWS])
    if not keys:
        return Batch(None, 0)
    Call.objects.filter(pk__in=keys).update(customer=[], note="")
    said = describe(Kept.CALLS, keys[0], keys[-1], len(keys))
    AuditEvent.objects.record(Action.PRUNED, said, actor=prune.ACTOR, outcome=Kept.CALLS.value)
    return Batch(keys[-1], len(keys))


def exchanges(before: datetime, after: int) -> Batch:
    """What was sent and answered, of results that are through: a person may need the rest to decide."""
    old = AuditEvent.objects.filter(pk__gt=after, pk__lte=_last_before(before), at__lt=before)
    rows = exchanged(old).order_by("pk").values_list("pk", "object_id")[:ROWS]
    found = dict(rows)
    if not found:
        return Batch(None, 0)
    through = _through({int(number) for number in found.values() if number.isdecimal()})
    gone = [event for event, number in found.items() if number.isdecimal() and int(number) in through]
    if gone:
        prune.exchanges(gone)
    return Batch(max(found), len(gone))


def contents(before: datetime, after: int) -> Batch:
    """All that an erasure takes of a result whose every version is old and through."""
    old = full_results().filter(revision_of=None, created_at__lt=before, pk__gt=after)
    first = list(old.filter(delivery__state__in=FINAL).select_related("delivery").order_by("pk")[:RESULTS])
    if not first:
        return Batch(None, 0)
    versions = sorted((one for start in first for one in _expired(start, before)), key=lambda version: version.pk)
    if versions:
        pruning = prune.record(Kept.CONTENTS, versions[0].pk, versions[-1].pk, len(versions))
        event, reason = pruning.event, ErasureReason.RETENTION.value
        for version in versions:
            Erasure.objects.create(submission=version, at=event.at, reason=reason, event=event)
            empty(version)
        erased.send(None)
    return Batch(first[-1].pk, len(versions))


def _expired(start: Submission, before: datetime) -> list[Submission]:
    """The versions of a result that can go: all of them, or none."""
    versions = list(Chain.of(start).versions)
    keys = {version.pk for version in versions}
    if any(version.created_at >= before for version in versions) or _through(keys) != keys:
        return []
    if Erasure.objects.among(versions):  # a person has erased it, as a whole
        return []
    try:
        for version in versions:
            halt(version, prune.ACTOR)
    except InHand:
        return []
    return versions


def facts(before: datetime, _after: int) -> Batch:
    """Events under whole seals; the seals stay, so that what comes after them still hangs together."""
    following = AuditSeal.objects.filter(first_event__gt=_let_go_up_to()).order_by("number")
    seals: list[AuditSeal] = []
    for seal in following.filter(at__lt=before)[:ROWS]:
        if seals and sum(one.count for one in seals) + seal.count > EVENTS:
            break
        seals.append(seal)
    return Batch(seals[-1].last_event, prune.facts(seals)) if seals else Batch(None, 0)


def _through(numbers: set[int]) -> set[int]:
    """Those of the results (by key) about which nothing is on its way, nor waits for anybody."""
    through = Delivery.objects.filter(pk__in=numbers, state__in=FINAL, lookup_at=None)
    open_cases = CaseDelivery.objects.filter(Q(case_update__submission__in=numbers) | Q(result__in=numbers)).exclude(
        state__in=FINAL
    )
    busy = set(open_cases.values_list("case_update__submission_id", flat=True))
    return set(through.values_list("pk", flat=True)) - busy - set(open_cases.values_list("result_id", flat=True))


def _last_before(moment: datetime) -> int:
    """The id up to which events are older, found by halving: ids grow with time, and the log has no index by time."""
    low, high = 0, AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
    slack = moment + timedelta(minutes=5)  # ids are drawn before events are committed
    while low < high:
        middle = (low + high + 1) // 2
        at = AuditEvent.objects.filter(id__lte=middle).order_by("-id").values_list("at", flat=True).first()
        low, high = (middle, high) if at is None or at < slack else (low, middle - 1)
    return low


def _let_go_up_to() -> int:
    newest = Pruning.objects.filter(kind=Kept.FACTS).order_by("-last_id").first()
    return newest.last_id if newest else 0


# -- what is there -------------------------------------------------------------------------------------------


def full_calls() -> "QuerySet[Call]":
    return Call.objects.exclude(customer=[], note="")


def full_results() -> "QuerySet[Submission]":
    return Submission.objects.filter(erasure=None)


def exchanged(events: "QuerySet[AuditEvent]") -> "QuerySet[AuditEvent]":
    return events.filter(attempt_id__isnull=False, payload__isnull=False)


def oldest_fact() -> datetime | None:
    following = AuditSeal.objects.filter(first_event__gt=_let_go_up_to()).order_by("number")
    return following.values_list("at", flat=True).first()


def sealed_facts() -> int:
    left = AuditSeal.objects.filter(first_event__gt=_let_go_up_to()).aggregate(n=Sum("count"))["n"]
    return int(left or 0)
