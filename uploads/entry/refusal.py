"""Why CustomerGauge refused a result: from its recorded reply to one plain sentence, the field, and who must act."""

import base64
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..customergauge import Exchange, Verdict, judge
from ..models import Action, AuditEvent, Kind, Role, State, Submission, SurveyField
from .form import input_name

ADMIN = "Only an administrator can mend that; tell one its number, {number}."
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


class Known(NamedTuple):
    """What a code means, whatever field its message names; `by_admin` says that the agent cannot mend it."""

    sentence: str
    by_admin: bool = True
    role: Role | None = None


#: CustomerGauge API 4.1 error codes (support article 5000722531).
KNOWN: dict[int, Known] = {
    300000: Known("CustomerGauge does not accept one of the fields that the portal sends."),
    300001: Known("CustomerGauge does not accept the way results are put together."),
    300004: Known("CustomerGauge requires an answer that was not sent, and does not say which."),
    400003: Known(
        "CustomerGauge could not store it and does not say which answer is wrong. Check them all; if they are right, "
        "tell an administrator.",
        by_admin=False,
    ),
    400006: Known("CustomerGauge has no field for the completion date under the name that the portal uses."),
    400008: Known("CustomerGauge does not accept a completion date the way the portal sends it."),
    400011: Known("CustomerGauge does not know this workflow status. Choose another one.", role=Role.WORKFLOW_STATUS),
}
NO_COMPLETION_DATE = 400007
UNEXPLAINED = "CustomerGauge refused it without saying why."
UNRECORDED = "Its content was not accepted. Correct it."


@dataclass(frozen=True, slots=True)
class Refusal:
    """`sentence`: what is wrong and who can mend it; `field`: the input of the form it is about, or empty;
    `quote`: CustomerGauge's own words, printable, or empty.
    """

    sentence: str
    field: str = ""
    quote: str = ""


def refusals(submissions: Iterable[Submission]) -> dict[int, Refusal]:
    """Why the rejected ones among them were refused, by primary key; two queries however many there are."""
    rejected = {str(row.pk): row for row in submissions if row.delivery.state == State.REJECTED}
    if not rejected:
        return {}
    events = AuditEvent.objects.filter(object_type="submission", object_id__in=rejected, action=Action.REJECTED)
    replies = {event.object_id: event for event in events.select_related("payload").order_by("id")}
    rows = list(SurveyField.objects.filter(active=True).exclude(role=Role.REFERENCE))
    return {row.pk: explain(_verdict(replies.get(key)), row, rows) for key, row in rejected.items()}


def explain(verdict: Verdict | None, submission: Submission, rows: Sequence[SurveyField]) -> Refusal:
    """A verdict on a submission in plain words; `rows` are the fields that the form asks today."""
    if verdict is None:
        return Refusal(UNRECORDED)
    known = KNOWN.get(verdict.code or 0)
    row = _row(verdict, rows, known)
    if verdict.field or verdict.code == NO_COMPLETION_DATE:
        sentence, by_admin = _missing(verdict, row, submission)
    elif known and (known.role or not row):
        sentence, by_admin = known.sentence, known.by_admin
    elif row:
        sentence, by_admin = f"CustomerGauge does not accept what was entered as “{row.label}”. Correct it.", False
    else:
        sentence, by_admin = "CustomerGauge refused its content." if verdict.message else UNEXPLAINED, True
    if by_admin:
        sentence = f"{sentence} {ADMIN.format(number=submission.short_id)}"
    return Refusal(sentence, input_name(row) if row else "", verdict.message)


def _missing(verdict: Verdict, row: SurveyField | None, submission: Submission) -> tuple[str, bool]:
    if row is None:
        return f"CustomerGauge requires “{verdict.field or 'the completion date'}”, which the form does not ask.", True
    if row.key in {key for key, _ in submission.payload}:
        return f"CustomerGauge did not find “{row.label}” although it was sent.", True
    return f"{row.label} is missing, and CustomerGauge requires it. Fill it in.", False


def _row(verdict: Verdict, rows: Sequence[SurveyField], known: Known | None) -> SurveyField | None:
    """The field that the message names, else the one that the code is about."""
    role = Role.COMPLETED_AT if verdict.code == NO_COMPLETION_DATE else known.role if known else None
    named = verdict.field or (found[1] if (found := _FIELD.search(verdict.message)) else "")
    wanted = _fold(named)
    by_key = (row for row in rows if wanted and _fold(row.key) == wanted)
    by_alias = (row for row in rows if wanted in ALIASES.get(_sort(row), ()))
    by_role = (row for row in rows if row.role == role)
    return next(by_key, None) or next(by_alias, None) or next(by_role, None)


def _sort(row: SurveyField) -> str:
    return row.kind if row.role == Role.CUSTOMER else row.role


def _fold(name: str) -> str:
    """`contact.first_name`, `FirstName` and `first name` are one name."""
    return re.sub(r"[^a-z0-9]", "", name.strip(".").rpartition(".")[2].casefold())


def _verdict(event: AuditEvent | None) -> Verdict | None:
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
