"""What each state of a delivery means to the agent who entered it, in plain words."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import ceil

from django.utils import timezone
from django.utils.formats import date_format

from ..models import FINAL, NEEDS_PERSON, Delivery, State
from ..models.revisions import REPLACED, is_superseded
from .refusal import UNRECORDED, Refusal
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
#: The same for the correction of what CustomerGauge has.
WORDS_OF_CORRECTION: dict[State, tuple[str, str]] = {
    State.DELIVERED: ("CustomerGauge has the correction", "Its number there is still {cg_id}. Nothing is left to do."),
    State.FAILED: ("Correction not delivered", "It is safe here, and a manager decides about it."),
    State.CANCELLED: ("Correction not sent", "Somebody decided so. CustomerGauge keeps what it had."),
}  # fmt: skip
#: Why it was cancelled → the same, if the agent did it; the last one for the correction of what CustomerGauge has.
OWN_DOING: dict[str, tuple[str, str]] = {
    UNDONE: ("Taken back", "You undid it before it was sent. CustomerGauge got nothing."),
    REPLACED: ("Replaced", "It was corrected, and the corrected version took its place."),
}
CORRECTION_UNDONE = ("Correction taken back", "You undid it before it was sent. CustomerGauge keeps what it had.")
VOUCHED = "A manager has checked it. Nothing is left to do."
SUPERSEDED = ("Corrected", "A correction of it has arrived, and CustomerGauge has the corrected version.")
BEING_CORRECTED = "A correction of it was entered, which has not arrived yet."
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

    settled: it changes no more unless a person acts.  undo, correct, again, amend: what the agent may do about it;
    amend: correct what CustomerGauge has.  quote: CustomerGauge's own words about a refusal.  who: who must act after
    one.  seconds_left: until it is sent, counted down on the page,
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
    amend: bool = False
    quote: str = ""
    who: str = ""
    seconds_left: int = field(default=0, repr=False)

    @property
    def chip(self) -> str:
        """The state that lends its colour: what has been corrected is of no more interest."""
        return State.CANCELLED if self.label == SUPERSEDED[0] else self.state


def tell(
    delivery: Delivery, refusal: Refusal | None = None, later_state: str | None = None, *, held_up: bool = False
) -> Told:
    """The words for where a delivery is now.

    `refusal` if CustomerGauge rejected it and the reason is known; `later_state` is how far the versions that
    correct it have come, if there are any; `held_up` while nothing is being sent at all.
    """
    told = _tell(delivery, refusal, later_state, held_up=held_up)
    return replace(told, label=SUPERSEDED[0]) if is_superseded(delivery, later_state) else told


def _tell(delivery: Delivery, refusal: Refusal | None, later_state: str | None, *, held_up: bool) -> Told:
    state = State(delivery.state)
    headline, sentence = (delivery.amends and WORDS_OF_CORRECTION.get(state)) or WORDS[state]
    told = Told(state.value, str(state.label), headline, sentence, state in FINAL | NEEDS_PERSON)
    match state:
        case State.QUEUED:
            return _queued(told, delivery, held_up)
        case State.DELIVERED:
            return _delivered(told, delivery, later_state)
        case State.REJECTED:
            told = replace(told, correct=later_state is None)
            return replace(told, sentence=refusal.sentence, quote=refusal.quote, who=refusal.who) if refusal else told
        case State.CANCELLED if delivery.evidence in OWN_DOING:
            undone = delivery.evidence == UNDONE
            headline, sentence = CORRECTION_UNDONE if undone and delivery.amends else OWN_DOING[delivery.evidence]
            return replace(told, headline=headline, sentence=sentence, again=undone and later_state is None)
    return told


def _delivered(told: Told, delivery: Delivery, later_state: str | None) -> Told:
    number = delivery.cg_id or delivery.amends
    told = replace(told, sentence=told.sentence.format(cg_id=number) if number else VOUCHED)
    if later_state == State.DELIVERED:
        return replace(told, headline=SUPERSEDED[0], sentence=SUPERSEDED[1])
    if later_state is None:
        return replace(told, amend=bool(number))
    return told if later_state == State.CANCELLED else replace(told, sentence=f"{told.sentence} {BEING_CORRECTED}")


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
