"""What a manager asks about an entry, and what its agent answers. Each step is an audit event that holds the words."""

import uuid
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils import timezone

from .append_only import AppendOnly, AppendOnlyQuerySet
from .audit import Action, AuditEvent
from .submission import Submission


class QuestionQuerySet(models.QuerySet["Question"]):
    def for_agent(self, agent: User) -> Self:
        """Questions about an agent's entries that wait for an answer, oldest first."""
        return self.filter(submission__agent=agent, status=Question.Status.OPEN).order_by("asked_at", "pk")

    def about(self, submission: Submission) -> Self:
        """All questions about one entry, oldest first, with everything that was said."""
        found = self.filter(submission=submission).select_related("submission").prefetch_related("remarks")
        return found.order_by("asked_at", "pk")


class Question(models.Model):
    """A conversation about one submission: open until the agent answers, then answered; closed when a manager says so.

    A manager may ask on after an answer, which opens it again. What is closed stays closed.
    """

    class Status(models.TextChoices):
        OPEN = "open", "Waits for an answer"
        ANSWERED = "answered", "Answered"
        CLOSED = "closed", "Closed"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="questions")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    asked_at = models.DateTimeField(default=timezone.now, help_text="When it was asked, or asked on, last.")
    version = models.PositiveIntegerField(default=0)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["status", "submission"], name="question_by_status")]  # reader: an agent's work

    def __str__(self) -> str:
        return f"question about {self.submission}"

    @property
    def open(self) -> bool:
        """Whether it waits for the agent."""
        return self.status == self.Status.OPEN

    @property
    def closed(self) -> bool:
        """Whether nothing more can be said."""
        return self.status == self.Status.CLOSED

    @property
    def newest(self) -> "Remark | None":
        """What was said last."""
        return next(reversed(self.remarks.all()), None)

    # -- steps: each True if it was still possible ----------------------------------------------------------

    @classmethod
    def ask(cls, submission: Submission, manager: User, text: str) -> "Question":
        """A new question."""
        with transaction.atomic():
            question = cls.objects.create(submission=submission)
            question._say(manager, text, Action.QUESTION_ASKED)
        return question

    def ask_on(self, manager: User, text: str) -> bool:
        """A further question after the answer, or a word more before it; the agent has to answer."""
        return self._step(manager, text, Action.QUESTION_ASKED, self.Status.OPEN, asked_at=timezone.now())

    def answer(self, agent: User, text: str) -> bool:
        """The agent's answer, or a word more after it."""
        return self._step(agent, text, Action.QUESTION_ANSWERED, self.Status.ANSWERED)

    def close(self, manager: User) -> bool:
        """Nothing more is to be said."""
        return self._step(manager, "", Action.QUESTION_CLOSED, self.Status.CLOSED)

    def _step(self, actor: User, text: str, action: Action, status: str, **changes: Any) -> bool:
        """Compare and set on the version that was seen, with the words and the event; False if somebody was first."""
        if self.closed:
            return False
        changes |= {"status": status, "version": self.version + 1}
        with transaction.atomic():
            if not Question.objects.filter(pk=self.pk, version=self.version).update(**changes):
                return False
            self._say(actor, text, action)
        for name, value in changes.items():
            setattr(self, name, value)
        return True

    def _say(self, actor: User, text: str, action: Action) -> None:
        name = actor.get_full_name() or actor.get_username()
        if text:
            Remark.objects.create(question=self, submission=self.submission, by=actor, by_name=name, text=text)
        body = {"question": str(self.uuid), "text": text} if text else {"question": str(self.uuid)}
        AuditEvent.objects.record(action, self.submission, actor=actor, body=body)


class Remark(AppendOnly):
    """What somebody said, in their words. Erasing what is kept about a person blanks it."""

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="remarks")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)
    at = models.DateTimeField(default=timezone.now)
    text = models.TextField()

    objects = AppendOnlyQuerySet["Remark"].as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"remark on {self.question}"
