"""The forms around the case of a result: what to set on it, and what to decide about an update that stands still."""

import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import QueryDict

from ..models import CaseDelivery, Cause, State, WorkflowStatus
from .decisions import CONTROL, ReasonField

LONGEST_COMMENT = 2000
NOTHING = "Give a status, a comment or an assignee: one of the three at least."
CONTROLLED = "The comment contains an invisible control character. Type it again instead of pasting it."
REOPENS = "The case is closed. Tick this if it shall be opened again, or leave the status as it is."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall be set on the case; empty ones stay as they are. assigned_to: an e-mail address."""

    status: str
    status_label: str
    comment: str
    assigned_to: str

    @property
    def given(self) -> dict[str, str]:
        """What is not empty, by name."""
        return {name: text for name, text in asdict(self).items() if text}


class CommentField(forms.CharField):
    """Plain text of several lines."""

    def to_python(self, value: Any) -> str:
        text = str(super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")
        if CONTROL.search(text):
            raise ValidationError(CONTROLLED)
        return text


class CaseForm(forms.Form):
    """Status, comment, assignee. `closed`: the case is closed, so that another status opens it again."""

    status = forms.ChoiceField(
        required=False, error_messages={"invalid_choice": "This status is not offered any more. Choose another one."}
    )
    comment = CommentField(
        required=False, max_length=LONGEST_COMMENT, widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        error_messages={"max_length": "The comment is too long: at most %(limit_value)d characters. Shorten it."},
    )  # fmt: skip
    assigned_to = forms.EmailField(
        label="Assign to (e-mail of a CustomerGauge user)", required=False, max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"invalid": "This is not an e-mail address. Write one, such as name@company.com."},
    )  # fmt: skip
    reopen = forms.BooleanField(
        label="Open the closed case again. CustomerGauge then clears its follow-up and closing times.", required=False
    )

    def __init__(self, data: QueryDict | None = None, *, closed: bool) -> None:
        super().__init__(data, auto_id="case-%s")
        self.token = _uuid(data.get("token", "")) if data else uuid.uuid4()
        self.labels = {status.code: status.label for status in WorkflowStatus.objects.active()}
        status = self.fields["status"]
        assert isinstance(status, forms.ChoiceField)  # noqa: S101 - as declared above
        status.choices = [("", "Leave as it is"), *self.labels.items()]
        if not closed:
            del self.fields["reopen"]
        for name, field in self.fields.items():
            look = {"status": "form-select", "reopen": "form-check-input"}.get(name, "form-control")
            field.widget.attrs["class"] = f"{look} is-invalid" if name in self.errors else look

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.errors and not any(given.get(name) for name in ("status", "comment", "assigned_to")):
            raise ValidationError(NOTHING)
        reopens = given.get("status") and given["status"] not in ("CLOSED", "CLOSE")
        if "reopen" in self.fields and reopens and not given.get("reopen"):
            self.add_error("reopen", REOPENS)
        if self.token is None:
            raise ValidationError("This form had expired. What you typed is still here: send it again.")
        return given


def wanted(form: CaseForm) -> Wanted:
    """What was asked for. The form must be valid."""
    given = form.cleaned_data
    label = form.labels.get(given["status"], "")
    return Wanted(given["status"], label, given["comment"], given["assigned_to"])


@dataclass(frozen=True, slots=True)
class CaseDecision:
    """One row of the table of decisions. warning: said too if it may have arrived and cannot be repeated harmlessly."""

    name: str
    label: str
    states: frozenset[State]
    move: Callable[[CaseDelivery, Cause], bool]
    evidence: str
    meaning: str
    done: str
    warning: str = ""


UNDECIDED = frozenset({State.FAILED, State.UNCONFIRMED})
DECISIONS = (
    CaseDecision(
        "done", "It was done", UNDECIDED, CaseDelivery.vouch, "case_vouched",
        "You have seen in CustomerGauge that the case is as it should be. Nothing is sent.", "It counts as done.",
    ),
    CaseDecision(
        "again", "Send again", UNDECIDED, CaseDelivery.send_again, "case_again",
        "The change is sent to CustomerGauge once more.", "It waits to be sent again.",
        "It may have arrived: then the comment may stand there twice.",
    ),
    CaseDecision(
        "drop", "Drop", UNDECIDED | {State.REJECTED}, CaseDelivery.cancel, "case_dropped",
        "Nothing more is done about it. It stays here to be read.", "It is dropped.",
    ),
)  # fmt: skip


class CaseDecisionForm(forms.Form):
    """The reason for a decision; `data` also names the version of the row that the manager saw."""

    reason = ReasonField(
        label="Reason",
        error_messages={
            "required": "Give the reason: it is kept in the history.",
            "max_length": "The reason is too long: at most %(limit_value)d characters are allowed. Shorten it.",
        },
    )

    def __init__(self, decision: CaseDecision, row: CaseDelivery, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id=f"case-{row.pk}-{decision.name}-%s")
        self.decision = decision
        self.row = row
        look = "form-control is-invalid" if self.errors else "form-control"
        self.fields["reason"].widget.attrs["class"] = look

    @property
    def meaning(self) -> str:
        """What the decision does to this row, said before."""
        at_risk = self.row.state == State.UNCONFIRMED and not self.row.repeatable
        return f"{self.decision.meaning} {self.decision.warning if at_risk else ''}".strip()


def decide(form: CaseDecisionForm, manager: User) -> bool:
    """Carry out a decision; False if somebody else was first, or it is not open to the row. The form must be valid."""
    row, decision = form.row, form.decision
    if form.data.get("version") != str(row.version) or State(row.state) not in decision.states:
        return False
    return decision.move(row, Cause(manager, decision.evidence, body=dict(form.cleaned_data)))


def decisions_for(row: CaseDelivery, posted: CaseDecisionForm | None = None) -> list[CaseDecisionForm]:
    """A form for each decision open to the row; `posted` stands in its place, as it was filled in."""
    open_ones = [decision for decision in DECISIONS if row.state in decision.states]
    mine = posted if posted and posted.row == row else None
    return [mine if mine and mine.decision is one else CaseDecisionForm(one, row) for one in open_ones]


def decision_named(name: str) -> CaseDecision | None:
    """The decision of that name, or None."""
    return next((decision for decision in DECISIONS if decision.name == name), None)


def _uuid(text: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None
