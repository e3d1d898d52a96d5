"""Close the loop: what a manager wants set on the case of a result, and what became of it."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction

from ..models import Action, Attempt, AuditEvent, CaseDelivery, CaseUpdate, State, Submission
from ..models.revisions import Chain
from ..models.wakeup import wake
from ..roles import ENTER, may
from . import proof
from .case_forms import CaseDecisionForm, CaseForm, Wanted, decisions_for
from .wording import evidence_sentence

SHOWN = 50
CLOSED = frozenset({"CLOSED", "CLOSE"})
#: State of the result that makes the record → why there is no case to change.
NO_CASE: dict[State, str] = {
    State.REJECTED: "CustomerGauge has refused this result, so it has no case there. Once a corrected version is saved,"
    " its case can be changed.",
    State.FAILED: "This result was not delivered, so it has no case at CustomerGauge. Decide about it first.",
    State.CANCELLED: "This result is not sent, so it has no case at CustomerGauge.",
    State.DELIVERED: "Nobody gave CustomerGauge's number for this result, so its case cannot be reached from here.",
}
ERASED = "It was erased, so its case is not changed from here any more."
WAITS = "It waits until CustomerGauge has given the result its number."
IN_LINE = "It waits for what was asked for before it."
#: CustomerGauge's error codes on POST Workflow (support article 5000722474) → what they mean and who must act.
REFUSALS: dict[str, str] = {
    "400200": "CustomerGauge has no such case; perhaps the record was removed there. A manager looks there.",
    "400011": "CustomerGauge does not know this status. An administrator corrects the list of workflow statuses.",
    "300001": "CustomerGauge does not accept what was asked for. Check that the assignee is a user there.",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A case update as a manager reads it. sentence: what it waits for or why it stands still, often empty; quote:
    CustomerGauge's own words; calls: how many were made; decisions: the forms of what can be decided about it."""

    row: CaseDelivery
    sentence: str
    quote: str
    calls: int
    decisions: Sequence[CaseDecisionForm]

    @property
    def update(self) -> CaseUpdate:
        """What was asked for."""
        return self.row.case_update


@dataclass(frozen=True, slots=True)
class Cases:
    """All about the case of one result. obstacle: why it cannot be changed, empty if it can; closed: whether it is
    closed, as far as the portal knows."""

    chain: Chain
    obstacle: str
    told: Sequence[Told]

    @property
    def closed(self) -> bool:
        """By the last status that somebody asked for here."""
        asked = (one.update.status for one in reversed(self.told) if one.row.state not in _NEVER)
        return next(filter(None, asked), self.chain.newest.workflow_status) in CLOSED

    @property
    def moving(self) -> bool:
        """Whether one of the updates may change by itself."""
        return any(one.row.state in (State.QUEUED, State.SENDING) for one in self.told)

    @property
    def seen(self) -> str:
        """Changes whenever one of them does."""
        return "-".join(f"{one.row.pk}.{one.row.version}" for one in self.told) or "0"

    def form(self) -> CaseForm:
        """An empty form."""
        return CaseForm(closed=self.closed)


_NEVER = frozenset({State.CANCELLED, State.REJECTED})


def cases_of(chain: Chain, posted: CaseDecisionForm | None = None) -> Cases:
    """The case of a result; `posted` stands in its place among the forms, as it was filled in."""
    result = chain.record.delivery
    open_to_updates = result.state not in NO_CASE or (result.state == State.DELIVERED and chain.number)
    rows = CaseDelivery.objects.filter(result=chain.record).order_by("case_update_id")
    told = tell(rows.select_related("case_update", "result__delivery"), posted)
    if chain.erased:
        return Cases(chain, ERASED, told)
    return Cases(chain, "" if open_to_updates else NO_CASE[State(result.state)], told)


def about(chain: Chain, submission: Submission, person: User | AnonymousUser) -> dict[str, Any]:
    """What the page of one version says about the others and about the case: context for its templates."""
    cases = cases_of(chain)
    return {
        "versions": chain.told() if len(chain.versions) > 1 else (),
        "may_correct": chain.newest == submission and chain.correctable and may(person, ENTER),
        "cases": cases,
        "case_form": cases.form(),
    }


def troubles() -> dict[str, Any]:
    """The oldest case updates that need a person, and how many there are: context for the page of what needs one."""
    waiting = CaseDelivery.objects.need_person()
    return {"case_troubles": tell(waiting[:SHOWN]), "case_troubles_count": waiting.count()}


def ask(chain: Chain, about: Submission, manager: User, token: uuid.UUID, wanted: Wanted) -> None:
    """Store what a manager wants set on the case; it goes out once the result has its number.

    about: the version in whose story it stands. The same token again changes nothing.
    """
    try:
        with transaction.atomic():
            update = CaseUpdate.objects.create(
                token=token, submission=about, author=manager, author_name=manager.get_full_name() or str(manager),
                **asdict(wanted),
            )  # fmt: skip
            CaseDelivery.objects.create(case_update=update, result=chain.record)
            AuditEvent.objects.record(Action.CASE_ASKED, about, actor=manager, body=wanted.given)
            wake()
    except IntegrityError:
        if not CaseUpdate.objects.filter(token=token).exists():
            raise


def tell(rows: Iterable[CaseDelivery], posted: CaseDecisionForm | None = None) -> list[Told]:
    """Each case update in words; two queries for all."""
    rows = list(rows)
    calls: dict[int, list[Attempt]] = {row.pk: [] for row in rows}
    for attempt in Attempt.objects.filter(case__in=rows).order_by("started_at"):
        calls[attempt.case_id or 0].append(attempt)
    last = {attempts[-1].pk: pk for pk, attempts in calls.items() if attempts}
    events = AuditEvent.objects.filter(attempt_id__in=last).exclude(action=Action.CASE_SENDING)
    events = events.select_related("payload")
    quotes = {last[event.attempt_id]: _words(event) for event in events.order_by("id") if event.attempt_id}
    return [_told(row, calls[row.pk], quotes.get(row.pk, ""), posted) for row in rows]


def _told(row: CaseDelivery, calls: Sequence[Attempt], quote: str, posted: CaseDecisionForm | None) -> Told:
    state = State(row.state)
    code = calls[-1].code if calls else ""
    sentence = ""
    if state == State.QUEUED:
        sentence = _waiting(row)
    elif state == State.CANCELLED or decisions_for(row):
        sentence = (REFUSALS.get(code) if state == State.REJECTED else None) or evidence_sentence(row.evidence)
    return Told(row, sentence, quote if state == State.REJECTED else "", len(calls), decisions_for(row, posted))


def _waiting(row: CaseDelivery) -> str:
    if row.result.delivery.state != State.DELIVERED:
        return WAITS
    if not CaseDelivery.objects.ready().filter(pk=row.pk).exists():
        return IN_LINE
    return evidence_sentence(row.evidence)


def _words(event: AuditEvent) -> str:
    payload = getattr(event, "payload", None)
    return proof.read(bytes(payload.body)).message if payload else ""
