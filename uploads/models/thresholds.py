"""From where on the portal says something: limits of the entry form's warnings and of the alerts by mail."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

#: A week in minutes: who is told later than that need not be told.
LATEST = 7 * 24 * 60


def _minutes(name: str, default: int, help_text: str) -> "models.PositiveIntegerField[int, int]":
    limits = [MinValueValidator(1), MaxValueValidator(LATEST)]
    return models.PositiveIntegerField(name, default=default, validators=limits, help_text=f"Minutes. {help_text}")


class Thresholds(models.Model):
    """One row; until somebody changes them the defaults hold."""

    survey_days = models.PositiveSmallIntegerField(
        "survey long ago", default=30, validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text="Days. The form asks for a second look if the survey was completed longer ago.",
    )  # fmt: skip
    comment_score = models.PositiveSmallIntegerField(
        "score that wants a comment", default=6, null=True, blank=True, validators=[MaxValueValidator(10)],
        help_text="Up to this score the form asks for the customer's words. Empty: it never asks.",
    )  # fmt: skip
    slow_minutes = _minutes("results wait", 15, "A mail goes out when the oldest result has waited for longer.")
    far_too_slow_minutes = _minutes("results wait far too long", 120, "From here on the mail is marked urgent.")
    out_of_reach_minutes = _minutes("CustomerGauge out of reach", 15, "A mail goes out when it has lasted for longer.")
    in_doubt_minutes = _minutes("unconfirmed results", 60, "A mail goes out when one has stayed so for longer.")
    export_rows = models.PositiveIntegerField(
        "large export", default=10_000, validators=[MinValueValidator(1), MaxValueValidator(100_000_000)],
        help_text="Results. A mail goes out when a file with as many was taken out.",
    )  # fmt: skip

    class Meta:
        verbose_name_plural = "thresholds"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_row_of_thresholds")]

    def __str__(self) -> str:
        return "thresholds"

    @classmethod
    def current(cls) -> "Thresholds":
        """The limits as they stand; the defaults if nobody has changed any."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    def clean(self) -> None:
        slow, far_too_slow = self.slow_minutes, self.far_too_slow_minutes
        if slow and far_too_slow and far_too_slow <= slow:
            raise ValidationError({"far_too_slow_minutes": "This must be longer than the first of the two waits."})

    def minutes(self, name: str) -> timedelta:
        """One of the limits in minutes, e.g. "slow"."""
        return timedelta(minutes=getattr(self, f"{name}_minutes"))
