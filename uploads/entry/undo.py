"""Taking a result back before anything of it was sent."""

from django.contrib.auth.models import User

from ..models import Cause, Delivery, State

UNDONE = "undone"


def may_undo(delivery: Delivery) -> bool:
    """Whether no worker has ever held it: every transition moves the version on, so at 0 there was no attempt."""
    return delivery.state == State.QUEUED and delivery.version == 0


def was_undone(delivery: Delivery) -> bool:
    """Whether its agent has taken it back."""
    return delivery.state == State.CANCELLED and delivery.evidence == UNDONE


def is_free_again(delivery: Delivery) -> bool:
    """Whether its agent has taken it back before CustomerGauge had any of it, so that it can be entered anew."""
    return was_undone(delivery) and not delivery.amends


def undo(delivery: Delivery, agent: User) -> bool:
    """Take it back; a second time changes nothing. False if a worker (or anybody else) was first.

    `delivery` then shows what has become of it.
    """
    if may_undo(delivery) and delivery.cancel(Cause(agent, evidence=UNDONE)):
        return True
    delivery.refresh_from_db()
    return was_undone(delivery)
