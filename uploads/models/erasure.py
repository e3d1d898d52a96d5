"""Which submissions have been erased: the row that lets the database give up their content, and nothing else's."""

from django.db import models
from django.utils import timezone

from .append_only import AppendOnly, AppendOnlyQuerySet
from .audit import AuditEvent
from .submission import Submission


class Erasure(AppendOnly):
    """One submission whose content is gone, at whose request (a constant, no name), and the event that says so."""

    submission = models.OneToOneField(Submission, primary_key=True, on_delete=models.PROTECT, related_name="erasure")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=40)
    event = models.ForeignKey(AuditEvent, on_delete=models.PROTECT, related_name="+")

    objects = AppendOnlyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"erasure of {self.submission}"
