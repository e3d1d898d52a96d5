"""What states, actions and evidence mean, in the words of a manager."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

from ..customergauge import EVIDENCE
from ..models import Action, Channel, ConfirmedBy, Delivery, State

#: Evidence that does not come from a call.
OWN_EVIDENCE: dict[str, str] = {
    "by_person": "A person decided it.",
    "by_person_delivered": "A manager vouches that it was delivered.",
    "by_person_again": "Nothing of it had been sent before.",
    "by_person_dropped": "A manager dropped it.",
    "undone": "It was taken back before it was sent.",
    "worker_lost": "The worker that was sending it did not come back.",
    "replaced": "Its agent entered it anew, corrected.",
    "practice_over": "It was entered for practice, and practice is over.",
    "internal": "Our own program failed on it; the operator finds the details in the worker's log.",
    "lookup_found": "Exactly one record there carries its reference.",
    "lookup_none": "No record there carries its reference, which proves nothing yet.",
    "lookup_several": "Several records there carry its reference; it may have been stored twice.",
    "lookup_failed": "The look-up itself failed and is repeated.",
    "worker_lost_unsent": "The worker that held it did not come back, and had not sent anything.",
}

#: What followed from the end of a call.
FOLLOWED: dict[str, str] = {
    Action.QUEUED: "It went back into the queue.",
    Action.REJECTED: "It is not sent again as it is.",
    Action.FAILED: "It is not tried again by itself.",
    Action.UNCONFIRMED: "It may have been stored, so it is not sent again by itself.",
    Action.ATTEMPT_ENDED_LATE: "The call had been given up by then, so this changed nothing.",
    Action.TOKEN_RENEWED: "A fresh token was fetched.",
}

#: What people do, where it is not what a worker does in the same step.
BY_PERSON: dict[str, str] = {
    Action.DELIVERED: "confirmed that CustomerGauge has it",
    Action.QUEUED: "decided to send it again",
}

NEXT: dict[str, str] = {
    State.SENDING: "A worker is sending it now.",
    State.REJECTED: "CustomerGauge refuses the content, so it is not sent again. Its agent has to enter it corrected.",
    State.FAILED: "It is kept here and not tried again by itself. A manager decides what becomes of it.",
    State.UNCONFIRMED: "CustomerGauge may have it or not. It is not sent again by itself, so that the customer is not"
    " counted twice. Look in CustomerGauge for the customer and the completion time.",
    State.CANCELLED: "It will not be sent.",
}
SOON = timedelta(minutes=1)

#: Who must act on what stands still, unless the evidence, or CustomerGauge's error code, tells otherwise.
WHO_ACTS: dict[str, str] = {
    State.REJECTED: "The agent corrects it.",
    State.FAILED: "A manager decides.",
    State.UNCONFIRMED: "A manager decides.",
}
#: CustomerGauge, API 4.1 Error Codes (support article 5000722531): what no agent can correct.
ADMIN_ACTS: dict[tuple[str, str], str] = {
    (State.REJECTED, "300001"): "An administrator corrects the fields.",
    (State.REJECTED, "400011"): "An administrator corrects the list of workflow statuses.",
    (State.REJECTED, "status_refused"): "An administrator finds out who refused it.",
    (State.FAILED, "internal"): "An administrator reads the log; then a manager decides.",
}
#: Units of age, the largest first.
UNITS = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


def evidence_sentence(evidence: str) -> str:
    """A piece of evidence as a sentence; empty for none."""
    if evidence in EVIDENCE:
        return EVIDENCE[evidence].sentence
    return OWN_EVIDENCE.get(evidence) or (evidence.replace("_", " ").capitalize() + "." if evidence else "")


def what_next(delivery: Delivery, channel: Channel) -> str:
    """What will happen to the submission, or who has to act."""
    if delivery.state == State.QUEUED:
        return _waiting(delivery, channel)
    if delivery.state == State.DELIVERED:
        return _arrived(delivery)
    return NEXT[delivery.state]


def who_acts(delivery: Delivery, code: str) -> str:
    """Who must act on a delivery that stands still; code: CustomerGauge's error code of its last call, or empty."""
    told = (ADMIN_ACTS.get((delivery.state, why)) for why in (code, delivery.evidence))
    return next(filter(None, told), WHO_ACTS[delivery.state])


def age(since: datetime) -> str:
    """How long ago, in its largest whole unit: "3 h"."""
    passed = timezone.now() - since
    return next((f"{passed // unit} {name}" for unit, name in UNITS if passed >= unit), "under 1 min")


def _waiting(delivery: Delivery, channel: Channel) -> str:
    now = timezone.now()
    if channel.paused:
        return "All sending is paused. It goes out when sending is resumed on the health page."
    if channel.wait_until and channel.wait_until > now:
        return f"CustomerGauge asked us to wait. It is sent after {_moment(channel.wait_until)}."
    if delivery.next_at - now > SOON:
        return f"It is tried again at {_moment(delivery.next_at)}."
    return "It is sent as soon as a worker is free."


def _arrived(delivery: Delivery) -> str:
    number = f" as number {delivery.cg_id}" if delivery.cg_id else ""
    source = {ConfirmedBy.LOOKUP: " A lookup found it there.", ConfirmedBy.PERSON: " A person confirmed it."}
    return f"CustomerGauge has it{number}.{source.get(ConfirmedBy(delivery.confirmed_by or 'reply'), '')}"


def _moment(at: datetime) -> str:
    local = timezone.localtime(at)
    today = local.date() == timezone.localdate()
    return date_format(local, "H:i" if today else "j M, H:i")
