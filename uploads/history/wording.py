"""What states, actions and evidence mean, in the words of a manager."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

from ..customergauge import EVIDENCE
from ..models import Action, AttemptKind, Channel, ConfirmedBy, Delivery, State
from ..models.erasure import ErasureReason
from ..models.sent import can_be_found

#: Evidence that does not come from a call.
OWN_EVIDENCE: dict[str, str] = {
    "by_person": "A person decided it.",
    "by_person_delivered": "A manager vouches that it was delivered.",
    "by_person_again": "A manager wants it sent again.",
    "by_person_looked": "A fresh look-up had not found it in CustomerGauge.",
    "by_person_blind": "The manager had looked in CustomerGauge, and it was not there.",
    "by_person_dropped": "A manager dropped it.",
    "by_person_anonymised": "A manager vouches that the person is anonymised there.",
    "undone": "It was taken back before it was sent.",
    "worker_lost": "The worker that was sending it did not come back.",
    "replaced": "Its agent entered it anew, corrected.",
    "practice_over": "It was entered for practice, and practice is over.",
    "internal": "Our own program failed on it; the operator finds the details in the worker's log.",
    "lookup_found": "Exactly one record there carries its reference.",
    "lookup_match": "One record there has the same e-mail, completion time and score.",
    "lookup_matches": "Several records there have the same e-mail, completion time and score; it may be stored twice.",
    "lookup_shared": "One record there fits, but it fits another result as well, or has its number.",
    "lookup_none": "Nothing there fits, which proves nothing yet.",
    "lookup_several": "Several records there carry its reference; it may have been stored twice.",
    "lookup_failed": "The look-up itself failed, so it says nothing; it is repeated.",
    "compare_same": "What CustomerGauge shows is as it was sent.",
    "compare_anonymised": "It has been anonymised there; what is left is as it was sent.",
    "compare_differs": "What CustomerGauge has is not quite what was sent.",
    "compare_absent": "It was not found there.",
    "compare_several": "Several records there fit, so it could not be compared.",
    "compare_empty": "The record is there, but nothing of what was sent is shown.",
    "compare_failed": "CustomerGauge gave no usable answer, so it could not be compared.",
    "worker_lost_unsent": "The worker that held it did not come back, and had not sent anything.",
    "corrected": "Only what changed is sent, to the record that CustomerGauge has.",
    "case_again": "A manager wants it sent again.",
    "case_vouched": "A manager vouches that it was done.",
    "case_dropped": "A manager dropped it.",
    "erased": "It was erased while it waited, so it is not sent.",
    **{reason.value: f"{reason.label}." for reason in ErasureReason},
    "complete": "Everything was taken.",
    "broken_off": "The download was broken off.",
    "removed": "Who had asked for it needs it no more.",
    "expired": "Its time was over.",
    "crashed": "It was begun several times and never finished.",
    "filter_invalid": "Its filter means nothing any more.",
    "restored": "A backup was restored: it may have been sent after that backup was made.",
    "given_back": "No call had been begun: sending stopped, or that worker did.",
    "password": "With a password.",
    "password_totp": "With a password and a code from an app.",
    "password_webauthn": "With a password and a security key.",
    "password_recovery_codes": "With a password and a recovery code.",
    "webauthn": "With a passkey.",
    "sso": "Through the company's own sign-in.",
    "totp": "A code from an app.",
    "recovery_codes": "Recovery codes.",
    "second_factor": "The second factor was wrong.",
    "not_local": "Only accounts for emergencies sign in here; everybody else does at the company's own sign-in.",
    "no_role": "None of the groups at the company's sign-in has a role here.",
    "by_owner": "Its owner ended it.",
    "by_superuser": "A superuser ended it.",
    "switched_off": "The account was switched off.",
    "result_cancelled": "Its result has no number at CustomerGauge, so there is no case to change.",
}

#: What followed from the end of a call.
FOLLOWED: dict[str, str] = {
    Action.QUEUED: "It went back into the queue.",
    Action.REJECTED: "It is not sent again as it is.",
    Action.FAILED: "It is not tried again by itself.",
    Action.UNCONFIRMED: "It may have been stored, so it is not sent again by itself.",
    Action.ATTEMPT_ENDED_LATE: "The call had been given up by then, so this changed nothing.",
    Action.TOKEN_RENEWED: "A fresh token was fetched.",
    Action.CASE_QUEUED: "The change went back into the queue.",
    Action.CASE_REJECTED: "The change is not sent again as it is.",
    Action.CASE_FAILED: "The change is not tried again by itself.",
    Action.CASE_UNCONFIRMED: "Its comment may stand there already, so the change is not sent again by itself.",
    Action.ANONYMISE_QUEUED: "The request went back into the queue.",
    Action.ANONYMISE_FAILED: "It is not tried again by itself.",
}

#: What a call carries, by its kind; a new result is just "it".
CARRIED: dict[str, str] = {
    AttemptKind.CORRECT: "the correction",
    AttemptKind.CASE: "the change of its case",
    AttemptKind.ANONYMISE: "the request to anonymise the person",
}
#: Of somebody who entered a new version of a result.
CORRECTED_IT = "corrected the result"

#: What people do, where it is not what a worker does in the same step.
BY_PERSON: dict[str, str] = {
    Action.DELIVERED: "confirmed that CustomerGauge has it",
    Action.QUEUED: "decided to send it again",
    Action.CASE_QUEUED: "decided to send the change of its case again",
    Action.CASE_DELIVERED: "confirmed that its case was changed",
    Action.ANONYMISE_QUEUED: "decided to ask CustomerGauge again to anonymise the person",
    Action.ANONYMISE_DELIVERED: "confirmed that the person is anonymised at CustomerGauge",
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

#: What the last look-up says about an unconfirmed one, for a manager who is about to decide.
PROPOSALS: dict[str, str] = {
    "lookup_match": "It was probably delivered: one record there has the same e-mail, completion time and score."
    " Compare the two, and confirm it.",
    "lookup_matches": "It was probably delivered, perhaps twice: several records there have the same e-mail, completion"
    " time and score. Compare them.",
    "lookup_several": "It was delivered, perhaps twice: several records there carry its reference. Compare them.",
    "lookup_shared": "A record there fits, but it may belong to another result just like this one. Compare them.",
}
NOT_DELIVERED = "It was probably not delivered: no look-up has found it in CustomerGauge."
ASKED_AGAIN = "CustomerGauge is asked for it once more. If it is not there, it is sent again by itself."
NOT_TO_BE_FOUND = (
    "The portal cannot look for it by itself: neither our own reference was sent with it, nor both e-mail and"
    " completion time."
)

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
    (State.REJECTED, "fields_refused"): "An administrator corrects the fields.",
    (State.REJECTED, "blocked"): "The agent rewrites its texts. If that does not help, an administrator acts.",
    (State.REJECTED, "400002"): "A manager looks in CustomerGauge; the record is gone.",
    (State.REJECTED, "400005"): "A manager looks in CustomerGauge; the record is gone.",
    (State.REJECTED, "400004"): "An administrator reads the log; the number sent was not a proper one.",
    (State.REJECTED, "400010"): "An administrator reads the log; the number was not sent.",
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
    if delivery.state == State.UNCONFIRMED:
        return _unknown(delivery, channel)
    return NEXT[delivery.state]


def proposal(delivery: Delivery) -> str:
    """What the look-ups so far say about an unconfirmed delivery; empty if they say nothing yet."""
    if delivery.state != State.UNCONFIRMED:
        return ""
    if delivery.evidence == "lookup_none":
        return NOT_DELIVERED if delivery.lookup_at is None else ""
    return PROPOSALS.get(delivery.evidence, "")


def who_acts(delivery: Delivery, code: str) -> str:
    """Who must act on a delivery that stands still; code: CustomerGauge's error code of its last call, or empty."""
    told = (ADMIN_ACTS.get((delivery.state, why)) for why in (code, delivery.evidence))
    return next(filter(None, told), WHO_ACTS[delivery.state])


def age(since: datetime) -> str:
    """How long ago, in its largest whole unit: "3 h"."""
    passed = timezone.now() - since
    return next((f"{passed // unit} {name}" for unit, name in UNITS if passed >= unit), "under 1 min")


def later(passed: timedelta) -> str:
    """How long after the step before: "4 s later", "2 h 5 min later"; empty for less than a second."""
    seconds = int(passed.total_seconds())
    if seconds < 60:
        return f"{seconds} s later" if seconds > 0 else ""
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    parts = [f"{number} {unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if number]
    return f"{' '.join(parts[:2])} later"


def _waiting(delivery: Delivery, channel: Channel) -> str:
    now = timezone.now()
    if channel.paused:
        return "All sending is paused. It goes out when sending is resumed on the health page."
    if channel.is_doubtful:
        when = f"again at {_moment(channel.wait_until)}" if channel.wait_until and channel.waits else "again now"
        return f"CustomerGauge is out of reach. It is asked {when}; once it answers, what waits is sent."
    if channel.wait_until and channel.waits:
        return f"CustomerGauge asked us to wait. It is sent after {_moment(channel.wait_until)}."
    if delivery.next_at - now > SOON:
        return f"It is tried again at {_moment(delivery.next_at)}."
    return "It is sent as soon as a worker is free."


def _unknown(delivery: Delivery, channel: Channel) -> str:
    if delivery.again_by_id:
        return ASKED_AGAIN + (" As sending is paused, that waits until it is resumed." if channel.paused else "")
    if found := proposal(delivery):
        return found
    more = f" It is looked up again at {_moment(delivery.lookup_at)}." if delivery.lookup_at else ""
    if not can_be_found(delivery.submission):
        more = f" {NOT_TO_BE_FOUND}"
    return NEXT[State.UNCONFIRMED] + more


def _arrived(delivery: Delivery) -> str:
    number = f" as number {delivery.cg_id}" if delivery.cg_id else ""
    source = {ConfirmedBy.LOOKUP: " A lookup found it there.", ConfirmedBy.PERSON: " A person confirmed it."}
    return f"CustomerGauge has it{number}.{source.get(ConfirmedBy(delivery.confirmed_by or 'reply'), '')}"


def _moment(at: datetime) -> str:
    local = timezone.localtime(at)
    today = local.date() == timezone.localdate()
    return date_format(local, "H:i" if today else "j M, H:i")
