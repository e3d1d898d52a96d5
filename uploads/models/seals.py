"""Seals over the audit log: each commits to a batch of events and to the seal before it."""

from django.db import models
from django.utils import timezone

from .append_only import AppendOnly, AppendOnlyQuerySet


class AuditSeal(AppendOnly):
    """One batch of events, sealed.

    merkle_root: over the canonical events of the batch (RFC 6962, section 2.1), 32 bytes.
    hash: over everything in this row before it, with the hash of the seal before; 32 bytes.
    mac: HMAC-SHA-256 of `hash` with a key that is not in the database; 32 bytes.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    first_event = models.PositiveBigIntegerField()
    last_event = models.PositiveBigIntegerField()
    count = models.PositiveIntegerField()
    merkle_root = models.BinaryField()
    previous = models.BinaryField()
    at = models.DateTimeField(default=timezone.now)
    code_version = models.CharField(max_length=20)
    hash = models.BinaryField()
    mac = models.BinaryField()

    objects = AppendOnlyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"seal {self.number}"
