"""The fields of the entry form that ask for a day or a moment."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.forms import BoundField
from django.utils import timezone

from . import moments
from .fields import EntryField

FUTURE_TOLERANCE = timedelta(minutes=5)
#: What the name of an input for a moment ends with that says which of two times it is.
WHICH = "-which"


class DateField(EntryField):
    """A calendar date, ISO 8601."""

    widget = forms.DateInput(attrs={"type": "date"})

    def empty(self) -> date | None:
        return None

    def read(self, value: str) -> date:
        try:
            return moments.read_date(value)
        except moments.Refused as refused:
            raise self.refuse(str(refused)) from refused


class MomentInput(forms.DateTimeInput):
    """A date with a time, and beside it, if clocks show that time twice, which of the two it is.

    Both together are one text, such as `2026-10-25T02:30 second`.
    """

    def __init__(self) -> None:
        super().__init__(attrs={"type": "datetime-local"})

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        typed, which = super().value_from_datadict(data, files, name), data.get(name + WHICH)
        return f"{typed} {which}" if typed and which in moments.WHICH else typed

    def format_value(self, value: Any) -> str | None:
        return moments.parted(value)[0] if isinstance(value, str) else super().format_value(value)


class LocalDateTimeField(EntryField):
    """A moment as the agent's clock shows it, in the agent's zone; cleaned to UTC."""

    widget = MomentInput

    def __init__(self, *, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.zone = zone

    def empty(self) -> datetime | None:
        return None

    def read(self, value: str) -> datetime:
        try:
            return moments.read_moment(value, self.zone)
        except moments.Refused as refused:
            raise self.refuse(str(refused)) from refused


class EntryBound(BoundField):
    """A field on the page, which asks for more if it holds a time that came twice."""

    @property
    def which(self) -> Sequence[tuple[str, bool]]:
        """The answers to choose from, each with whether it is chosen; none if there is nothing to ask."""
        zone, typed = getattr(self.field, "zone", None), str(self.value() or "")
        if zone is None or not moments.comes_twice(typed, zone):
            return ()
        chosen = moments.parted(typed)[1]
        return [(which, which == chosen) for which in moments.WHICH]


class SurveyDateTimeField(LocalDateTimeField):
    """A moment of the survey: not in the future beyond what clocks differ by, and not more than a year ago."""

    def read(self, value: str) -> datetime:
        moment, now = super().read(value), timezone.now()
        if moment > now + FUTURE_TOLERANCE:
            raise self.refuse("lies in the future. Choose a time that has passed.")
        if moment < now - timedelta(days=settings.SURVEY_MAX_AGE_DAYS):
            raise self.refuse(f"lies more than {settings.SURVEY_MAX_AGE_DAYS} days back. Check the year.")
        return moment
