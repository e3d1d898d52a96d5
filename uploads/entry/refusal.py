"""Why CustomerGauge refused a result: from its recorded reply to one plain sentence, the field, and who must act."""

import base64
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from ..customergauge import Exchange, Verdict, judge
from ..models import Action, AuditEvent, Kind, Role, State, Submission, SurveyField
from .form import EntryForm, input_name

_FIELD = re.compile(r"\bfield '?([\w.-]{1,64})", re.IGNORECASE)

#: What CustomerGauge's messages call a field, where that differs from the documented key (support articles
#: 5000722516, 5000722531 and 5000875861); by role, for customer fields by kind.
ALIASES: dict[str, tuple[str, ...]] = {
    Role.SCORE: ("nps", "score", "netpromoterscore"),
    Role.COMMENT: ("comment", "npscomment"),
    Role.SENT_AT: ("emailsentdate", "datesent", "dateemail"),
    Role.COMPLETED_AT: ("surveycompleteddate", "datesurveyresponse"),
    Role.CONTACT: ("followuprequired", "followup"),
    Role.WORKFLOW_STATUS: ("workflowstatus", "status"),
    Role.REASONS: ("reasoncode", "reasons", "drivers"),
    Kind.EMAIL: ("email",),
    Kind.PHONE: ("phone", "smstelephone"),
    Kind.IDENTIFIER: ("numbercustomer", "customernumber"),
}


class Who(StrEnum):
    """Who must act on a refusal, in the words of a page for agents."""

    AGENT = "you"
    ADMIN = "an administrator"
    MANAGER = "a manager"


#: What the sentence goes on with if somebody else must act.
ASK: dict[Who, str] = {
    Who.ADMIN: "Only an administrator can mend that; tell one its number, {number}.",
    Who.MANAGER: "A manager must look at that; tell one its number, {number}.",
}


class Known(NamedTuple):
    """What a code means, whatever field its message names, who must act, and the answer it is about if it is one."""

    sentence: str
    who: Who = Who.ADMIN
    role: Role | None = None


_NUMBER_LOST = Known("The portal did not name the record at CustomerGauge the way CustomerGauge wants it.")
_RECORD_GONE = Known("CustomerGauge has no such record any more; it was probably removed there.", Who.MANAGER)
#: CustomerGauge API 4.1 error codes (support articles 5000722531 and 5000722516). Codes of single fields (300004,
#: 400003, 400007) are told by the field that their message names, if it names one.
KNOWN: dict[int, Known] = {
    300000: Known("CustomerGauge does not accept one of the fields that the portal sends."),
    300001: Known("CustomerGauge does not accept the way results are put together."),
    300004: Known("CustomerGauge requires an answer that was not sent, and does not say which."),
    400002: _RECORD_GONE,
    400003: Known(
        "CustomerGauge could not store it and does not say which answer is wrong. Check them all; if they are right, "
        "tell an administrator.",
        Who.AGENT,
    ),
    400004: _NUMBER_LOST,
    400005: _RECORD_GONE,
    400006: Known("CustomerGauge has no field for the completion date under the name that the portal uses."),
    400008: Known("CustomerGauge does not accept a completion date the way the portal sends it."),
    400010: _NUMBER_LOST,
    400011: Known(
        "CustomerGauge does not know this workflow status. Choose another one, and tell an administrator that this one "
        "should not be offered.",
        Who.AGENT,
        Role.WORKFLOW_STATUS,
    ),
}
NO_COMPLETION_DATE = 400007
#: Codes that are about the record, whatever field their message seems to name.
ABOUT_THE_RECORD = frozenset({400002, 400004, 400005, 400010})
#: Evidence that tells more than the reply alone.
BLOCKED = Known(
    "A filter on the way to CustomerGauge stops this result because of something in it, often code, a link or unusual "
    "signs in a text. Write that differently; if nothing stands out, tell an administrator its number, {number}.",
    Who.AGENT,
)
UNEXPLAINED = "CustomerGauge refused it without saying why."
UNRECORDED = "Its content was not accepted. Correct it."


@dataclass(frozen=True, slots=True)
class Refusal:
    """`sentence`: what is wrong and who can mend it; `field`: the input of the form it is about, or empty;
    `quote`: CustomerGauge's own words, printable, or empty; `who`: who must act, in two or three words.
    """

    sentence: str
    field: str = ""
    quote: str = ""
    who: Who = Who.AGENT


def refusals(submissions: Iterable[Submission]) -> dict[int, Refusal]:
    """Why the rejected ones among them were refused, by primary key; two queries however many there are."""
    rejected = {str(row.pk): row for row in submissions if row.delivery.state == State.REJECTED}
    if not rejected:
        return {}
    events = AuditEvent.objects.filter(object_type="submission", object_id__in=rejected, action=Action.REJECTED)
    replies = {event.object_id: event for event in events.select_related("payload").order_by("id")}
    rows = list(SurveyField.objects.filter(active=True).exclude(role=Role.REFERENCE))
    return {row.pk: explain(verdict_of(replies.get(key)), row, rows) for key, row in rejected.items()}


def mark(form: EntryForm, refusal: Refusal) -> None:
    """Say what was refused beside the answer it is about, which gets the focus; else above the form."""
    field = form.fields.get(refusal.field)
    form.add_error(refusal.field if field else None, refusal.sentence)
    if field:
        field.widget.attrs["autofocus"] = True


def explain(verdict: Verdict | None, submission: Submission, rows: Sequence[SurveyField]) -> Refusal:
    """A verdict on a submission in plain words; `rows` are the fields that the form asks today."""
    number = submission.short_id
    if submission.delivery.evidence == "blocked":
        return Refusal(BLOCKED.sentence.format(number=number), who=BLOCKED.who)
    if verdict is None:
        return Refusal(UNRECORDED)
    known = KNOWN.get(verdict.code or 0)
    row = None if verdict.code in ABOUT_THE_RECORD else _row(verdict, rows, known)
    told = _told(verdict, known, row, submission)
    ask = f" {ASK[told.who].format(number=number)}" if told.who in ASK else ""
    return Refusal(told.sentence + ask, input_name(row) if row else "", verdict.message, told.who)


def _told(verdict: Verdict, known: Known | None, row: SurveyField | None, submission: Submission) -> Known:
    if known and verdict.code in ABOUT_THE_RECORD:
        return known
    if verdict.field or verdict.code == NO_COMPLETION_DATE:
        return _missing(verdict, row, submission)
    if known and (known.role or not row):
        return known
    if row:
        return Known(f"CustomerGauge does not accept what was entered as “{row.label}”. Correct it.", Who.AGENT)
    return Known("CustomerGauge refused its content." if verdict.message else UNEXPLAINED)


def _missing(verdict: Verdict, row: SurveyField | None, submission: Submission) -> Known:
    if row is None:
        return Known(f"CustomerGauge requires “{verdict.field or 'the completion date'}”, which the form does not ask.")
    sent = dict(submission.payload)
    if submission.delivery.amends and row.key not in sent:
        return Known(f"CustomerGauge asks for “{row.label}”, which this correction does not change.")
    if sent.get(row.key):
        return Known(f"CustomerGauge did not find “{row.label}” although it was sent.")
    return Known(f"{row.label} is missing, and CustomerGauge requires it. Fill it in.", Who.AGENT)


def _row(verdict: Verdict, rows: Sequence[SurveyField], known: Known | None) -> SurveyField | None:
    """The field that the message names, else the one that the code is about."""
    role = Role.COMPLETED_AT if verdict.code == NO_COMPLETION_DATE else known.role if known else None
    named = verdict.field or (found[1] if (found := _FIELD.search(verdict.message)) else "")
    wanted = fold(named)
    by_key = (row for row in rows if wanted and fold(row.key) == wanted)
    by_alias = (row for row in rows if wanted in ALIASES.get(_sort(row), ()))
    by_role = (row for row in rows if row.role == role)
    return next(by_key, None) or next(by_alias, None) or next(by_role, None)


def _sort(row: SurveyField) -> str:
    return row.kind if row.role == Role.CUSTOMER else row.role


def fold(name: str) -> str:
    """`contact.first_name`, `FirstName` and `first name` are one name."""
    return re.sub(r"[^a-z0-9]", "", name.strip(".").rpartition(".")[2].casefold())


def verdict_of(event: AuditEvent | None) -> Verdict | None:
    """The verdict on the reply as it was recorded; None if it was erased or nothing was."""
    payload = getattr(event, "payload", None)
    try:
        reply = json.loads(bytes(payload.body)) if payload else None
        return judge(_exchange(reply)) if isinstance(reply, dict) else None
    except ValueError:
        return None


def _exchange(reply: dict[str, Any]) -> Exchange:
    """Raises ValueError if the recorded bytes cannot be had back."""
    encoded = reply.get("body_base64")
    body = base64.b64decode(str(encoded), validate=True) if encoded else str(reply.get("body") or "").encode()
    status = reply.get("status")
    form = "xml" if body.lstrip().startswith(b"<") else "json"
    return Exchange(
        "POST", f"/response.{form}", wire=True, status=status if isinstance(status, int) else None, body=body
    )
