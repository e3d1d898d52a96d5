"""Calls without a survey: noting how one ended, calling again when the time has come, and taking it off the list."""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_POST, require_safe

from ..models import Call, CallOutcome, CustomerValue, Role, SurveyField
from ..roles import ENTER, may, required
from . import text
from .dates import EntryBound, LocalDateTimeField
from .due import called_again, due
from .fields import ChoiceField, NameField
from .form import EntryForm, focus_on_error
from .kept import keeps_what_was_typed
from .own import agent_of, read_uuid
from .reasons import ReasonsField
from .sheet import NOT_SAVED, STALE, Sheet
from .submit import TokenTaken, stored
from .text import TextClass
from .zones import by_its_clock, of_the_agent

log = logging.getLogger(__name__)
#: How far ahead a call may be put off.
LATEST = timedelta(days=90)
#: The input that names the call-back which is being made.
AGAIN = "call-again"
DROPPED = "dropped"
ANSWERS = {Role.SCORE.value: "a score", Role.COMMENT.value: "a comment", Role.REASONS.value: "reasons"}


class CallForm(forms.Form):
    """How a call without a survey ended. Its inputs stand on the entry form; the customer's fields are as there."""

    bound_field_class = EntryBound

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, prefix="call")
        self.outcomes = list(CallOutcome.objects.active())
        self.zone = of_the_agent()
        choices = [(str(outcome.pk), outcome.label) for outcome in self.outcomes]
        self.fields["outcome"] = ChoiceField(label="How the call ended", choices=choices)
        self.fields["note"] = NameField(label="Note", longest=500, required=False)
        self.fields["back"] = LocalDateTimeField(label="Call back at", zone=self.zone, required=False)

    @property
    def plain(self) -> list[CallOutcome]:
        """The ways to end a call for good."""
        return [outcome for outcome in self.outcomes if not outcome.call_back]

    @property
    def later(self) -> list[CallOutcome]:
        """The ways to put it off."""
        return [outcome for outcome in self.outcomes if outcome.call_back]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        outcome = next((row for row in self.outcomes if str(row.pk) == self.data.get("call-outcome")), None)
        if outcome and "back" in data:
            self._check_time(outcome, data)
        if found := [words for name, words in ANSWERS.items() if (self.data.get(name) or "").strip()]:
            self.add_error(None, f"The form holds {' and '.join(found)}. Save it as a result, or clear that first.")
        return data | {"outcome": outcome, "customer": self._customer()}

    def _check_time(self, outcome: CallOutcome, data: dict[str, Any]) -> None:
        moment, now = data["back"], timezone.now().replace(second=0, microsecond=0)
        if outcome.call_back and moment is None:
            self.add_error("back", "Call back at is missing. Give the day and the time.")
        elif not outcome.call_back and moment:
            self.add_error(
                "back", f"“{outcome.label}” takes no time to call back. Clear it, or choose another outcome."
            )
        elif moment and moment < now:
            self.add_error("back", "Call back at has passed already. Choose a later time.")
        elif moment and moment > now + LATEST:
            self.add_error("back", f"Call back at lies more than {LATEST.days} days ahead. Choose an earlier day.")

    def _customer(self) -> list[CustomerValue]:
        """The customer's fields as typed: nothing is required, and only what no text may contain is refused."""
        values = []
        for row in SurveyField.objects.active().filter(role=Role.CUSTOMER):
            try:
                typed = text.clean(self.data.get(row.key, ""), TextClass.NAME, row.max_length).text
            except text.Refused as refused:
                self.add_error(None, f"{row.label} {refused}")
                continue
            if typed:
                values.append(
                    CustomerValue(key=row.key, label=row.label, kind=row.kind, value=typed, personal=row.personal)
                )
        return values


@require_POST
@keeps_what_was_typed
@required(ENTER)
@by_its_clock
def record_call(request: HttpRequest) -> HttpResponseBase:
    """Note how the call ended and open the next form (302); with a sentence the same form comes back (422, 503)."""
    agent, form = agent_of(request), CallForm(request.POST)
    token, status = read_uuid(request.POST.get("submit_token", "")), 422
    try:
        if token and (saved := stored(token, agent)):
            messages.info(request, "This form was saved before, as a result. Here it is.")
            return redirect("submission", saved.uuid)
        if token and form.is_valid():
            messages.success(request, _told(_note(form, agent, token)))
            return redirect("new")
    except TokenTaken:
        token = None
    except DatabaseError:
        log.exception("a call could not be noted")
        form.add_error(None, NOT_SAVED)
        status = 503
    if token is None:
        form.add_error(None, STALE)
    focus_on_error(form)
    entry = _kept(EntryForm(agent=agent), request.POST)
    return _sheet(request).show(entry, token or uuid.uuid4(), status, call_form=form)


def call_again(request: HttpRequest) -> HttpResponseBase:
    """The entry form for a call that is made again (`?call=`), filled with its customer. 404 if it is not one's own."""
    call = get_object_or_404(Call, uuid=read_uuid(request.GET["call"]), agent=agent_of(request))
    form = EntryForm(agent=agent_of(request))
    form.initial = {field["key"]: field["value"] for field in call.customer}
    return _sheet(request).show(form, uuid.uuid4(), notes=[_promised(call)])


@require_POST
@required(ENTER)
def call_done(request: HttpRequest, uuid: uuid.UUID) -> HttpResponseBase:
    """Take a call-back of one's own off the list without calling."""
    call = get_object_or_404(Call, uuid=uuid, agent=agent_of(request), call_back_at__isnull=False)
    call.settle(agent_of(request), DROPPED)
    messages.success(request, f"Off the list: {call.customer_name or 'the call'}.")
    return redirect("own")


@require_safe
def calls_due(request: HttpRequest) -> HttpResponse:
    """The calls that are due, for an open page: 204 while it reads the same, and for who may not see them (any more),
    because a reload would take away what somebody is typing."""
    if not may(request.user, ENTER):
        return HttpResponse(status=204)
    found = due(agent_of(request))
    if request.GET.get("calls-seen") == found.seen:
        return HttpResponse(status=204)
    return render(request, "entry/_due.html", {"due": found, "fragment": True})


def _note(form: CallForm, agent: User, token: uuid.UUID) -> Call:
    data = form.cleaned_data
    with transaction.atomic():
        called_again(agent, form.data.get(AGAIN, ""))
        return Call.objects.note(
            agent, token, data["outcome"], customer=data["customer"], note=data["note"], call_back_at=data["back"]
        )


def _told(call: Call) -> str:
    who = f", {call.customer_name}" if call.customer_name else ""
    if call.call_back_at is None:
        return f"Noted: {call.outcome_label}{who}."
    return f"Noted: {call.outcome_label}{who}, {_when(call.call_back_at)}."


def _promised(call: Call) -> str:
    """What the last call came to, for who calls again."""
    promised = f", to call back at {_when(call.call_back_at)}" if call.call_back_at else ""
    told = f"{call.outcome_label} on {_when(call.created_at)}{promised}."
    return f"{told} Your note: {call.note}" if call.note else told


def _when(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j F, H:i")


def _sheet(request: HttpRequest) -> Sheet:
    return Sheet(request, agent_of(request), None, "submission", reverse("new"))


def _kept(form: EntryForm, data: QueryDict) -> EntryForm:
    """The form with everything that was typed, without judging any of it."""
    form.initial = {
        name: data.getlist(name) if isinstance(field, ReasonsField) else data[name]
        for name, field in form.fields.items()
        if name in data
    }
    return form
