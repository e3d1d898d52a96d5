"""What each state of a delivery means to the agent who entered it, in plain words."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import ceil

from django.utils import timezone
from django.utils.formats import date_format

from ..models import FINAL, NEEDS_PERSON, Delivery, State
from .refusal import UNRECORDED, Refusal
from .submit import REPLACED
from .undo import UNDONE, may_undo

SOON = timedelta(minutes=1)
#: A hold up to this long is counted down; a longer one is told by the clock.
COUNTED = timedelta(minutes=2)

#: State → (headline, what happens next). Texts may name the delivery's `cg_id`.
WORDS: dict[State, tuple[str, str]] = {
    State.QUEUED: ("Saved", "It will be sent in a few seconds."),
    State.SENDING: ("Being sent", "CustomerGauge gets it right now."),
    State.DELIVERED: ("CustomerGauge has it", "Its number there is {cg_id}. Nothing is left to do."),
    State.REJECTED: ("Refused by CustomerGauge", UNRECORDED),
    State.FAILED: ("Not delivered", "It is safe here, and a manager decides about it. Do not enter it again."),
    State.UNCONFIRMED: ("Perhaps delivered", "It may have arrived. Do not enter it again; a manager checks."),
    State.CANCELLED: ("Will not be sent", "Somebody decided so; the reason is in the history that managers see."),
}  # fmt: skip
#: Why it was cancelled → the same, if the agent did it.
OWN_DOING: dict[str, tuple[str, str]] = {
    UNDONE: ("Taken back", "You undid it before it was sent. CustomerGauge got nothing."),
    REPLACED: ("Replaced", "You corrected it, and the corrected version took its place."),
}
VOUCHED = "A manager has checked it. Nothing is left to do."
HELD = "Nothing has been sent yet: you can still undo it."
LATER = "It will be sent at {when}. You need not wait for it."
HELD_UP = "It is safe here, but sending is held up at the moment. Do not enter it again: it will be sent later."

#: State → why it is too late to undo.
TOO_LATE: dict[State, str] = {
    State.QUEUED: "Sending it has been tried already, so it can no longer be undone.",
    State.SENDING: "It is being sent already; it can no longer be undone.",
    State.DELIVERED: "CustomerGauge has it already; it can no longer be undone.",
    State.CANCELLED: "It will not be sent: somebody else has decided so.",
}
TOO_LATE_ELSE = "It was sent before you pressed Undo; here is what became of it."


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery as its agent sees it.

    settled: it changes no more unless a person acts.  undo, correct, again: what the agent may do about it.
    quote: CustomerGauge's own words about a refusal.  seconds_left: until it is sent, counted down on the page,
    0 if that is not to be counted; no part of what makes two tellings different.
    """

    state: str
    label: str
    headline: str
    sentence: str
    settled: bool
    undo: bool = False
    correct: bool = False
    again: bool = False
    quote: str = ""
    seconds_left: int = field(default=0, repr=False)


def tell(delivery: Delivery, refusal: Refusal | None = None, *, held_up: bool = False) -> Told:
    """The words for where a delivery is now.

    `refusal` if CustomerGauge rejected it and the reason is known; `held_up` while nothing is being sent at all.
    """
    state = State(delivery.state)
    headline, sentence = WORDS[state]
    told = Told(state.value, str(state.label), headline, sentence, state in FINAL | NEEDS_PERSON)
    match state:
        case State.QUEUED:
            return _queued(told, delivery, held_up)
        case State.DELIVERED:
            return replace(told, sentence=sentence.format(cg_id=delivery.cg_id) if delivery.cg_id else VOUCHED)
        case State.REJECTED:
            told = replace(told, correct=True)
            return replace(told, sentence=refusal.sentence, quote=refusal.quote) if refusal else told
        case State.CANCELLED if delivery.evidence in OWN_DOING:
            headline, sentence = OWN_DOING[delivery.evidence]
            return replace(told, headline=headline, sentence=sentence, again=delivery.evidence == UNDONE)
    return told


def too_late(delivery: Delivery) -> str:
    """Why a delivery could not be undone."""
    return TOO_LATE.get(State(delivery.state), TOO_LATE_ELSE)


def fingerprint(told: Iterable[Told]) -> str:
    """Changes whenever one of the words does: a part of a page that reads the same need not be sent again."""
    return f"{zlib.crc32(repr(list(told)).encode()):x}"


def _queued(told: Told, delivery: Delivery, held_up: bool) -> Told:
    told = replace(told, undo=may_undo(delivery))
    left = delivery.next_at - timezone.now()
    if held_up or left < -SOON:
        return replace(told, sentence=HELD_UP)
    if told.undo and timedelta() < left <= COUNTED:
        return replace(told, sentence=HELD, seconds_left=ceil(left.total_seconds()))
    if left > SOON:
        when = timezone.localtime(delivery.next_at)
        pattern = "H:i" if when.date() == timezone.localdate() else "j F H:i"
        return replace(told, sentence=LATER.format(when=date_format(when, pattern)))
    return told
