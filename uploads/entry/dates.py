"""The fields of the entry form that ask for a day or a moment."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils import timezone

from . import moments
from .fields import EntryField

FUTURE_TOLERANCE = timedelta(minutes=5)


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


class LocalDateTimeField(EntryField):
    """A moment as the agent's clock shows it, in the agent's zone; cleaned to UTC."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"})

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


class SurveyDateTimeField(LocalDateTimeField):
    """A moment of the survey: not in the future beyond what clocks differ by, and not more than a year ago."""

    def read(self, value: str) -> datetime:
        moment, now = super().read(value), timezone.now()
        if moment > now + FUTURE_TOLERANCE:
            raise self.refuse("lies in the future. Choose a time that has passed.")
        if moment < now - timedelta(days=settings.SURVEY_MAX_AGE_DAYS):
            raise self.refuse(f"lies more than {settings.SURVEY_MAX_AGE_DAYS} days back. Check the year.")
        return moment
