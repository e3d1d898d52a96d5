"""What an agent has typed and not yet saved: kept on the server, so that no crash and no sign-out loses it."""

import uuid

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from .submission import Submission

Values = dict[str, list[str]]


class Clash(Exception):
    """The draft was saved from elsewhere since; `version` is the one that stands."""

    def __init__(self, version: int) -> None:
        super().__init__(f"version {version} stands")
        self.version = version


class NotYours(Exception):
    """The draft belongs to another agent."""


class DraftQuerySet(models.QuerySet["Draft"]):
    def of(self, agent: User) -> "DraftQuerySet":
        """An agent's own drafts, the one touched last first."""
        return self.filter(agent=agent).order_by("-updated_at")

    def alone(self, agent: User) -> None:
        """Until the caller's transaction ends, nothing else of the agent's is kept or saved.

        So a draft that is kept late and the submission it became cannot miss each other.
        """
        list(User.objects.select_for_update(no_key=True).filter(pk=agent.pk).values_list("pk"))

    def keep(
        self, agent: User, token: uuid.UUID, values: Values, version: int | None, revises: Submission | None = None
    ) -> int:
        """Keep what was typed; gives the new version. Call `alone` first.

        version: the one that was typed over, 0 for none, None for whichever stands. Raises Clash, NotYours.
        """
        draft = self.filter(token=token).first()
        if draft is None:
            new = self.create(token=token, agent=agent, revises=revises, values=values, version=(version or 0) + 1)
            return new.version
        if draft.agent_id != agent.pk:
            raise NotYours
        if version is not None and version != draft.version:
            raise Clash(draft.version)
        draft.values, draft.version, draft.updated_at = values, draft.version + 1, timezone.now()
        draft.save(update_fields=["values", "version", "updated_at"])
        return draft.version


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
