"""The entry form: built from the active rows of SurveyField, so that a new key needs no deployment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import QueryDict

from ..customergauge.payload import Field
from ..models import CustomerValue, Kind, ReasonChosen, Role, SurveyField
from .dates import WHICH, EntryBound
from .fields import ChoiceField, EntryField, ScoreField
from .layout import helper, order
from .questions import question
from .reasons import ReasonsField, as_chosen
from .zones import CLOCK, of_the_agent

#: Customer fields of these kinds say who somebody is.
IDENTITIES = (Kind.EMAIL, Kind.IDENTIFIER, Kind.PHONE)
#: Inputs of the page that are not answers.
CONTROLS = frozenset(
    {
        *("submit_token", "revises", "next", "csrfmiddlewaretoken", "draft-version", "warn", "warned", "overrule"),
        *("call-outcome", "call-note", "call-back", "call-again", CLOCK),
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A valid form: typed answers, names as shown, and the keys under which CustomerGauge wants them.

    Moments are in UTC; `fields` are (role, key) in the order sent; `values` are what the payload is built from,
    by role (customer fields by key); `notes` say what was done to the text; `ignored` counts unknown inputs.
    """

    score: int
    comment: str
    sent_at: datetime | None
    completed_at: datetime | None
    time_zone: str
    contact: str
    workflow_status: str
    workflow_status_label: str
    reasons: list[ReasonChosen]
    customer: list[CustomerValue]
    fields: list[Field]
    values: dict[str, Any]
    notes: list[str]
    ignored: int


class EntryForm(forms.Form):
    """One survey result as the agent types it; inputs are named by role, customer fields by their API key."""

    bound_field_class: type[EntryBound] = EntryBound

    def __init__(
        self, data: QueryDict | None = None, *, agent: User, rows: Sequence[SurveyField] | None = None
    ) -> None:
        """rows: fields to be tried out, in order, instead of those that are active."""
        super().__init__(data, label_suffix="")
        self.agent = agent
        self.zone = of_the_agent()
        self.rows = list(SurveyField.objects.active() if rows is None else rows)
        for row in self.rows:
            if row.role != Role.REFERENCE:
                self.fields[input_name(row)] = question(row, self.zone)
            if row.role == Role.CUSTOMER and row.kind in IDENTITIES:
                self.fields[row.key].widget.attrs["data-identity"] = ""
        # A result without a score is none: it is asked even when its key is switched off and not sent.
        self.fields.setdefault(Role.SCORE, ScoreField(label="Score"))
        self.order_fields(order(self))
        self.helper = helper(self)

    @property
    def sent_zone(self) -> str:
        """The zone in which CustomerGauge gets the moments."""
        return str(settings.CUSTOMERGAUGE_TIME_ZONE)

    @property
    def customer_names(self) -> list[str]:
        """The inputs about the customer, in order."""
        return [row.key for row in self.rows if row.role == Role.CUSTOMER]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        self._refuse_repeated()
        self._check_reasons(data)
        self._check_order(data)
        return data

    def entry(self) -> Entry:
        """What the agent entered. Only for a valid form."""
        data = self.cleaned_data
        answers = [field for field in self.fields.values() if isinstance(field, EntryField)]
        return Entry(
            score=data[Role.SCORE],
            comment=data.get(Role.COMMENT, ""),
            sent_at=data.get(Role.SENT_AT),
            completed_at=data.get(Role.COMPLETED_AT),
            time_zone=self.zone.key,
            contact=data.get(Role.CONTACT, ""),
            workflow_status=data.get(Role.WORKFLOW_STATUS, ""),
            workflow_status_label=self._status_label(),
            reasons=as_chosen(data.get(Role.REASONS, []), data[Role.SCORE]),
            customer=self._customer(),
            fields=[Field(row.role, row.key) for row in self.rows],
            values=data | {Role.REASONS.value: [reason.code for reason in data.get(Role.REASONS, [])]},
            notes=[note for field in answers for note in field.notes],
            ignored=len(set(self.data) - set(self.fields) - {name + WHICH for name in self.fields} - CONTROLS),
        )

    def _refuse_repeated(self) -> None:
        if not isinstance(self.data, QueryDict):
            return
        for name, field in self.fields.items():
            if not isinstance(field, ReasonsField) and len(self.data.getlist(name)) > 1:
                self.add_error(name, f"{field.label} was sent more than once. Load the page anew and enter it once.")

    def _check_reasons(self, data: dict[str, Any]) -> None:
        field = self.fields.get(Role.REASONS)
        if not isinstance(field, ReasonsField) or data.get(Role.SCORE) is None:
            return
        try:
            field.fit(data.get(Role.REASONS, []), data[Role.SCORE])
        except ValidationError as error:
            self.add_error(Role.REASONS, error)

    def _check_order(self, data: dict[str, Any]) -> None:
        sent, completed = data.get(Role.SENT_AT), data.get(Role.COMPLETED_AT)
        if sent and completed and completed < sent:
            first, last = self.fields[Role.SENT_AT].label, self.fields[Role.COMPLETED_AT].label
            self.add_error(Role.COMPLETED_AT, f"{last} lies before “{first}”. Correct one of the two times.")

    def _status_label(self) -> str:
        field, code = self.fields.get(Role.WORKFLOW_STATUS), self.cleaned_data.get(Role.WORKFLOW_STATUS)
        return dict(field.choices)[code] if isinstance(field, ChoiceField) and code else ""

    def _customer(self) -> list[CustomerValue]:
        """The customer fields that were filled in."""
        rows = [row for row in self.rows if row.role == Role.CUSTOMER]
        texts = [_as_text(self.cleaned_data[row.key], self.zone) for row in rows]
        return [
            CustomerValue(key=row.key, label=row.label, kind=row.kind, value=text, personal=row.personal)
            for row, text in zip(rows, texts, strict=True)
            if text
        ]


def focus_on_error(form: forms.Form) -> None:
    """Give the focus to the first answer that is refused, unless something is said of the form as a whole."""
    refused = next((name for name in form.fields if name in form.errors), None)
    if refused and not form.non_field_errors():
        form.fields[refused].widget.attrs["autofocus"] = True


def input_name(row: SurveyField) -> str:
    """The name of the input that asks for a field: its role, for customer fields the API key."""
    return row.key if row.role == Role.CUSTOMER else row.role


def _as_text(value: str | int | date | datetime | None, zone: ZoneInfo) -> str:
    """A customer value as people read it; moments as the agent's clock showed them."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None).isoformat(sep=" ")
    return "" if value is None else str(value)
