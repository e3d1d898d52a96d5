"""When a result can be corrected, and what of a correction CustomerGauge has to be told."""

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.models import User

from ..customergauge import Pairs
from ..models import State, Submission
from ..models.revisions import Chain

ON_ITS_WAY = "It is on its way to CustomerGauge. Wait until it has arrived; then it can be corrected."
WAITS_FOR_MANAGER = "A manager has to decide about it first; then it can be corrected."
ERASED = "It was erased, so there is nothing left to correct."
#: State of the newest version → why it cannot be corrected now.
OBSTACLES: dict[State, str] = {
    State.QUEUED: ON_ITS_WAY,
    State.SENDING: ON_ITS_WAY,
    State.UNCONFIRMED: WAITS_FOR_MANAGER,
    State.FAILED: WAITS_FOR_MANAGER,
    State.CANCELLED: "It will not be sent, so there is nothing at CustomerGauge to correct. Enter it as a new result.",
    State.DELIVERED: "Nobody gave CustomerGauge's number for it, so it cannot be corrected from here. A manager can "
    "correct it in CustomerGauge.",
}


@dataclass(frozen=True, slots=True)
class Correction:
    """of: the version to be corrected; by: who corrects it; reason: why, if CustomerGauge has it already."""

    of: Submission
    by: User
    reason: str = ""


class Overtaken(Exception):
    """The version to be corrected does not wait for a correction (any more)."""

    def __init__(self, submission: Submission) -> None:
        super().__init__(f"{submission} cannot be corrected")
        self.submission = submission


class NothingChanged(Exception):
    """The correction says what CustomerGauge has already."""


def obstacle(chain: Chain) -> str:
    """Why the newest version cannot be corrected; empty if it can."""
    if chain.erased:
        return ERASED
    return "" if chain.correctable else OBSTACLES[State(chain.newest.delivery.state)]


def changes(chain: Chain, pairs: Pairs, asked: Collection[str]) -> Pairs:
    """What of `pairs` differs from what CustomerGauge has, or may differ; what was cleared is sent as empty text.

    asked: the keys that the form asks for; any other key stays as it is. Raises NothingChanged.
    """
    sent, doubted = chain.sent, chain.doubted
    wanted = dict(pairs)
    new = [(key, wanted.get(key, "")) for key in asked]
    changed = tuple((key, value) for key, value in new if key in doubted or value != sent.get(key, ""))
    if not changed:
        raise NothingChanged
    return changed
