"""The state machine of everything that goes out: its states, its table of transitions, and the sets with a name."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import models

from .audit import Body

if TYPE_CHECKING:
    from .delivery import Attempt


class State(models.TextChoices):
    """Where something is on its way to CustomerGauge."""

    QUEUED = "queued", "Waiting"
    SENDING = "sending", "Sending"
    DELIVERED = "delivered", "Delivered"
    REJECTED = "rejected", "Rejected"
    FAILED = "failed", "Failed"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"
    CANCELLED = "cancelled", "Cancelled"


TRANSITIONS: dict[State, dict[State, str]] = {
    State.QUEUED: {
        State.SENDING: "claimed by a worker",
        State.CANCELLED: "undone by the agent, dropped by a manager, or erased",
        State.UNCONFIRMED: "a backup was restored, it may have been sent since",
    },
    State.SENDING: {
        State.DELIVERED: "strict success",
        State.QUEUED: "not sent or not processed",
        State.REJECTED: "refused for its content",
        State.FAILED: "tries used up",
        State.UNCONFIRMED: "unknown, may have been processed",
    },
    State.UNCONFIRMED: {
        State.DELIVERED: "the late reply, a lookup or a person says so",
        State.QUEUED: "a manager sends it again",
        State.CANCELLED: "a manager drops it",
    },
    State.FAILED: {
        State.QUEUED: "a manager sends it again",
        State.UNCONFIRMED: "a backup was restored, it may have been sent since",
        State.DELIVERED: "a manager vouches for it",
        State.CANCELLED: "a manager drops it",
    },
    State.REJECTED: {State.CANCELLED: "replaced by a new revision, or dropped by a manager"},
    State.DELIVERED: {},
    State.CANCELLED: {},
}
FINAL = frozenset(state for state, onward in TRANSITIONS.items() if not onward)
NEEDS_PERSON = frozenset({State.REJECTED, State.FAILED, State.UNCONFIRMED})
OPEN = frozenset(State) - FINAL

#: When to look whether CustomerGauge has it: so long after it became unconfirmed, and after each look.
LOOKUPS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))


class Lane(models.IntegerChoices):
    """Who goes first under the one limit; bulk work takes the gaps."""

    ENTRY = 0, "entry"
    RETRY = 5, "retry"
    BULK = 10, "bulk"


#: An entry that fell due longer ago than this is backlog: what agents enter now goes before it.
FRESH = timedelta(minutes=15)


class ConfirmedBy(models.TextChoices):
    """Whose evidence says that CustomerGauge has it."""

    REPLY = "reply", "its reply"
    LOOKUP = "lookup", "a lookup"
    PERSON = "person", "a person"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a transition happens: who moves it, on which evidence, after which call, with which proof.

    `evidence` is a constant; `body` is the proof as it came (a reply, a reason a person gave) and may hold
    personal data.
    """

    actor: Any
    evidence: str = ""
    attempt: "Attempt | None" = None
    body: Body | None = None
