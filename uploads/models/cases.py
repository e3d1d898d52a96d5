"""Close the loop: what somebody wants CustomerGauge to set on the case of a result, and its own delivery."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from . import writes
from .append_only import AppendOnly, AppendOnlyQuerySet
from .delivery import Attempt, AttemptKind, Delivery
from .outgoing import Outgoing, OutgoingQuerySet
from .states import NEEDS_PERSON, Cause, State
from .submission import Submission


class CaseUpdateQuerySet(AppendOnlyQuerySet["CaseUpdate"]):
    pass


class CaseUpdate(AppendOnly):
    """A status, a comment or an assignee for the case of a result (CustomerGauge, POST Workflow, 5000722474)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    token = models.UUIDField(unique=True, help_text="The form it came from: one form is one update.")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="case_updates")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=32, blank=True)
    status_label = models.CharField(max_length=64, blank=True)
    comment = models.TextField(blank=True)
    assigned_to = models.EmailField(blank=True)

    objects = CaseUpdateQuerySet.as_manager()

    def __str__(self) -> str:
        return f"case update {self.uuid.hex[:8]}"


class CaseDeliveryQuerySet(OutgoingQuerySet["CaseDelivery"]):
    def ready(self) -> "CaseDeliveryQuerySet":
        """Those whose turn it is: their result has its number, and nothing asked for before them is on its way.

        Everything about one record arrives in the order in which it was asked for: corrections that wait or are being
        sent, and case updates that somebody may still send.
        """
        earlier = CaseDelivery.objects.filter(
            result=models.OuterRef("result"), case_update_id__lt=models.OuterRef("case_update_id")
        ).exclude(state__in=(State.DELIVERED, State.CANCELLED, State.REJECTED))
        corrections = Delivery.objects.filter(
            state__in=(State.QUEUED, State.SENDING),
            amends=models.OuterRef("result__delivery__cg_id"),
            submission__created_at__lt=models.OuterRef("case_update__created_at"),
        )
        numbered = self.filter(result__delivery__state=State.DELIVERED).exclude(result__delivery__cg_id="")
        return numbered.exclude(models.Exists(earlier)).exclude(models.Exists(corrections))

    def orphaned(self) -> "CaseDeliveryQuerySet":
        """Those whose result will never have a number: it is not sent, or nobody knows its number."""
        numberless = models.Q(result__delivery__state=State.DELIVERED, result__delivery__cg_id="")
        return self.filter(models.Q(result__delivery__state=State.CANCELLED) | numberless, state=State.QUEUED)

    def need_person(self) -> "CaseDeliveryQuerySet":
        """Those that do not go on by themselves, oldest first."""
        waiting = self.filter(state__in=NEEDS_PERSON).order_by("case_update_id")
        return waiting.select_related("case_update__submission", "result__delivery")


class CaseDelivery(Outgoing):
    """The journey of one case update. It waits until its result has a number."""

    AREA = "case"

    case_update = models.OneToOneField(CaseUpdate, primary_key=True, on_delete=models.PROTECT, related_name="delivery")
    result = models.ForeignKey(
        Submission, on_delete=models.PROTECT, related_name="+", help_text="The result whose number it waits for."
    )

    objects = CaseDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "case deliveries"
        indexes = [models.Index(fields=["state", "priority", "next_at"], name="case_due")]  # reader: claim

    def __str__(self) -> str:
        return str(self.case_update)

    @property
    def subject(self) -> Submission:
        """The result whose case it is."""
        return self.case_update.submission

    @property
    def repeatable(self) -> bool:
        """Setting a status or an assignee twice changes nothing; a comment would stand there twice."""
        return not self.case_update.comment

    def open_attempt(self, worker: str, kind: AttemptKind | None = None) -> Attempt:
        """A call about to be made."""
        attempt = Attempt(case=self, worker=worker, kind=kind or AttemptKind.CASE)
        writes.insert(attempt)
        return attempt

    def succeed(self, cause: Cause, number: str) -> bool:
        """→ delivered: the case at CustomerGauge is as the update says."""
        return self._move(State.DELIVERED, cause)

    def vouch(self, cause: Cause) -> bool:
        """→ delivered at a person's word: the case is as the update says, whoever made it so."""
        return self._move(State.DELIVERED, cause)
