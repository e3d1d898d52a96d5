"""How long what is kept: what has been let go after its time, on the record, and how far the daily look has come."""

from django.db import models

from .append_only import AppendOnly, AppendOnlyQuerySet
from .audit import AuditEvent


class Kept(models.TextChoices):
    """What is kept for a time of its own, the shortest first."""

    DRAFTS = "drafts", "Drafts"
    CALLS = "calls", "Calls without a survey"
    EXCHANGES = "exchanges", "Requests and replies"
    CONTENTS = "contents", "What was entered"
    FACTS = "facts", "The audit log"


#: Days for which the database itself refuses to let go: tries last 72 hours, look-ups another 15, corrections longer.
AT_LEAST = {Kept.EXCHANGES: 7, Kept.CONTENTS: 30, Kept.FACTS: 365}


class PruningQuerySet(AppendOnlyQuerySet["Pruning"]):
    pass


class Pruning(AppendOnly):
    """One batch that went because its time was over. Its event names kind, range and count too, and is sealed.

    first_id, last_id: of events (`exchanges`, `facts`) or of submissions (`contents`), both included.
    count: how many rows in this range went; the others are still there.
    root: for `facts` the Merkle root (RFC 6962, section 2.1) over the events of the range that stay, 32 bytes.
    mac: HMAC-SHA-256 over all of it with the key of the seals, 32 bytes.
    """

    event = models.OneToOneField(AuditEvent, primary_key=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kept.choices)
    first_id = models.PositiveBigIntegerField()
    last_id = models.PositiveBigIntegerField()
    count = models.PositiveIntegerField()
    root = models.BinaryField(default=b"")
    mac = models.BinaryField()

    objects = PruningQuerySet.as_manager()

    def __str__(self) -> str:
        return describe(self.kind, self.first_id, self.last_id, self.count)


class RetentionRun(models.Model):
    """How far the look through one kind has come, and when it was last through. May be lost: then it begins anew."""

    kind = models.CharField(primary_key=True, max_length=12, choices=Kept.choices)
    reached = models.PositiveBigIntegerField(default=0, help_text="Everything up to this id has been looked at.")
    removed = models.PositiveBigIntegerField(default=0, help_text="How many rows went in this look, or in the last.")
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"retention of {self.kind}"


def describe(kind: str, first: int, last: int, count: int) -> str:
    """What the event of a batch says; the database compares it with the row."""
    return f"{kind} {first} to {last}, {count}"
