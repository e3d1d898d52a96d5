"""The workers and their signs of life."""

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

#: A worker that has not been heard of for this long is silent: the pages say so.
SILENT_AFTER = timedelta(seconds=60)


class WorkerQuerySet(models.QuerySet["Worker"]):
    def heard_of(self) -> "WorkerQuerySet":
        """Workers that gave a sign of life within the last minute."""
        return self.filter(beat_at__gte=Now() - SILENT_AFTER)


class Worker(models.Model):
    """One running worker process and its last signs of life. The row goes when the worker stops cleanly."""

    name = models.CharField(primary_key=True, max_length=100)
    started_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField(default=timezone.now)
    progress_at = models.DateTimeField(default=timezone.now, help_text="When it last wrote or claimed anything.")
    metrics = models.TextField(blank=True, help_text="Its counters in Prometheus's text format.")

    objects = WorkerQuerySet.as_manager()

    def __str__(self) -> str:
        return f"worker {self.name}"
