"""What a manager may decide about a delivery that does not go on by itself: a table, its form, and the deed."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from ..models import NEEDS_PERSON, TRANSITIONS, Action, AuditEvent, Cause, ConfirmedBy, Delivery, State
from .story import Step, person

LONGEST_REASON = 500
MAY_HAVE_ARRIVED = "It may have arrived, so it is not sent again from here: look in CustomerGauge first."
NO_NUMBER = "This is no number of CustomerGauge: those are 1 to 64 letters, digits, - or _. Copy it from there."
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the table of decisions.

    to: where it leads.  move: the transition, given the delivery, the cause and CustomerGauge's number (or "").
    evidence: the constant kept with it.  meaning: what it does, said before.  done: the same, said afterwards.
    numbered: whether CustomerGauge's number may stand for the reason.  withheld: states that the state machine would
    let it leave, but from which it is not offered, each with the sentence that says why.
    """

    name: str
    label: str
    to: State
    move: Callable[[Delivery, Cause, str], bool]
    evidence: str
    meaning: str
    done: str
    numbered: bool = False
    withheld: Mapping[State, str] = field(default_factory=dict)

    def offered(self, state: str) -> bool:
        """Whether a manager may decide so about a delivery in this state."""
        known = State(state)
        return known in NEEDS_PERSON and self.to in TRANSITIONS[known] and known not in self.withheld


DECISIONS = {
    decision.name: decision
    for decision in (
        Decision(
            "delivered", "It was delivered", State.DELIVERED,
            lambda delivery, cause, number: delivery.deliver(cause, number, ConfirmedBy.PERSON),
            "by_person_delivered",
            "You have found it in CustomerGauge, or know for another reason that it is there. It is not sent again.",
            "It counts as delivered.", numbered=True,
        ),
        Decision(
            "again", "Send again", State.QUEUED,
            lambda delivery, cause, _number: delivery.requeue(cause, timezone.now()),
            "by_person_again",
            "Nothing of it was sent, so it cannot arrive twice. If that fails once more, it comes back here.",
            "It waits to be sent again.",
            withheld={State.UNCONFIRMED: MAY_HAVE_ARRIVED},
        ),
        Decision(
            "drop", "Drop", State.CANCELLED,
            lambda delivery, cause, _number: delivery.cancel(cause),
            "by_person_dropped",
            "Nothing more is done about it, and it is not sent any more. It stays here to be read.",
            "It is dropped.",
        ),
    )
}  # fmt: skip


class ReasonField(forms.CharField):
    """Why: plain text that people can read, at most LONGEST_REASON characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 2}), **options)

    def to_python(self, value: Any) -> str:
        text = str(super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")
        if CONTROL.search(text):
            raise ValidationError(
                "The reason contains an invisible control character. Type it again instead of pasting it."
            )
        return text if any(unicodedata.category(char)[0] in "LNPS" for char in text) else ""


class DecisionForm(forms.Form):
    """What a manager gives with a decision; `data` also names the delivery's version that the manager saw."""

    number = forms.RegexField(
        r"\A[A-Za-z0-9_-]{1,64}\Z",
        label="CustomerGauge's number for it",
        required=False,
        strip=True,
        widget=forms.TextInput(attrs={"maxlength": 64, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"invalid": NO_NUMBER},
    )
    reason = ReasonField(
        label="Reason",
        error_messages={
            "required": "Give the reason: it is kept in the history.",
            "max_length": "The reason is too long: at most %(limit_value)d characters are allowed. Shorten it.",
        },
    )

    def __init__(self, decision: Decision, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id=f"{decision.name}-%s")
        self.decision = decision
        if decision.numbered:
            self.fields["reason"].required = False
            self.fields["reason"].label = "Or, if you do not know the number, the reason"
        else:
            del self.fields["number"]
        for name, shown in self.fields.items():
            shown.widget.attrs["class"] = "form-control is-invalid" if name in self.errors else "form-control"
        for name in list(self.errors)[:1]:
            self.fields[name].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.decision.numbered and not self.errors and not (given["number"] or given["reason"]):
            self.add_error("number", "Give CustomerGauge's number, or say below how you know that it was delivered.")
        return given

    def is_fresh(self, delivery: Delivery) -> bool:
        """Whether the delivery is still as the manager saw it."""
        return self.data.get("version") == str(delivery.version)

    def fits(self, delivery: Delivery) -> bool:
        """Whether the delivery is still as the manager saw it, and open to this decision."""
        return self.is_fresh(delivery) and self.decision.offered(delivery.state)


def decide(delivery: Delivery, decision: Decision, manager: User, form: DecisionForm) -> bool:
    """Carry out a decision and record who took it and why. False if somebody else was first: nothing is changed.

    form: valid, made for the same decision.
    """
    if not form.fits(delivery):
        return False
    given = {name: text for name, text in form.cleaned_data.items() if text}
    return decision.move(delivery, Cause(manager, decision.evidence, body=given), given.get("number", ""))


def forms_for(delivery: Delivery, posted: DecisionForm | None = None) -> list[DecisionForm]:
    """A form for each decision that the delivery's state allows; `posted` stands in its place, as it was filled in."""
    open_ones = [decision for decision in DECISIONS.values() if decision.offered(delivery.state)]
    return [posted if posted and posted.decision is one else DecisionForm(one) for one in open_ones]


def withheld(state: str) -> Sequence[str]:
    """Why decisions that one would look for are not offered in this state."""
    return [decision.withheld[State(state)] for decision in DECISIONS.values() if state in decision.withheld]


def overtaken(delivery: Delivery, manager: User, form: DecisionForm) -> str:
    """What to tell a manager whose decision came too late: who was first, how it stands now, what is left to do."""
    moves = AuditEvent.objects.about(delivery.submission).select_related("actor")
    last = moves.filter(action__in=[Action(f"delivery.{state}") for state in State]).last()
    if form.is_fresh(delivery):
        what = "This decision is not open to it."
    elif last is None or last.actor is None:
        what = "The portal has worked on it since you opened the page."
    elif last.actor == manager:
        what = "You have decided this already."
    else:
        what = f"{person(last)} has decided this meanwhile."
    left = " Check what happened, and decide again." if form.decision.offered(delivery.state) else ""
    return f"{what} It is now “{State(delivery.state).label}”; what you sent has changed nothing.{left}"


def with_reason(step: Step) -> Step:
    """A step of the story that a person decided, with the reason they gave as its quotation."""
    parts = [part for proof in step.proofs if proof.title == "Recorded with it" for part in proof.parts]
    reason = dict(row for part in parts for row in part.rows).get("reason", "")
    return replace(step, quote=reason) if reason else step
