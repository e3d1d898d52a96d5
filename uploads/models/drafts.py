"""What an agent has typed and not yet saved: kept on the server, so that no crash and no sign-out loses it."""

import uuid

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from .submission import Submission


class DraftQuerySet(models.QuerySet["Draft"]):
    def of(self, agent: User) -> "DraftQuerySet":
        """An agent's own drafts, the one touched last first."""
        return self.filter(agent=agent).order_by("-updated_at")


class Draft(models.Model):
    """One form that is being filled in. It goes in the transaction that saves its submission.

    `token` is the form's submit token: a draft and the submission it becomes can never both exist.
    """

    token = models.UUIDField(primary_key=True, default=uuid.uuid4)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    revises = models.ForeignKey(Submission, null=True, on_delete=models.PROTECT, related_name="+")
    values = models.JSONField(default=dict, help_text="{input name: [text, …]} as typed.")
    version = models.PositiveIntegerField(default=1, help_text="Counts the saves: of two tabs the second is told.")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = DraftQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["agent", "-updated_at"], name="draft_by_agent")]  # reader: own drafts

    def __str__(self) -> str:
        return f"draft {self.token.hex[:8]}"
