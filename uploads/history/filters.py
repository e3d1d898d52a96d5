"""The questions managers ask of the list: an address's query becomes a narrowed queryset, or a sentence."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Exists, F, OuterRef, Subquery
from django.http import QueryDict
from django.utils.timezone import get_current_timezone

from ..models import Delivery, State, Submission
from ..models.submission import SubmissionQuerySet

#: Score bands of the Net Promoter Score: first and last score of each.
BANDS = {"detractor": (0, 6), "passive": (7, 8), "promoter": (9, 10)}

EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
YEARS = f"Choose a day from {EARLIEST.year} to {LATEST.year}."


def _day(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        validators=[MinValueValidator(EARLIEST, YEARS), MaxValueValidator(LATEST, YEARS)],
        error_messages={"invalid": "This is not a day of the calendar. Write it as 2026-11-23."},
    )


def _choice(label: str, anything: str, what: str, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        required=False,
        choices=[("", anything), *choices],
        error_messages={"invalid_choice": f"There is no such {what}. Choose one from the list."},
    )


class HistoryFilter(forms.Form):
    """The filter as it stands in the address; every field may be empty.

    A value that is no answer to its question makes the form invalid: it is never left out silently, because
    then the list would show more than was asked for.
    """

    state = _choice("State", "Any state", "state", State.choices)
    since = _day("From")
    until = _day("To")
    agent = _choice("Agent", "All agents", "agent", [])
    band = _choice(
        "Score",
        "Any score",
        "score band",
        [(name, f"{name.capitalize()}s {first}–{last}") for name, (first, last) in BANDS.items()],
    )

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self._given = data
        # Names are compared in Python: whatever stands in the address never reaches the database.
        entered = Submission.objects.filter(agent=OuterRef("pk"))
        agents = User.objects.filter(Exists(entered)).order_by("username")
        choices = [(user.get_username(), user.get_full_name() or user.get_username()) for user in agents]
        self.fields["agent"].choices = [("", "All agents"), *choices]  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            look = "form-control" if isinstance(field, forms.DateField) else "form-select"
            faulty = "is-invalid" if name in self.errors else ""
            field.widget.attrs["class"] = f"{look} {look}-sm {faulty}"

    @property
    def active(self) -> bool:
        """Whether the filter asks for anything."""
        return any(self.data.get(name) for name in self.fields)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        for name in self.fields:
            if len(set(self._given.getlist(name))) > 1:
                self.add_error(name, "The address asks for several of these. Choose one.")
        since, until = given.get("since"), given.get("until")
        if since and until and since > until:
            self.add_error("until", "The last day lies before the first. Swap the two.")
        return given

    def narrow(self, submissions: SubmissionQuerySet) -> SubmissionQuerySet:
        """The submissions that answer the filter; none if the filter is invalid. Days are days of the portal's zone."""
        if not self.is_valid():
            return submissions.none()
        asked = self.cleaned_data
        if asked["state"]:
            submissions = _in_state(submissions, asked["state"])
        if asked["since"]:
            submissions = submissions.filter(created_at__gte=_midnight(asked["since"]))
        if asked["until"]:
            submissions = submissions.filter(created_at__lt=_midnight(asked["until"] + timedelta(days=1)))
        if asked["agent"]:
            submissions = submissions.filter(agent__username=asked["agent"])
        if asked["band"]:
            # Plus nothing, so that SQLite reads by date: a band's rows, gathered by score, would all have to be sorted.
            submissions = submissions.alias(points=F("score") + 0).filter(points__range=BANDS[asked["band"]])
        return submissions


def _in_state(submissions: SubmissionQuerySet, state: str) -> SubmissionQuerySet:
    """Rare states are looked up; delivered is nearly every row, so its newest are found soonest by reading by date."""
    if state == State.DELIVERED:
        own = Delivery.objects.filter(submission=OuterRef("pk")).values("state")
        return submissions.alias(now=Subquery(own)).filter(now=state)
    return submissions.filter(delivery__state=state)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=get_current_timezone())
