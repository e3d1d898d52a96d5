"""Which submissions have been erased: the row that lets the database give up their content, and nothing else's."""

from collections.abc import Iterable

from django.db import models
from django.utils import timezone

from .append_only import AppendOnly, AppendOnlyQuerySet
from .audit import AuditEvent
from .submission import Submission


class ErasureReason(models.TextChoices):
    """Why something is erased: a constant, so that nothing about the person stays in the reason."""

    PERSON_ASKED = "person_asked", "The person asked for it"
    CONSENT_WITHDRAWN = "consent_withdrawn", "The person withdrew their consent"
    WRONGLY_ENTERED = "wrongly_entered", "It should never have been entered"
    AUTHORITY_ORDERED = "authority_ordered", "A court or an authority ordered it"
    NOT_NEEDED = "not_needed", "It is not needed any more"
    REAPPLIED = "reapplied", "It had been erased before, and a backup brought it back"
    RETENTION = "retention", "It had been kept for its time"

    @property
    def is_given(self) -> bool:
        """Whether a person gives it; the others come from the portal itself."""
        return self not in (ErasureReason.REAPPLIED, ErasureReason.RETENTION)


class ErasureQuerySet(AppendOnlyQuerySet["Erasure"]):
    def among(self, submissions: Iterable[Submission]) -> set[int]:
        """Which of the submissions are erased, by primary key."""
        keys = [submission.pk for submission in submissions]
        return set(self.filter(submission__in=keys).values_list("submission_id", flat=True))


class Erasure(AppendOnly):
    """One submission whose content is gone, at whose request (a constant, no name), and the event that says so."""

    submission = models.OneToOneField(Submission, primary_key=True, on_delete=models.PROTECT, related_name="erasure")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=40)
    event = models.ForeignKey(AuditEvent, on_delete=models.PROTECT, related_name="+")

    objects = ErasureQuerySet.as_manager()

    class Meta:
        permissions = [("erase_person", "Can erase what is kept about a person")]

    def __str__(self) -> str:
        return f"erasure of {self.submission}"

    @property
    def reason_label(self) -> str:
        """The reason in words."""
        return str(dict(ErasureReason.choices).get(self.reason, self.reason))
