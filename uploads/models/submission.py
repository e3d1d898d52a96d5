"""What an agent entered: written once, never changed. A correction is a new revision beside the old one."""

import secrets
import uuid
from typing import TypedDict

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .append_only import AppendOnly, AppendOnlyQuerySet

#: How `payload` is laid out; a worker leaves alone what is newer than it knows.
PAYLOAD_VERSION = 1


class ReasonChosen(TypedDict):
    """A reason as it was offered: later renames do not reach it."""

    code: str
    label: str


class CustomerValue(TypedDict):
    """A customer field as it was filled in, with the name it had that day."""

    key: str
    label: str
    kind: str
    value: str
    personal: bool


class Contact(models.TextChoices):
    """Whether the customer wishes to be contacted; empty means that nobody asked."""

    YES = "Y", "Yes"
    NO = "N", "No"
    __empty__ = "Not asked"


def new_reference() -> str:
    """128 random bits: names a submission towards CustomerGauge without saying anything about a person."""
    return secrets.token_hex(16)


class SubmissionQuerySet(AppendOnlyQuerySet["Submission"]):
    def newest_first(self) -> "SubmissionQuerySet":
        """The one order of every list; (created_at, id) is stable and indexed."""
        return self.order_by("-created_at", "-id")


class Submission(AppendOnly):
    """One survey result, with the request body frozen as it will be sent."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submit_token = models.UUIDField(unique=True, help_text="The form it came from: one form is one submission.")
    reference = models.CharField(max_length=32, unique=True, default=new_reference)
    revision_of = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="revision"
    )  # fmt: skip
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="submissions")
    agent_name = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now)

    score = models.PositiveSmallIntegerField()
    comment = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    time_zone = models.CharField(max_length=64, help_text="The zone the dates were entered in.")
    contact = models.CharField(max_length=1, blank=True, choices=Contact.choices)
    workflow_status = models.CharField(max_length=32, blank=True)
    workflow_status_label = models.CharField(max_length=64, blank=True)
    reasons = models.JSONField(default=list, help_text="[{code, label}] as chosen.")
    customer = models.JSONField(default=list, help_text="[{key, label, kind, value, personal}] as filled in.")

    payload = models.JSONField(help_text="[[key, value]] in the order sent.")
    payload_version = models.PositiveSmallIntegerField(default=PAYLOAD_VERSION)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["created_at", "id"], name="submission_newest"),  # reader: history list
            models.Index(
                fields=["agent", "created_at", "id"], name="submission_by_agent"
            ),  # reader: an agent's own list
            models.Index(
                fields=["workflow_status", "created_at", "id"], name="submission_by_workflow"
            ),  # reader: filter
            models.Index(fields=["contact", "created_at", "id"], name="submission_by_contact"),  # reader: filter
        ]
        constraints = [models.CheckConstraint(condition=Q(score__range=(0, 10)), name="score_from_0_to_10")]
        permissions = [
            ("enter_submission", "Can enter survey results and see their own"),
            ("review_submission", "Can review everybody's submissions"),
        ]

    def __str__(self) -> str:
        return f"submission {self.short_id}"

    @property
    def short_id(self) -> str:
        """Eight characters that a person can read out."""
        return self.uuid.hex[:8]

    @property
    def reference_key(self) -> str:
        """The API key under which the reference is sent; empty if the account has no field for it."""
        return next((key for key, value in self.payload if value == self.reference), "")

    @property
    def band(self) -> str:
        """promoter (9-10), passive (7-8) or detractor (0-6): the Net Promoter bands."""
        return "promoter" if self.score >= 9 else "passive" if self.score >= 7 else "detractor"

    @property
    def customer_name(self) -> str:
        """Who it is about, as far as the fields tell: their names, else the first field filled in."""
        names = [field["value"] for field in self.customer if field["kind"] == "text" and field["personal"]]
        return " ".join(names) or next((field["value"] for field in self.customer), "")
