"""Calls that ended without a survey, and the calls to be made again. Nothing of this goes to CustomerGauge."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from .audit import Action, AuditEvent
from .drafts import Draft
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
    def to_call_back(self, agent: User) -> "CallQuerySet":
        """An agent's open call-backs, the next one first."""
        return self.filter(agent=agent, call_back_at__isnull=False, done_at=None).order_by("call_back_at")

    def due(self, agent: User) -> "CallQuerySet":
        """Those of them whose time has come."""
        return self.to_call_back(agent).filter(call_back_at__lte=timezone.now())

    def note(self, agent: User, token: uuid.UUID, outcome: CallOutcome, **said: Any) -> "Call":
        """Write down how a call ended; what was typed into its form is no draft any more. One form is one call.

        `said`: customer, note, call_back_at. Raises IntegrityError if the token is somebody else's.
        """
        name = agent.get_full_name() or agent.get_username()
        try:
            with transaction.atomic():
                call = self.create(
                    agent=agent, agent_name=name, token=token, outcome=outcome, outcome_label=outcome.label, **said
                )
                Draft.objects.filter(token=token, agent=agent).delete()
                body = {"how": outcome.label, "call_back_at": call.call_back_at}
                AuditEvent.objects.record(Action.CALL_RECORDED, call, actor=agent, body=body)
        except IntegrityError:
            if earlier := self.filter(token=token, agent=agent).first():
                return earlier
            raise
        return call


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

    @property
    def customer_name(self) -> str:
        """Whom to call, as far as the fields tell: their names, else the first field filled in, else nothing."""
        names = [field["value"] for field in self.customer if field["kind"] == "text" and field["personal"]]
        return " ".join(names) or next((field["value"] for field in self.customer), "")

    @property
    def is_due(self) -> bool:
        """Whether the time to call again has come."""
        return self.call_back_at is not None and self.done_at is None and self.call_back_at <= timezone.now()

    def settle(self, agent: User, how: str) -> bool:
        """Take it off the list of calls to make; `how` is a constant. False if that was done before."""
        now = timezone.now()
        with transaction.atomic():
            if not type(self).objects.filter(pk=self.pk, done_at=None).update(done_at=now):
                return False
            AuditEvent.objects.record(Action.CALL_DONE, self, actor=agent, outcome=how)
        self.done_at = now
        return True
