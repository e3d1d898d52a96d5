"""How the results of an export are read: newest first, a batch at a time, with what was asked for beside them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.timezone import get_current_timezone

from ..models import Attempt, AuditEvent, CustomerValue, ReasonChosen, Submission
from ..models.submission import SubmissionQuerySet
from .pages import Cursor

#: Results read at a time: what an export holds in memory, however long it is.
BATCH = 500


class Result(NamedTuple):
    """One submission with its delivery. Moments are in the portal's zone; `attempts` and `hashes` as asked for."""

    uuid: UUID
    created_at: datetime
    agent: str
    score: int
    comment: str
    reasons: list[ReasonChosen]
    contact: str
    workflow_status: str
    workflow_status_label: str
    sent_at: datetime | None
    completed_at: datetime | None
    customer: list[CustomerValue]
    corrects: UUID | None
    corrected_by: UUID | None
    state: str
    changed_at: datetime
    cg_id: str
    confirmed_by: str
    tries: int
    attempts: Sequence[dict[str, Any]] = ()
    hashes: Sequence[dict[str, Any]] = ()


#: Where the database has the fields of Result, in their order; the key comes first.
PLACES = (
    "pk", "uuid", "created_at", "agent_name", "score", "comment", "reasons", "contact", "workflow_status",
    "workflow_status_label", "sent_at", "completed_at", "customer", "revision_of__uuid", "revision__uuid",
    "delivery__state", "delivery__changed_at", "delivery__cg_id", "delivery__confirmed_by", "delivery__tries",
)  # fmt: skip
CREATED_AT = PLACES.index("created_at")


def read(found: SubmissionQuerySet, extras: Collection[str] = ()) -> Iterator[list[Result]]:
    """The results in batches: one query for each, and one more for each extra.

    extras: `attempts`, `hashes`, both or none. Each batch begins where the one before it ended, so that no statement
    stays open for as long as somebody's download takes: SQLite could not tidy up its log meanwhile, and PostgreSQL
    would have to find and put aside every row before the first one leaves. What is entered meanwhile is not in it.
    """
    zone = get_current_timezone()
    wanted = found.newest_first().values_list(*PLACES)
    batch = list(wanted[:BATCH])
    while batch:
        keys = [row[0] for row in batch]
        attempts = _attempts(keys) if "attempts" in extras else {}
        hashes = _hashes(keys) if "hashes" in extras else {}
        yield [_result(row[1:], zone, attempts.get(row[0], ()), hashes.get(row[0], ())) for row in batch]
        last = Cursor(batch[-1][CREATED_AT], batch[-1][0])
        batch = list(wanted.filter(last.older())[:BATCH]) if len(batch) == BATCH else []


def _result(row: tuple[Any, ...], zone: tzinfo, *extras: Sequence[dict[str, Any]]) -> Result:
    values = [value.astimezone(zone) if isinstance(value, datetime) else value for value in row]
    return Result._make([*values, *extras])


def _attempts(keys: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    names = ("kind", "worker", "started_at", "wire_at", "ended_at", "seconds", "status", "code", "outcome", "evidence")
    rows = Attempt.objects.filter(delivery__in=keys).order_by("started_at").values("delivery_id", *names)
    return _by("delivery_id", rows)


def _hashes(keys: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """What the audit log commits itself to about each: for every recorded body a salted SHA-256."""
    kind = Submission._meta.model_name
    events = AuditEvent.objects.filter(object_type=kind, object_id__in=[str(key) for key in keys]).order_by("id")
    rows = events.values("object_id", "id", "at", "action", "commitment")
    kept = ({**row, "commitment": bytes(row["commitment"]).hex()} for row in rows if row["commitment"])
    return {int(key): told for key, told in _by("object_id", kept).items()}


def _by(name: str, rows: Iterable[dict[str, Any]]) -> dict[Any, list[dict[str, Any]]]:
    grouped: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row.pop(name)].append(row)
    return grouped
