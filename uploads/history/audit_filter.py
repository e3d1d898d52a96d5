"""The questions people ask of the audit log: an address’s query becomes narrowed events, or a sentence."""

import re
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Concat

from ..models import (
    Action,
    Bulk,
    Call,
    CaseUpdate,
    ExportFile,
    ReasonCode,
    Submission,
    SurveyField,
    WorkflowStatus,
)
from ..models.audit import AuditEventQuerySet
from .address import AddressFilter

#: Areas of what can happen, by the beginning of the action's name.
AREAS = {
    "session": "Sign-in",
    "access": "Refused pages",
    "user": "People and roles",
    "lookup": "Lists",
    "submission": "Results",
    "delivery": "Deliveries",
    "attempt": "Calls to CustomerGauge",
    "case": "Cases",
    "bulk": "Decisions about many",
    "batch": "Lists of results",
    "call": "Calls without a survey",
    "history": "Exports",
    "person": "Erasures of a person",
    "anonymise": "Requests to anonymise",
    "retention": "Retention",
    "view": "Kept views",
    "question": "Questions",
    "channel": "Connection",
    "worker": "Workers",
    "alert": "Mails",
    "audit": "The audit log",
}
#: What has a number that people read out (the first eight of its digits, or all), and what has a name of its own.
NUMBERED: tuple[type[models.Model], ...] = (Submission, Call, CaseUpdate, Bulk, ExportFile)
NAMED: dict[type[models.Model], str] = {
    User: "username",
    ReasonCode: "code",
    WorkflowStatus: "code",
    SurveyField: "key",
}
DIGITS = 32

Thing = tuple[str, str]


def area(action: str) -> str:
    """The first part of an action's name."""
    return action.partition(".")[0]


def _actions() -> list[tuple[str, Any]]:
    """Every area with its actions, for a list to choose from."""
    grouped: dict[str, list[tuple[str, str]]] = {}
    for action in Action:
        grouped.setdefault(area(action), []).append(
            (action.value, f"{str(action.label)[:1].upper()}{action.label[1:]}")
        )
    named = ((AREAS.get(name, name.capitalize()), name, members) for name, members in grouped.items())
    return [(label, [(name, f"{label}: everything"), *members]) for label, name, members in sorted(named)]


def things(text: str) -> list[Thing]:
    """What a person may mean by a number, a user name or a code, as (kind, id); nothing if there is no such thing."""
    if found := re.fullmatch(r"([a-z]{1,32}):([\w-]{1,40})", text, re.ASCII):
        return [(found[1], found[2])]
    named = (model._default_manager.filter(**{f"{field}__iexact": text}) for model, field in NAMED.items())
    candidates = [*named]
    digits = text.rpartition(" ")[2].replace("-", "").lower()  # "result 5f0c12ab" as well
    if re.fullmatch(r"[0-9a-f]{8}|[0-9a-f]{32}", digits):
        span = UUID(digits.ljust(DIGITS, "0")), UUID(digits.ljust(DIGITS, "f"))
        candidates += [model._default_manager.filter(uuid__range=span) for model in NUMBERED]
    return [
        (str(rows.model._meta.model_name), str(pk))
        for rows in candidates
        for pk in rows.values_list("pk", flat=True)[:9]
    ]


class AuditFilter(AddressFilter):
    """The filter of the audit log."""

    field_order = ("what", "who", "about", "since", "until")
    #: What an empty box shows.
    HINTS: Mapping[str, str] = {"who": "a user name", "about": "a result’s number, a user, a code"}

    what = forms.ChoiceField(
        label="What", required=False,
        error_messages={"invalid_choice": "Nothing of this name is recorded. Choose it from the list."},
    )  # fmt: skip
    who = forms.CharField(label="Who", required=False, max_length=150)
    about = forms.CharField(label="About", required=False, max_length=80)
    request = forms.CharField(
        label="Request id", required=False, max_length=32,
        validators=[RegexValidator(r"\A[0-9a-f]+\Z", "A request id has digits and letters from a to f only.")],
    )  # fmt: skip
    outcome = forms.CharField(
        label="Outcome", required=False, max_length=40,
        validators=[RegexValidator(r"\A[A-Za-z0-9_]+\Z", "Write it as the entry shows it, for example complete.")],
    )  # fmt: skip

    def prepare(self) -> None:
        self.fields["what"].choices = [("", "Anything"), *_actions()]  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            field.widget.attrs["autocomplete"] = "off"
            if name in self.HINTS:
                field.widget.attrs["placeholder"] = self.HINTS[name]
            if name in ("who", "outcome"):
                field.widget.attrs["list"] = f"known_{name}"

    def clean_about(self) -> list[Thing]:
        text: str = self.cleaned_data["about"]
        found = things(text) if text else []
        if text and not found:
            raise ValidationError("There is no result, person or list entry of this name. Copy it from its page.")
        return found

    def actions(self) -> list[str]:
        """The actions that are asked for; empty for any."""
        what = self.cleaned_data["what"]
        return [action.value for action in Action if what in (action.value, area(action))] if what else []

    def narrow(self, events: AuditEventQuerySet) -> AuditEventQuerySet:
        """The events that answer everything but `what`; none if the filter is invalid."""
        if not self.is_valid():
            return events.none()
        asked = self.cleaned_data
        events = events.filter(**self.between("at"))
        if asked["about"]:
            events = events.filter(_any_of(asked["about"]))
        if asked["request"]:
            events = events.filter(request_id=asked["request"])
        if asked["who"]:
            one_thing = asked["about"] or asked["request"]
            events = (
                beside(events, "actor_name", [asked["who"]]) if one_thing else events.filter(actor_name=asked["who"])
            )
        if asked["outcome"]:
            outcome = asked["outcome"]
            events = beside(events, "outcome", [outcome]) if self.is_narrow else events.filter(outcome=outcome)
        return events

    @property
    def is_narrow(self) -> bool:
        """Whether it asks for one thing, one request or one person (not a worker), of which there are few events."""
        asked = self.cleaned_data
        return bool(asked["about"] or asked["request"] or (asked["who"] and ":" not in asked["who"]))


def beside(events: AuditEventQuerySet, column: str, values: list[str]) -> AuditEventQuerySet:
    """Those with one of the values in a column, whose index shall not be taken for it.

    Of one thing, request or person there are few events; of an action or an outcome there may be a million.
    """
    return events.alias(**{f"{column}_text": Concat(column, Value(""))}).filter(**{f"{column}_text__in": values})


def _any_of(found: Collection[Thing]) -> Q:
    asked = Q(pk__in=[])
    for kind, pk in found:
        asked |= Q(object_type=kind, object_id=pk)
    return asked
