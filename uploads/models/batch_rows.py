"""The rows of a list of results.

Their words stay here only until the row is saved as a result, left out, or nobody has touched the list for a week.
"""

import uuid
from collections.abc import Iterable
from typing import Self

from django.db import models

from .customers import CustomerKey
from .submission import Submission


class BatchRowQuerySet(models.QuerySet["BatchRow"]):
    def naming(self, identities: Iterable[tuple[str, str]]) -> list["BatchRow"]:
        """The rows not saved yet in which a cell is one of the identities (kind, value in its comparable form)."""
        wanted = list(identities)
        unsaved = self.exclude(state=BatchRow.State.SAVED).select_related("batch__agent").order_by("pk")
        if not wanted:
            return []
        return [row for row in unsaved.iterator(chunk_size=1000) if row.names(wanted)]

    def forget(self, rows: Iterable["BatchRow"]) -> int:
        """Delete rows that are not saved; gives how many there were."""
        gone, _ = self.filter(pk__in=[row.pk for row in rows]).exclude(state=BatchRow.State.SAVED).delete()
        return gone


class BatchRow(models.Model):
    """One row of a list. Once it is saved as a result it holds no words any more."""

    class State(models.TextChoices):
        NEW = "new", "To be checked"
        GOOD = "good", "Can be saved"
        WARNED = "warned", "Asks for a decision"
        BAD = "bad", "Wrong"
        CHOSEN = "chosen", "To be saved"
        SAVED = "saved", "Saved"

    batch = models.ForeignKey("uploads.Batch", on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(help_text="Of the line, as a spreadsheet counts them.")
    cells = models.JSONField(default=list)
    state = models.CharField(max_length=6, choices=State.choices, default=State.NEW)
    kinds = models.CharField(max_length=100, blank=True, help_text="Codes of its warnings, with commas.")
    told = models.JSONField(default=list, help_text="[sentence] about what is wrong or unlikely.")
    sameness = models.CharField(max_length=64, blank=True, help_text="Equal for rows that say the same.")
    submission = models.ForeignKey(Submission, null=True, on_delete=models.PROTECT, related_name="+")

    objects = BatchRowQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["batch", "state", "number"], name="batch_rows_by_state")]  # reader: work, lists
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="one_row_of_a_number")]

    def __str__(self) -> str:
        return f"row {self.number} of {self.batch}"

    @property
    def token(self) -> uuid.UUID:
        """The submit token of the result it becomes: always the same, so that it becomes one at most."""
        return uuid.uuid5(self.batch.uuid, str(self.number))

    def names(self, identities: Iterable[tuple[str, str]]) -> bool:
        """Whether a cell is one of the identities."""
        return any(
            value and CustomerKey.normal(kind, str(cell))[:254] == value
            for kind, value in identities
            for cell in self.cells
        )

    def became(self, submission: Submission) -> Self:
        """Note the result it was saved as, and give up its words; not yet written."""
        self.state, self.submission = self.State.SAVED, submission
        self.cells, self.told, self.kinds, self.sameness = [], [], "", ""
        return self
