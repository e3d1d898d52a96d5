"""What became of a submission, told from its audit events and attempts: pure, one entry per step."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from ..models import Action, Attempt, AttemptKind, AuditEvent
from . import proof
from .proof import Proof
from .wording import BY_PERSON, CARRIED, CORRECTED_IT, FOLLOWED, evidence_sentence, later

LOOKS = {
    AttemptKind.LOOKUP: "asked CustomerGauge whether it has it",
    AttemptKind.READ: "compared it with what CustomerGauge has",
}
CLAIMS = frozenset({Action.SENDING, Action.CASE_SENDING, Action.ANONYMISE_SENDING})
SUCCESSES = frozenset({Action.DELIVERED, Action.CASE_DELIVERED, Action.ANONYMISE_DELIVERED})
NOT_SENT_AGAIN = "So it was not sent again."


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the story.

    at: when it began.  sentence: who did what.  more: what it means, often empty.  quote: CustomerGauge's own words, or
    a person's reason.  state: the state it led to, for its colour.  proofs: what was recorded with it.  later: how long
    after the step before it ("4 min later"), empty for the first one and where hardly any time passed.
    """

    at: datetime
    sentence: str
    more: str = ""
    quote: str = ""
    state: str = ""
    proofs: Sequence[Proof] = ()
    later: str = ""


def tell(events: Iterable[AuditEvent], attempts: Mapping[UUID, Attempt], cg_id: str) -> list[Step]:
    """The steps in the order in which they began. A claim and the end of its call, told by its worker, are one step.

    events: of one submission, oldest first, with payloads; attempts: its attempts by id; cg_id: CustomerGauge's
    number for it, or empty.
    """
    events = list(events)
    steps, told = [], set()
    wanted = False  # a manager wants it sent again, if a look-up does not find it
    for position, event in enumerate(events):
        attempt = attempts.get(event.attempt_id) if event.attempt_id else None
        if event.pk in told:
            continue
        if attempt is None or event.actor_name != attempt.worker:
            steps.append(_event(event))
            wanted = event.action == Action.AGAIN_ASKED
        elif event.action == Action.LOOKED_UP and wanted:
            step = _call(attempt, event, event, cg_id)
            steps.append(replace(step, more=_join(step.more, NOT_SENT_AGAIN)))
            wanted = False
        elif event.action in CLAIMS:
            end = next((later for later in events[position + 1 :] if later.attempt_id == attempt.pk), None)
            if end and end.actor_name != attempt.worker:
                end = None  # somebody else spoke first: the worker was late, which is a step of its own
            told.add(end.pk if end else None)
            steps.append(_call(attempt, event, end, cg_id))
        else:
            steps.append(_call(attempt, event, event, cg_id))
    return [replace(step, later=later(step.at - before.at)) for before, step in pairwise([*steps[:1], *steps])]


def person(event: AuditEvent) -> str:
    """Who did it: the name frozen that day, with the full name if the user has one."""
    full_name = event.actor.get_full_name() if event.actor else ""
    return f"{full_name} ({event.actor_name})" if full_name else event.actor_name or "The portal"


def _call(attempt: Attempt, first: AuditEvent, end: AuditEvent | None, cg_id: str) -> Step:
    """A call, from the event it begins with to its end (None: not yet told; the same: only the end is known)."""
    proofs = [found for event in dict.fromkeys((first, end)) if event for found in _proofs(event)]
    who = f"Worker {attempt.worker}"
    if end is None:
        what = CARRIED.get(attempt.kind, "it")
        did = f"began to send {what}" if attempt.wire_at else f"took {what} from the queue"
        return Step(first.at, f"{who} {did}.", state=_state(first), proofs=proofs)
    delivered = end.action in SUCCESSES
    looked = attempt.kind in LOOKS
    sentence = f"{who} {_did(attempt)}{'' if looked else _answer(attempt, cg_id if delivered else '')}."
    told = looked or not delivered
    more = _join(evidence_sentence(end.outcome), FOLLOWED.get(end.action, "")) if told else ""
    quote = next((found.message for found in proofs if found.message), "")
    return Step(first.at, sentence, more, quote, _state(end), proofs)


def _did(attempt: Attempt) -> str:
    took = f" ({attempt.seconds:.2f} s)" if attempt.seconds is not None else ""
    if attempt.kind in LOOKS:
        return LOOKS[AttemptKind(attempt.kind)] + took
    what = CARRIED.get(attempt.kind, "it")
    if attempt.ended_at is None:
        return f"began to send {what}"
    return (f"sent {what}" if attempt.wire_at else f"tried to send {what}") + took


def _answer(attempt: Attempt, cg_id: str) -> str:
    if attempt.status is None:
        return ""
    code = f" with its error code {attempt.code}" if attempt.code else ""
    number = f" and numbered it {cg_id}" if cg_id and attempt.kind == AttemptKind.SEND else ""
    return f": CustomerGauge answered {attempt.status}{code}{number}"


def _event(event: AuditEvent) -> Step:
    process = event.attempt_id is not None and event.actor is None
    who = f"Worker {event.actor_name}" if process else person(event)
    more = evidence_sentence(event.outcome)
    proofs = _proofs(event)
    did = (BY_PERSON.get(event.action) if event.actor else None) or str(Action(event.action).label)
    if event.action == Action.SUBMITTED and (event.outcome == "corrected" or _notes(proofs, "revision_of")):
        did = CORRECTED_IT
    return Step(event.at, f"{who} {did}.", more, _reason(proofs), _state(event), proofs)


def _reason(proofs: Iterable[Proof]) -> str:
    """The reason that a person gave with a decision; often empty."""
    rows = dict(row for found in proofs for part in found.parts for row in part.rows)
    noted = any(found.title == "Recorded with it" for found in proofs)
    return rows.get("reason", "") if noted else rows.get(proof.ANSWERS["overruled"], "")


def _notes(proofs: Iterable[Proof], name: str) -> bool:
    """Whether something of this name was recorded."""
    return any(row[0] == name for found in proofs for part in found.parts for row in part.rows)


def _state(event: AuditEvent) -> str:
    """The state that the event led to, or empty."""
    area, _, state = event.action.partition(".")
    return state if area == "delivery" else ""


def _proofs(event: AuditEvent) -> list[Proof]:
    payload = getattr(event, "payload", None)
    if payload is None:
        return []
    title = proof.ENTERED if event.action == Action.SUBMITTED else "Recorded with it"
    return [proof.read(bytes(payload.body), title)]


def _join(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
