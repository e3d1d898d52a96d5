"""One decision for everything that matches a filter: counted first, carried out by the worker, chunk by chunk."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class BulkQuerySet(models.QuerySet["Bulk"]):
    def running(self) -> "BulkQuerySet":
        """Those that a worker should carry on with, oldest first."""
        return self.filter(status=Bulk.Status.RUNNING).order_by("pk")


class Bulk(models.Model):
    """A manager's decision about many deliveries: the filter as it was counted, and how far it has come.

    Its children are audit events with the same request id.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waits for a second manager"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    token = models.UUIDField(unique=True, help_text="The form it came from: pressed twice it is still one.")
    decision = models.CharField(max_length=10)
    states = models.JSONField(default=list)
    cause = models.CharField(max_length=40, blank=True, help_text="Only those with this evidence; empty: any.")
    counted_at = models.DateTimeField(help_text="What came into its state later was not counted, and stays.")
    counted = models.PositiveIntegerField()
    reason = models.CharField(max_length=500)
    manager = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    request_id = models.CharField(max_length=32, unique=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RUNNING)
    reached = models.PositiveBigIntegerField(default=0, help_text="All submissions up to this id have been handled.")
    done = models.PositiveIntegerField(default=0)
    passed_over = models.PositiveIntegerField(default=0, help_text="Somebody else was first.")
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = BulkQuerySet.as_manager()

    class Meta:
        verbose_name = "bulk decision"

    def __str__(self) -> str:
        return f"bulk decision {self.uuid.hex[:8]}"
