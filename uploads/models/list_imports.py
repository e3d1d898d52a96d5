"""Rows that are to become part of a list, whoever gave them: kept until somebody has seen what they would change."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

#: What nobody has applied for so long is forgotten.
KEPT = timedelta(days=7)


class ListImportQuerySet(models.QuerySet["ListImport"]):
    def waiting(self) -> "ListImportQuerySet":
        """Those for which a worker is to ask CustomerGauge."""
        return self.filter(source=ListImport.Source.CUSTOMERGAUGE, answered_at=None)

    def answer(self, rows: Iterable[Mapping[str, str]], evidence: str = "") -> int:
        """CustomerGauge has given its list, or none (then `evidence` says why); gives how many waited for it."""
        found = [dict(row) for row in rows]
        return self.waiting().update(rows=found, evidence=evidence, answered_at=timezone.now())

    def forget_old(self) -> None:
        """Let go of what is older than a week: what came of it is on the record."""
        self.filter(created_at__lt=timezone.now() - KEPT).delete()


class ListImport(models.Model):
    """One list as it was read in; it changes nothing before it is applied."""

    class Source(models.TextChoices):
        FILE = "file", "a file"
        CUSTOMERGAUGE = "customergauge", "CustomerGauge"
        SAMPLE = "sample", "the account's sample"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    list_name = models.CharField(max_length=32, help_text="The list it is for, e.g. reasoncode.")
    source = models.CharField(max_length=16, choices=Source.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    rows = models.JSONField(default=list, help_text="[{column: text}] as they came.")
    answered_at = models.DateTimeField(null=True, help_text="When the rows were there; empty: a worker is to ask.")
    evidence = models.CharField(max_length=40, blank=True, help_text="Why CustomerGauge gave no list: a constant.")
    applied_at = models.DateTimeField(null=True)

    objects = ListImportQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="list_import_by_age")]  # reader: forget_old

    def __str__(self) -> str:
        return f"import {self.uuid.hex[:8]}"
