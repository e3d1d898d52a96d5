"""What needs a person: deliveries that do not go on by themselves, oldest first, each with its cause."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count

from ..models import NEEDS_PERSON, Action, Attempt, AuditEvent, Delivery, State, Submission
from ..models.delivery import DeliveryQuerySet
from ..models.submission import SubmissionQuerySet
from . import proof
from .pages import SIZE, BadCursor, Cursor, Page
from .wording import PROPOSALS, age, evidence_sentence, proposal, who_acts

#: In the order in which they are offered as filters.
STATES = tuple(state for state in State if state in NEEDS_PERSON)
COLUMNS = (
    "uuid", "created_at", "score", "agent_name", "customer", "delivery__state", "delivery__evidence",
    "delivery__lookup_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A submission that waits for a person.

    age: since it was entered ("3 h").  cause: why it stands still.  message: CustomerGauge's own words, often empty.
    who: who must act.  proposal: what the look-ups say, often empty.  to_compare: whether records there are to be seen.
    """

    submission: Submission
    age: str
    cause: str
    message: str
    who: str
    proposal: str = ""
    to_compare: bool = False


def counts() -> dict[State, int]:
    """How many deliveries are in each state that needs a person."""
    found = Delivery.objects.filter(state__in=STATES).values_list("state").annotate(Count("pk"))
    return dict.fromkeys(STATES, 0) | {State(state): number for state, number in found}


def causes(states: Iterable[State]) -> list[tuple[str, str, int]]:
    """Why the deliveries in the given states stand still: evidence, its sentence, and how many; the most first."""
    found = matching(states).order_by().values_list("evidence").annotate(number=Count("pk")).order_by("-number")
    return [(evidence, evidence_sentence(evidence), number) for evidence, number in found if evidence]


def is_cause(cause: str) -> bool:
    """Whether a text can be the name of a piece of evidence; empty for any."""
    return re.fullmatch(r"[a-z0-9_]{0,40}", cause) is not None


def matching(states: Iterable[State], cause: str = "") -> DeliveryQuerySet:
    """The deliveries in the given states; with `cause` only those with this evidence."""
    return Delivery.objects.filter(**_conditions(states, cause))


def page(states: Iterable[State], cause: str = "", before: str = "", after: str = "") -> Page:
    """The oldest submissions that match, or those right before or after a cursor, oldest first.

    Raises BadCursor.
    """
    if before and after:
        raise BadCursor("both")
    waiting = _waiting(states, cause)
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
        evidence_sentence(event.outcome if event else delivery.evidence) or "No cause was recorded.",
        proof.read(bytes(payload.body)).message if payload else "",
        who_acts(delivery, codes.get(event.attempt_id, "") if event and event.attempt_id else ""),
        proposal(delivery),
        to_compare=delivery.state == State.UNCONFIRMED and delivery.evidence in PROPOSALS,
    )


def _conditions(states: Iterable[State], cause: str) -> dict[str, Any]:
    return {"state__in": list(states)} | ({"evidence": cause} if cause else {})


def _waiting(states: Iterable[State], cause: str) -> SubmissionQuerySet:
    conditions = {f"delivery__{name}": value for name, value in _conditions(states, cause).items()}
    return Submission.objects.filter(**conditions).select_related("delivery").only(*COLUMNS)


def _page(rows: Sequence[Submission], *, older: bool, newer: bool) -> Page:
    if not rows:
        return Page(rows)
    return Page(rows, newer=Cursor.of(rows[-1]) if newer else None, older=Cursor.of(rows[0]) if older else None)
