"""Asking CustomerGauge to anonymise a person who was erased here, as a delivery of its own."""

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from . import writes
from .delivery import Attempt, AttemptKind
from .outgoing import Outgoing, OutgoingQuerySet
from .states import FINAL, NEEDS_PERSON, Cause, State
from .submission import Submission


class AnonymisationQuerySet(OutgoingQuerySet["Anonymisation"]):
    def need_person(self) -> "AnonymisationQuerySet":
        """Those that do not go on by themselves, oldest first."""
        return self.filter(state__in=NEEDS_PERSON).order_by("pk")


class Anonymisation(Outgoing):
    """The wish that CustomerGauge anonymise whoever has an e-mail address.

    CustomerGauge is asked by e-mail or telephone only, not by a record's number (POST Anonymize Contact, support
    article 5000897828). So the address outlives the erasure here, in this row alone, until the row is through.
    """

    AREA = "anonymise"
    keeps_proof: ClassVar[bool] = False

    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, related_name="anonymisations",
        help_text="The newest erased result that carried the address; its story tells of it.",
    )  # fmt: skip
    certificate = models.BigIntegerField(db_index=True, help_text="Number of the certificate: the event's key.")
    asked_at = models.DateTimeField(default=timezone.now)
    email = models.EmailField(blank=True, help_text="Empty once the row is through.")

    objects = AnonymisationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "priority", "next_at"], name="anonymisation_due")]  # reader: claim

    def __str__(self) -> str:
        return f"anonymisation {self.pk}"

    @property
    def subject(self) -> Submission:
        """The erased result in whose story it stands."""
        return self.submission

    @property
    def repeatable(self) -> bool:
        """Whoever is anonymised already stays so."""
        return True

    def open_attempt(self, worker: str, kind: AttemptKind | None = None) -> Attempt:
        """A call about to be made."""
        attempt = Attempt(anonymisation=self, worker=worker, kind=kind or AttemptKind.ANONYMISE)
        writes.insert(attempt)
        return attempt

    def succeed(self, cause: Cause, number: str) -> bool:
        """→ delivered: CustomerGauge took the request."""
        return self._move(State.DELIVERED, cause)

    def vouch(self, cause: Cause) -> bool:
        """→ delivered at a person's word: the person is anonymised there, whoever did it."""
        return self._move(State.DELIVERED, cause)

    def reject(self, cause: Cause) -> bool:
        """sending → failed: there is nothing in it to correct, but the account may allow tomorrow what it refuses now,
        so a manager can send it again."""
        return self.fail(cause)

    def _move(self, to: State, cause: Cause, **changes: Any) -> bool:
        return super()._move(to, cause, **changes, **({"email": ""} if to in FINAL else {}))
