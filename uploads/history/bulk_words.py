"""Decisions about many in words: what is offered, what it means, how far it has come, what it has changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from ..models import AuditEvent, Bulk, State, Submission
from ..models.bulk import proposed
from .attention import STATES, is_cause
from .wording import evidence_sentence

LABELS = {"again": "Send again", "drop": "Drop"}
MEANINGS = {
    ("again", State.FAILED): "CustomerGauge does not have them, so they cannot arrive twice. They are sent in the gaps"
    " between what agents enter meanwhile. What fails once more comes back.",
    ("again", State.UNCONFIRMED): "The portal looks in CustomerGauge for each of them first and sends only those that"
    " are not there. Those that it cannot look for stay as they are.",
    ("drop", ""): "Nothing more is done about them, and they are not sent any more. They stay in the history.",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A decision that can be taken about many: its name, its label, and about how many."""

    decision: str
    label: str
    number: int


def offers(state: str, cause: str) -> list[Offer]:
    """What can be decided about all that match this filter; nothing where it would be about one alone."""
    if not is_filter(state, cause):
        return []
    counted = [(name, proposal(name, state, cause, timezone.now()).matching().count()) for name in LABELS]
    return [Offer(name, f"{LABELS[name]} all {number}", number) for name, number in counted if number > 1]


def is_filter(state: str, cause: str) -> bool:
    """Whether the attention page can be narrowed so; empty for any."""
    return is_cause(cause) and (not state or state in STATES)


def proposal(decision: str, state: str, cause: str, counted_at: datetime, **given: object) -> Bulk:
    """A decision that nobody has taken yet, about all that match a filter of the attention page.

    given: as for `proposed`.
    """
    return proposed(decision, [state] if state else list(STATES), cause, counted_at, **given)


def meaning(decision: str, state: str) -> str:
    """What the decision does with those in one state."""
    return MEANINGS.get((decision, state)) or MEANINGS[decision, ""]


@dataclass(frozen=True, slots=True)
class Told:
    """A decision about many as people read it."""

    bulk: Bulk
    label: str
    about: str
    result: str


def tell(bulk: Bulk) -> Told:
    """A decision about many in words."""
    states = " or ".join(str(State(state).label).lower() for state in bulk.states)
    about = f"{bulk.counted} {states}" + (f", because: {evidence_sentence(bulk.cause)}" if bulk.cause else "")
    return Told(bulk, LABELS[bulk.decision], about, _result(bulk))


def _result(bulk: Bulk) -> str:
    """How far it has come, as a sentence."""
    done = f"{bulk.done} of {bulk.counted} done"
    match bulk.status:
        case Bulk.Status.WAITING:
            return "Nothing has been done yet: a second manager has to approve it."
        case Bulk.Status.STOPPED:
            return f"Stopped: {done}; the others stay as they were."
        case Bulk.Status.DONE if bulk.passed_over:
            why = "they had changed meanwhile or could not be looked for"
            return f"Finished: {done}; {bulk.passed_over} passed over, because {why}."
        case Bulk.Status.DONE:
            return f"Finished: {done}."
    return f"{done}."


def children(bulk: Bulk, after: int, size: int) -> list[AuditEvent]:
    """The events that this decision made, oldest first, at most `size`.

    They lie between its own first and last event; that is how they are found without an index over all requests.
    """
    own = AuditEvent.objects.about(bulk)
    first, last = own.order_by("id").first(), own.order_by("id").last()
    if first is None:
        return []
    found = AuditEvent.objects.filter(pk__gt=max(first.pk, after), request_id=bulk.request_id)
    if bulk.is_over and last:
        found = found.filter(pk__lte=last.pk)
    return list(found.filter(object_type=Submission._meta.model_name).order_by("id")[:size])


def with_results(events: Iterable[AuditEvent]) -> list[tuple[AuditEvent, Submission]]:
    """Each event with the submission that it is about."""
    events = list(events)
    found = Submission.objects.select_related("delivery").in_bulk([int(event.object_id) for event in events])
    return [(event, found[int(event.object_id)]) for event in events]
