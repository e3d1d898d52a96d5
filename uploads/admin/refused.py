"""Reasons and statuses that CustomerGauge refused, with the evidence: when last refused and in which words, and when
last accepted."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Model
from django.utils import timezone
from django.utils.formats import date_format

from ..entry.refusal import explain, verdict_of
from ..models import (
    Action,
    Attempt,
    AuditEvent,
    Delivery,
    ReasonCode,
    Role,
    State,
    Submission,
    SurveyField,
    WorkflowStatus,
)

#: So many of the newest refusals, and of the newest results that were delivered, are looked through.
REFUSALS, DELIVERED = 200, 2_000
#: The code that refuses a status (CustomerGauge API 4.1 error codes, support article 5000722531).
NO_SUCH_STATUS = "400011"
ROLES: dict[type[Model], Role] = {ReasonCode: Role.REASONS, WorkflowStatus: Role.WORKFLOW_STATUS}


@dataclass(slots=True)
class Evidence:
    """What CustomerGauge has shown of one code. quote: its own words, printable, or empty."""

    refused_at: datetime
    quote: str = ""
    times: int = 1
    accepted_at: datetime | None = None

    @property
    def stands(self) -> bool:
        """Whether it has not been accepted since."""
        return self.accepted_at is None or self.accepted_at < self.refused_at

    def __str__(self) -> str:
        words = f" (“{self.quote}”)" if self.quote else ""
        accepted = f"last accepted on {_day(self.accepted_at)}" if self.accepted_at else "not accepted lately"
        return f"CustomerGauge refused it on {_day(self.refused_at)}{words}; {accepted}."


def refused(model: type[Model]) -> dict[str, Evidence]:
    """By code, of the newest refusals; five queries at most however many there are."""
    role = ROLES.get(model)
    if role is None:
        return {}
    found: dict[str, Evidence] = {}
    told = [*_refused_results(role), *(_refused_cases() if role == Role.WORKFLOW_STATUS else ())]
    for code, at, quote in sorted(told, key=lambda refusal: refusal[1], reverse=True):
        if code in found:
            found[code].times += 1
        else:
            found[code] = Evidence(at, quote)
    if found:
        _add_accepted(found, role)
    return found


def _refused_cases() -> Iterator[tuple[str, datetime, str]]:
    """Changes of cases to a status that CustomerGauge does not know."""
    attempts = Attempt.objects.filter(code=NO_SUCH_STATUS, case__isnull=False, ended_at__isnull=False)
    newest = attempts.order_by("-ended_at").values_list("case__case_update__status", "ended_at")
    yield from ((status, at, "") for status, at in newest[:REFUSALS] if status and at)


def _refused_results(role: Role) -> Iterator[tuple[str, datetime, str]]:
    newest = AuditEvent.objects.filter(action=Action.REJECTED, object_type="submission").select_related("payload")
    events = list(newest.order_by("-at", "-id")[:REFUSALS])
    rows = list(SurveyField.objects.active())
    key = next((row.key for row in rows if row.role == role), "")
    pks = {int(event.object_id) for event in events}
    about = Submission.objects.select_related("delivery").in_bulk(pks) if events else {}
    for event in events:
        result = about.get(int(event.object_id))
        if result is None or not key:
            continue
        why = explain(verdict_of(event), result, rows)
        if why.field == role:
            yield from ((code, event.at, why.quote) for code in _blamed(_codes(result, role), why.quote))


def _codes(result: Submission, role: Role) -> list[str]:
    if role == Role.REASONS:
        return [reason["code"] for reason in result.reasons]
    return [result.workflow_status] if result.workflow_status else []


def _blamed(codes: list[str], quote: str) -> list[str]:
    """Those that the message names, else all of them: any may be the one."""
    named = [code for code in codes if re.search(rf"(?<![\w.-]){re.escape(code)}(?![\w-])", quote)]
    return named or codes


def _add_accepted(found: Mapping[str, Evidence], role: Role) -> None:
    delivered = Delivery.objects.filter(state=State.DELIVERED).order_by("-submission")
    results = delivered.select_related("submission").only(
        "changed_at", "submission__reasons", "submission__workflow_status"
    )
    for row in results[:DELIVERED]:
        for code in _codes(row.submission, role):
            evidence = found.get(code)
            if evidence and (evidence.accepted_at is None or evidence.accepted_at < row.changed_at):
                evidence.accepted_at = row.changed_at


def _day(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "j F Y, H:i") if at else ""
