"""Calls that ended without a survey, and the calls to be made again. Nothing of this goes to CustomerGauge."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from .lookups import Lookup, LookupQuerySet


class CallOutcome(Lookup):
    """How a call may end without a survey; administrators keep the list."""

    label = models.CharField(max_length=64, unique=True)
    call_back = models.BooleanField(default=False, help_text="Whether the agent gives a time to call again.")

    objects = LookupQuerySet["CallOutcome"].as_manager()

    class Meta:
        ordering = ["position", "label"]

    def __str__(self) -> str:
        return self.label


class CallQuerySet(models.QuerySet["Call"]):
    def to_call_back(self, agent: object) -> "CallQuerySet":
        """An agent's open call-backs, the next one first."""
        return self.filter(agent=agent, call_back_at__isnull=False, done_at=None).order_by("call_back_at")


class Call(models.Model):
    """One call without a survey: who, when, how it ended, and when to call again."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    token = models.UUIDField(unique=True, help_text="The form it came from: one form is one call.")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    agent_name = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now)
    outcome = models.ForeignKey(CallOutcome, on_delete=models.PROTECT, related_name="+")
    outcome_label = models.CharField(max_length=64)
    customer = models.JSONField(default=list, help_text="[{key, label, kind, value, personal}] as filled in.")
    note = models.CharField(max_length=500, blank=True)
    call_back_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True, help_text="When somebody called back, or gave up.")

    objects = CallQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["agent", "call_back_at"], name="call_back"),  # reader: the agent's call-backs
            models.Index(fields=["created_at"], name="call_newest"),  # reader: counts of the day
        ]

    def __str__(self) -> str:
        return f"call {self.uuid.hex[:8]}"
