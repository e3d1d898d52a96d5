"""What each key of a frozen request body means: told by the submission's own data, whatever the account calls it.

Keys belong to the account and may be renamed later; the values that were frozen with them do not change.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings

from .lookups import Kind, Role
from .submission import Submission

#: Names under which CustomerGauge is known to take or to return the same thing, without case and punctuation; by role,
#: or by kind of a customer field, where there is one for it.
ALIASES: dict[str, tuple[str, ...]] = {
    "cg_number": ("numbercustomergauge", "id"),
    Kind.EMAIL: ("email", "emailaddress"),
    "customernumber": ("customernumber", "numbercustomer"),
    "firstname": ("firstname", "contactfirstname"),
    "lastname": ("lastname", "contactlastname"),
    Kind.PHONE: ("smstelephone", "phone", "telephone"),
    Role.SCORE: ("netpromoterscore", "nps", "score", "npsscore"),
    Role.COMMENT: ("comment", "npscomment"),
    Role.SENT_AT: ("emailsentdate", "datesent", "dateemailsent", "dateemail"),
    Role.COMPLETED_AT: ("surveycompleteddate", "datesurveyresponse"),
    Role.CONTACT: ("followuprequired", "followup"),
    Role.WORKFLOW_STATUS: ("workflowstatus",),
    Role.REASONS: ("reasoncode", "reasoncodes"),
}
_NAMES = {alias: name for name, aliases in ALIASES.items() for alias in aliases}

#: What the fixed roles are called on pages, as beside the answers themselves.
LABELS: dict[str, str] = {
    Role.SCORE: "Score",
    Role.COMMENT: "Comment",
    Role.SENT_AT: "Invitation sent",
    Role.COMPLETED_AT: "Survey completed",
    Role.CONTACT: "Wishes to be contacted",
    Role.WORKFLOW_STATUS: "Workflow status",
    Role.REASONS: "Reasons",
    Role.REFERENCE: "Our reference",
}


class SentField(NamedTuple):
    """One key as sent: the account's name for it, ours, what it is (a role, or the kind of a customer field)."""

    key: str
    label: str
    kind: str
    value: str


def common_name(key: str) -> str:
    """One name for all spellings and aliases of a key: `nps`, `NetPromoterScore` → `score`."""
    plain = re.sub(r"[^a-z0-9]", "", key.casefold())
    return _NAMES.get(plain, plain)


def sent_fields(submission: Submission, pairs: Mapping[str, str] | None = None) -> list[SentField]:
    """The keys of the submission's request body, in the order sent; or `pairs`, the body of several versions."""
    values = dict(submission.payload) if pairs is None else dict(pairs)
    customer = {field["key"]: field for field in submission.customer}
    roles = _roles(submission, {key: value for key, value in values.items() if key not in customer})
    found = []
    for key, value in values.items():
        if key in customer:
            found.append(SentField(key, customer[key]["label"], customer[key]["kind"], value))
        else:
            role = roles.get(key, "")
            found.append(SentField(key, LABELS.get(role, key), role, value))
    return found


def value_sent(submission: Submission, kind: str) -> SentField | None:
    """The first field of a kind that was sent with a value, or None."""
    return next((field for field in sent_fields(submission) if field.kind == kind and field.value), None)


def can_be_found(submission: Submission) -> bool:
    """Whether CustomerGauge can be asked for it: by its reference, or by the day, the e-mail and the score."""
    wanted = (Kind.EMAIL, Role.COMPLETED_AT, Role.SCORE)
    return bool(submission.reference_key) or all(value_sent(submission, kind) for kind in wanted)


def _roles(submission: Submission, values: Mapping[str, str]) -> dict[str, str]:
    """Key → role: the key whose value is what the role holds; of several the one that sounds like it."""
    roles: dict[str, str] = {}
    for role, wanted in _held(submission):
        equal = [key for key, value in values.items() if value in wanted and key not in roles]
        named = [key for key in equal if common_name(key) == role]
        if equal:
            roles[(named or equal)[0]] = role
    return roles


def _held(submission: Submission) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each role with the texts by which its value may have been sent; the most telling ones first."""
    texts: list[tuple[str, tuple[str, ...]]] = [
        (Role.REFERENCE, (submission.reference,)),
        (Role.COMPLETED_AT, _moments(submission, submission.completed_at)),
        (Role.SENT_AT, _moments(submission, submission.sent_at)),
        (Role.REASONS, (",".join(reason["code"] for reason in submission.reasons),)),
        (Role.SCORE, (str(submission.score),)),
        (Role.WORKFLOW_STATUS, (submission.workflow_status,)),
        (Role.CONTACT, (submission.contact,)),
        (Role.COMMENT, (submission.comment,)),
    ]
    for role, wanted in texts:
        if given := tuple(filter(None, wanted)):
            yield role, given


def _moments(submission: Submission, moment: datetime | None) -> tuple[str, ...]:
    """A moment as clocks show it in the account's zone, or (if that was changed since) where it was entered."""
    if moment is None:
        return ()
    zones = dict.fromkeys((settings.CUSTOMERGAUGE_TIME_ZONE, submission.time_zone))
    return tuple(text for zone in zones if (text := _local(moment, zone)))


def _local(moment: datetime, zone: str) -> str:
    try:
        local = moment.astimezone(ZoneInfo(zone))
    except (ValueError, KeyError, OSError):  # a zone that this machine does not know
        return ""
    return local.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
