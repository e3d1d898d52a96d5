"""One event of the audit log as people read it: a sentence, what was recorded with it, and what vouches for it."""

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User

from ..models import Action, AuditEvent, AuditPayload, AuditSeal, Erasure, Submission
from ..models.audit import commitment
from ..models.revisions import Chain
from ..roles import LOOKUPS, REVIEW, may
from . import proof
from .audit_filter import area
from .masking import Mask
from .proof import Proof
from .story import person
from .wording import BY_PERSON, evidence_sentence

#: Areas whose contents say nothing about customers: administrators read these, managers read all.
FOR_ADMINS = frozenset({"user", "session", "access", "lookup", "worker", "audit", "retention"})
#: Area → what of its contents concerns colleagues only: their addresses, and what somebody typed as a name at sign-in
#: (it may be a password). Administrators see it.
COLLEAGUES = {"user": frozenset({"email"}), "session": frozenset({"name"})}
HIDDEN = "not shown to managers"
SUBMISSION = str(Submission._meta.model_name)


@dataclass(frozen=True, slots=True)
class Line:
    """An event in a list. about: what it concerns, in words; result: the number in the address of its result."""

    event: AuditEvent
    sentence: str
    more: str
    about: str
    result: UUID | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One field that an addition or a change has set."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Content:
    """What was recorded with an event, as far as the reader may see it.

    state: `none` (nothing was), `erased`, `hidden` (not for this reader), `shown`. intact: whether it is what the event
    commits itself to.
    """

    state: str
    intact: bool = True
    is_change: bool = False
    added: bool = False
    changes: Sequence[Change] = ()
    proof: Proof | None = None


def lines(events: Iterable[AuditEvent]) -> list[Line]:
    """Events as lines of a list."""
    events = list(events)
    keys = {int(event.object_id) for event in events if event.object_type == SUBMISSION}
    results = dict(Submission.objects.filter(pk__in=keys).values_list("pk", "uuid")) if keys else {}
    return [
        Line(event, sentence(event), evidence_sentence(event.outcome), _about(event), results.get(_key(event)))
        for event in events
    ]


def sentence(event: AuditEvent) -> str:
    """Who did what. An action of a newer release, which has no words here, is told by its name."""
    known = event.action in Action.values
    did = (BY_PERSON.get(event.action) if event.actor else None) or (
        str(Action(event.action).label) if known else event.action
    )
    process = event.actor is None and ":" in event.actor_name
    return f"{f'Worker {event.actor_name}' if process else person(event)} {did}."


def content(event: AuditEvent, reader: User | AnonymousUser, *, unmasked: bool = False) -> Content:
    """What was recorded with the event, for this reader; customers' personal data masked unless it shall be shown."""
    payload = AuditPayload.objects.filter(event=event).first()
    if payload is None:
        return Content("erased" if event.commitment else "none")
    manager, admin = may(reader, REVIEW), may(reader, LOOKUPS)
    if not manager and area(event.action) not in FOR_ADMINS:
        return Content("hidden")
    body = bytes(payload.body)
    intact = hmac.compare_digest(commitment(bytes(payload.salt), body), bytes(event.commitment))
    document = _object(body)
    if not admin and document is not None:
        document = _without(document, COLLEAGUES.get(area(event.action), frozenset()))
        body = json.dumps(document).encode() if area(event.action) in COLLEAGUES else body
    if document is not None and document.keys() == {"before", "after"}:
        changes = _changes(document["before"], document["after"])
        return Content("shown", intact, is_change=True, added=not document["before"], changes=changes)
    read = proof.read(body, proof.ENTERED if event.action == Action.SUBMITTED else "Recorded with it")
    if not unmasked and area(event.action) not in FOR_ADMINS:
        result = result_of(event)
        read = Mask.of(Chain.of(result).versions if result else []).proof(read)
    return Content("shown", intact, proof=read)


def seal_of(event: AuditEvent) -> AuditSeal | None:
    """The seal that covers the event; None if none does yet."""
    seal = AuditSeal.objects.filter(first_event__lte=event.pk).order_by("-number").first()
    return seal if seal and event.pk <= seal.last_event else None


def result_of(event: AuditEvent) -> Submission | None:
    """The result that the event is about."""
    return Submission.objects.filter(pk=_key(event)).first() if event.object_type == SUBMISSION else None


def is_erased(result: Submission | None) -> bool:
    """Whether its content has been erased."""
    return result is not None and bool(Erasure.objects.among([result]))


def _key(event: AuditEvent) -> int:
    return int(event.object_id) if event.object_type == SUBMISSION and event.object_id.isdecimal() else 0


def _about(event: AuditEvent) -> str:
    """What people call it; what somebody did to themselves needs no name."""
    if event.object_name == event.actor_name:
        return ""
    kind, _, number = event.object_name.partition(" ")
    return f"result {number}" if event.object_type == SUBMISSION and kind == SUBMISSION else event.object_name


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _without(document: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """A copy without the values under these names, also one level below; whether they differ stays visible."""
    hidden: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            hidden[name] = _without(value, names)
        else:
            hidden[name] = HIDDEN if name in names and value else value
    before, after = document.get("before"), document.get("after")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in names & before.keys() & after.keys():
            if before[name] != after[name]:
                hidden["before"][name], hidden["after"][name] = HIDDEN, f"changed, {HIDDEN}"
    return hidden


def _changes(before: Any, after: Any) -> list[Change]:
    """The fields that differ; of an addition those that are filled in."""
    old, new = (value if isinstance(value, dict) else {} for value in (before, after))
    names = dict.fromkeys([*new, *old])
    said = [Change(name.replace("_", " ").capitalize(), _text(old.get(name)), _text(new.get(name))) for name in names]
    return [change for change in said if change.before != change.after]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return proof.visible("" if value is None else value if isinstance(value, str) else json.dumps(value))
