"""What needs a person: deliveries that do not go on by themselves, oldest first, each with its cause."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count

from ..models import NEEDS_PERSON, Action, Attempt, AuditEvent, Delivery, State, Submission
from ..models.submission import SubmissionQuerySet
from . import proof
from .pages import SIZE, BadCursor, Cursor, Page
from .wording import age, evidence_sentence, who_acts

#: In the order in which they are offered as filters.
STATES = tuple(state for state in State if state in NEEDS_PERSON)
COLUMNS = (
    "uuid", "created_at", "score", "agent_name", "customer", "delivery__state", "delivery__evidence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A submission that waits for a person.

    age: since it was entered ("3 h").  cause: why it stands still.  message: CustomerGauge's own words, often empty.
    who: who must act.
    """

    submission: Submission
    age: str
    cause: str
    message: str
    who: str


def counts() -> dict[State, int]:
    """How many deliveries are in each state that needs a person."""
    found = Delivery.objects.filter(state__in=STATES).values_list("state").annotate(Count("pk"))
    return dict.fromkeys(STATES, 0) | {State(state): number for state, number in found}


def page(states: Iterable[State], before: str = "", after: str = "") -> Page:
    """The oldest submissions in the given states, or those right before or after a cursor, oldest first.

    Raises BadCursor.
    """
    if before and after:
        raise BadCursor("both")
    waiting = _waiting(states)
    if before:
        rows = list(waiting.filter(Cursor.parse(before).older()).newest_first()[: SIZE + 1])
        return _page(rows[:SIZE][::-1], older=len(rows) > SIZE, newer=True)
    if after:
        waiting = waiting.filter(Cursor.parse(after).newer())
    rows = list(waiting.order_by("created_at", "id")[: SIZE + 1])
    return _page(rows[:SIZE], older=bool(after), newer=len(rows) > SIZE)


def explain(submissions: Sequence[Submission]) -> list[Case]:
    """Why each of them stands still and who must act, read from the event that stopped it. Two queries for all."""
    stopped = AuditEvent.objects.filter(
        object_type=Submission._meta.model_name,
        object_id__in=[str(row.pk) for row in submissions],
        action__in=[Action(f"delivery.{state}") for state in STATES],
    )
    events = {event.object_id: event for event in stopped.select_related("payload").order_by("id")}
    calls = Attempt.objects.filter(pk__in=[event.attempt_id for event in events.values() if event.attempt_id])
    codes = dict(calls.order_by().values_list("pk", "code"))
    return [_case(row, events.get(str(row.pk)), codes) for row in submissions]


def _case(submission: Submission, event: AuditEvent | None, codes: Mapping[UUID, str]) -> Case:
    delivery = submission.delivery
    payload = getattr(event, "payload", None)
    return Case(
        submission,
        age(submission.created_at),
        evidence_sentence(delivery.evidence) or "No cause was recorded.",
        proof.read(bytes(payload.body)).message if payload else "",
        who_acts(delivery, codes.get(event.attempt_id, "") if event and event.attempt_id else ""),
    )


def _waiting(states: Iterable[State]) -> SubmissionQuerySet:
    return Submission.objects.filter(delivery__state__in=list(states)).select_related("delivery").only(*COLUMNS)


def _page(rows: Sequence[Submission], *, older: bool, newer: bool) -> Page:
    if not rows:
        return Page(rows)
    return Page(rows, newer=Cursor.of(rows[-1]) if newer else None, older=Cursor.of(rows[0]) if older else None)
