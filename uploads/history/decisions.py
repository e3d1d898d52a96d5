"""What a manager may decide about a delivery that does not go on by itself: a table, its form, and the deed."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from ..models import NEEDS_PERSON, Action, AttemptKind, AuditEvent, Cause, ConfirmedBy, Delivery, State
from ..models.sent import can_be_found
from ..models.wakeup import wake
from .story import person

LONGEST_REASON = 500
#: Ends of a look-up that say nothing about the result.
FAILED_LOOKS = frozenset({"lookup_failed", "internal"})
NO_NUMBER = "This is no number of CustomerGauge: those are 1 to 64 letters, digits, - or _. Copy it from there."
NOT_LOOKED = "Look in CustomerGauge first, and tick this only if it is not there: else the customer is counted twice."
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def is_blind(delivery: Delivery) -> bool:
    """Whether an unconfirmed delivery cannot be looked up by the portal: no way to ask, or the last look-up failed."""
    if not can_be_found(delivery.submission):
        return True
    looks = delivery.attempts.filter(kind=AttemptKind.LOOKUP, ended_at__isnull=False)
    last = looks.order_by("-started_at").first()
    return last is not None and last.evidence in FAILED_LOOKS


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the table of decisions.

    states: from which it may be taken.  move: the transition, given the delivery, the cause and CustomerGauge's number
    (or "").  evidence: the constant kept with it.  meaning: what it does, said before.  done: the same, said
    afterwards.  numbered: whether CustomerGauge's number may stand for the reason.  blind: whether it is the one for
    what the portal cannot look up (True) or can (False); None: that makes no difference.
    """

    name: str
    label: str
    states: frozenset[State]
    move: Callable[[Delivery, Cause, str], bool]
    evidence: str
    meaning: str
    done: str
    numbered: bool = False
    blind: bool | None = None

    def offered(self, delivery: Delivery) -> bool:
        """Whether a manager may decide so about the delivery as it stands."""
        return State(delivery.state) in self.states and (self.blind is None or self.blind is is_blind(delivery))


def _vouch(delivery: Delivery, cause: Cause, number: str) -> bool:
    compare_at = timezone.now() if number and settings.CUSTOMERGAUGE_READ_BACK else None
    return delivery.deliver(cause, number, ConfirmedBy.PERSON, compare_at)


DECISIONS = (
    Decision(
        "delivered", "It was delivered", frozenset({State.FAILED, State.UNCONFIRMED}), _vouch, "by_person_delivered",
        "You have found it in CustomerGauge, or know for another reason that it is there. It is not sent again.",
        "It counts as delivered.", numbered=True,
    ),
    Decision(
        "again", "Send again", frozenset({State.FAILED}),
        lambda delivery, cause, _number: delivery.send_again(cause), "by_person_again",
        "CustomerGauge does not have it, so it cannot arrive twice. If it fails once more, it comes back here.",
        "It waits to be sent again.",
    ),
    Decision(
        "again", "Send again", frozenset({State.UNCONFIRMED}),
        lambda delivery, cause, _number: delivery.ask_again(replace(cause, evidence=""), cause.actor), "",
        "The portal looks in CustomerGauge once more. Only if it is not there, it is sent again.",
        "CustomerGauge is asked for it once more. If it is not there, it is sent again.", blind=False,
    ),
    Decision(
        "again", "Send again", frozenset({State.UNCONFIRMED}),
        lambda delivery, cause, _number: delivery.send_again(cause), "by_person_blind",
        "It may have arrived, and the portal cannot look for it: look in CustomerGauge yourself. If it is there and you"
        " send it again, the customer is counted twice.",
        "It waits to be sent again.", blind=True,
    ),
    Decision(
        "drop", "Drop", NEEDS_PERSON,
        lambda delivery, cause, _number: delivery.cancel(cause), "by_person_dropped",
        "Nothing more is done about it, and it is not sent any more. It stays here to be read.",
        "It is dropped.",
    ),
)  # fmt: skip


def chosen(name: str, delivery: Delivery) -> Decision | None:
    """The decision of a name, as it is open to the delivery; one that is not open to it if none is; None for no name
    of a decision."""
    named = [decision for decision in DECISIONS if decision.name == name]
    return next((decision for decision in named if decision.offered(delivery)), named[0] if named else None)


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
    looked = forms.BooleanField(
        label="I have looked in CustomerGauge, and it is not there.", error_messages={"required": NOT_LOOKED}
    )
    reason = ReasonField(
        label="Reason",
        error_messages={
            "required": "Give the reason: it is kept in the history.",
            "max_length": "The reason is too long: at most %(limit_value)d characters are allowed. Shorten it.",
        },
    )

    def __init__(self, decision: Decision, delivery: Delivery, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id=f"{decision.name}-%s")
        self.decision = decision
        self.delivery = delivery
        if decision.numbered:
            self.fields["reason"].required = False
            self.fields["reason"].label = "Or, if you do not know the number, the reason"
        else:
            del self.fields["number"]
        if not decision.blind:
            del self.fields["looked"]
        for name, shown in self.fields.items():
            look = "form-check-input" if name == "looked" else "form-control"
            shown.widget.attrs["class"] = f"{look} is-invalid" if name in self.errors else look
        for name in list(self.errors)[:1]:
            self.fields[name].widget.attrs["autofocus"] = True

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"]
        others = Delivery.objects.filter(cg_id=number).exclude(pk=self.delivery.pk).select_related("submission")
        taken = others.first() if number and number != self.delivery.amends else None
        if taken:
            raise ValidationError(f"That number belongs to result {taken.submission.short_id} already. Check it there.")
        return number

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.decision.numbered and not self.errors and not (given["number"] or given["reason"]):
            self.add_error("number", "Give CustomerGauge's number, or say below how you know that it was delivered.")
        return given

    def is_fresh(self) -> bool:
        """Whether the delivery is still as the manager saw it."""
        return self.data.get("version") == str(self.delivery.version)

    def fits(self) -> bool:
        """Whether the delivery is still as the manager saw it, and open to this decision."""
        return self.is_fresh() and self.decision.offered(self.delivery)


def decide(manager: User, form: DecisionForm) -> bool:
    """Carry out a decision and record who took it and why. False if somebody else was first: nothing is changed.

    form: valid, or not fitting any more.
    """
    if not form.fits():
        return False
    given = {name: answer for name, answer in form.cleaned_data.items() if answer}
    decision = form.decision
    with transaction.atomic():
        moved = decision.move(form.delivery, Cause(manager, decision.evidence, body=given), given.get("number", ""))
        wake()
    return moved


def forms_for(delivery: Delivery, posted: DecisionForm | None = None) -> list[DecisionForm]:
    """A form for each decision that is open to the delivery; `posted` stands in its place, as it was filled in."""
    open_ones = [decision for decision in DECISIONS if decision.offered(delivery)]
    return [posted if posted and posted.decision is one else DecisionForm(one, delivery) for one in open_ones]


def overtaken(manager: User, form: DecisionForm) -> str:
    """What to tell a manager whose decision came too late: who was first, how it stands now, what is left to do."""
    delivery = form.delivery
    moves = AuditEvent.objects.about(delivery.submission).select_related("actor")
    last = moves.filter(action__in=[*(Action(f"delivery.{state}") for state in State), Action.AGAIN_ASKED]).last()
    if form.is_fresh():
        what = "This decision is not open to it."
    elif last is None or last.actor is None:
        what = "The portal has worked on it since you opened the page."
    elif last.actor == manager:
        what = "You have decided this already."
    else:
        what = f"{person(last)} has decided this meanwhile."
    left = " Check what happened, and decide again." if form.decision.offered(delivery) else ""
    return f"{what} It is now “{State(delivery.state).label}”; what you sent has changed nothing.{left}"
