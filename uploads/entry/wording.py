"""What each state of a delivery means to the agent who entered it, in plain words."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.formats import date_format

from ..models import FINAL, NEEDS_PERSON, Delivery, State

SOON = timedelta(minutes=1)

#: State → (headline, what happens next). Texts may name the delivery's `cg_id`.
WORDS: dict[State, tuple[str, str]] = {
    State.QUEUED: ("Saved", "It will be sent in a few seconds."),
    State.SENDING: ("Being sent", "CustomerGauge gets it right now."),
    State.DELIVERED: ("CustomerGauge has it", "Its number there is {cg_id}. Nothing is left to do."),
    State.REJECTED: ("Refused by CustomerGauge", "Its content was not accepted. Ask your manager what to do."),
    State.FAILED: ("Not delivered", "It is safe here, and a manager decides about it. Do not enter it again."),
    State.UNCONFIRMED: ("Perhaps delivered", "It may have arrived. Do not enter it again; a manager checks."),
    State.CANCELLED: ("Will not be sent", "Somebody decided so; the reason is in the history that managers see."),
}  # fmt: skip
VOUCHED = "A manager has checked it. Nothing is left to do."
LATER = "It will be sent at {when}. You need not wait for it."
HELD_UP = "It is safe here. Sending is held up at the moment and goes on by itself; do not enter it again."


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery as its agent sees it: settled means that it changes no more unless a person acts."""

    state: str
    label: str
    headline: str
    sentence: str
    settled: bool


def tell(delivery: Delivery) -> Told:
    """The words for where a delivery is now."""
    state = State(delivery.state)
    headline, sentence = WORDS[state]
    if state is State.QUEUED:
        sentence = _queued(delivery) or sentence
    elif state is State.DELIVERED:
        sentence = sentence.format(cg_id=delivery.cg_id) if delivery.cg_id else VOUCHED
    return Told(state.value, str(state.label), headline, sentence, state in FINAL | NEEDS_PERSON)


def fingerprint(told: Iterable[Told]) -> str:
    """Changes whenever one of the words does: a part of a page that reads the same need not be sent again."""
    return f"{zlib.crc32(repr(list(told)).encode()):x}"


def _queued(delivery: Delivery) -> str:
    now = timezone.now()
    if delivery.next_at > now + SOON:
        when = timezone.localtime(delivery.next_at)
        pattern = "H:i" if when.date() == timezone.localdate() else "j F H:i"
        return LATER.format(when=date_format(when, pattern))
    return HELD_UP if delivery.next_at < now - SOON else ""
