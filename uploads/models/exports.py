"""Files of results that a worker prepares: for the one who asked, for a day, and gone with the first erasure.

They are kept in the database, in packed pieces, and not on a disk: every machine can hand them out, nobody can guess
a name, nothing is left over when a machine is lost, and an erasure takes them in its own transaction.
"""

import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Q
from django.dispatch import Signal
from django.utils import timezone

from .audit import Action, AuditEvent, request_id
from .erasure import Erasure

#: How long a file can be fetched, and for how long after its end its row is listed.
KEPT, LISTED = timedelta(hours=24), timedelta(days=7)
#: Who prepares a file and has not been heard of for so long is gone.
SILENT = timedelta(minutes=2)
#: So often a file is begun; whoever prepares it may be killed each time.
TRIES = 3
#: Files of one person that wait, are being prepared or can be fetched.
MOST = 5
#: A file was asked for: sent after the commit, with no arguments; may be lost.
file_asked = Signal()


class TooMany(Exception):
    """The person has MOST files already."""


class PieceGone(Exception):
    """The file was removed while it was read."""


class ExportFileQuerySet(models.QuerySet["ExportFile"]):
    def under_way(self) -> "ExportFileQuerySet":
        """Those that wait or are being prepared."""
        return self.filter(status__in=(ExportFile.Status.WAITING, ExportFile.Status.RUNNING))

    def due(self) -> "ExportFileQuerySet":
        """Those that somebody should prepare, oldest first: nobody does, or whoever did has gone silent."""
        silent = Q(status=ExportFile.Status.RUNNING, beat_at__lt=timezone.now() - SILENT)
        return self.filter(silent | Q(status=ExportFile.Status.WAITING)).order_by("pk")

    def forget(self) -> None:
        """Something has been erased: no file may hold it. In the caller's transaction.

        What is ready goes; what is under way begins anew, from what is left.
        """
        for file in self.select_for_update().exclude(status__in=(ExportFile.Status.GONE, ExportFile.Status.FAILED)):
            if file.status == ExportFile.Status.READY:
                file.go("", "erased")
            else:
                file.tries = 0
                file.start_over()

    def tidy_up(self) -> None:
        """Remove what has expired, and forget what has been over for LISTED."""
        now = timezone.now()
        waited = Q(created_at__lt=now - KEPT, status=ExportFile.Status.WAITING)
        for file in self.filter(waited | Q(expires_at__lte=now, status=ExportFile.Status.READY)):
            with transaction.atomic():
                if file.hold(ExportFile.Status(file.status)):
                    file.go("exports", "expired")
        self.filter(ended_at__lt=now - LISTED).exclude(status=ExportFile.Status.READY).delete()


class ExportFile(models.Model):
    """One file: what was asked for, who prepares it, how far it is, how long it can be fetched."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being prepared"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        GONE = "gone", "Removed"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, help_text="Its format: csv, xlsx or jsonl.")
    filter = models.JSONField(default=dict, help_text="As it stood in the address; empty when it is needed no more.")
    recorded = models.JSONField(default=dict, help_text="The filter without the words that were searched for.")
    include = models.JSONField(default=list)
    request_id = models.CharField(max_length=32, blank=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    why = models.CharField(max_length=40, blank=True, help_text="Why it failed or is gone: a constant.")
    expected = models.PositiveIntegerField(null=True, help_text="Results that were counted when it was begun.")
    results = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes, unpacked.")
    pieces_made = models.PositiveIntegerField(default=0)
    maker = models.CharField(max_length=100, blank=True)
    beat_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    erasures = models.PositiveBigIntegerField(default=0, help_text="How many there were when it was begun.")
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    objects = ExportFileQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def is_over(self) -> bool:
        """Whether nothing changes any more but that it expires."""
        return self.status not in (self.Status.WAITING, self.Status.RUNNING)

    @property
    def can_be_fetched(self) -> bool:
        """Whether it is ready and has not expired."""
        return self.status == self.Status.READY and self.expires_at is not None and self.expires_at > timezone.now()

    # -- what its owner does ---------------------------------------------------------------------------------

    def ask(self) -> "ExportFile":
        """Save it, on the record; gives the one that stands: of the same there is one at a time. Raises TooMany."""
        with transaction.atomic():
            list(User.objects.select_for_update(no_key=True).filter(pk=self.owner_id))  # one request at a time
            own = ExportFile.objects.filter(owner=self.owner)
            same = own.under_way().filter(kind=self.kind)
            for other in same:
                if (other.filter, other.include) == (self.filter, self.include):
                    return other
            if own.filter(status__in=(self.Status.WAITING, self.Status.RUNNING, self.Status.READY)).count() >= MOST:
                raise TooMany
            self.request_id = request_id.get()
            self.save(force_insert=True)
            AuditEvent.objects.record(Action.EXPORT_ASKED, self, actor=self.owner, body=self.told)
            transaction.on_commit(lambda: file_asked.send_robust(ExportFile))
        return self

    def remove(self) -> bool:
        """Its owner needs it no more; False if it is gone or has failed."""
        with transaction.atomic():
            if not self.hold(self.Status.WAITING, self.Status.RUNNING, self.Status.READY):
                return False
            self.go(self.owner, "removed")
        return True

    @property
    def told(self) -> dict[str, Any]:
        """What the audit log says of it."""
        return {"filter": self.recorded, "format": self.kind, "include": self.include}

    def read(self) -> Iterator[bytes]:
        """Its bytes, piece by piece. Raises PieceGone if it is removed meanwhile."""
        for number in range(self.pieces_made):
            packed = self.pieces.filter(number=number).values_list("packed", flat=True).first()
            if packed is None:
                raise PieceGone(f"piece {number} of {self.uuid} is gone")
            yield zlib.decompress(packed)

    # -- what its maker does ---------------------------------------------------------------------------------

    def take(self, maker: str) -> bool:
        """Begin it, from the beginning; False if somebody else has, or if it has been begun too often."""
        with transaction.atomic(durable=True):
            if not self.hold(self.Status.WAITING, self.Status.RUNNING) or not self._is_due():
                return False
            if self.tries >= TRIES:
                self.end(self.Status.FAILED, "crashed", maker)
                return False
            self.start_over()
            self.status, self.maker, self.tries = self.Status.RUNNING, maker, self.tries + 1
            self.beat_at, self.erasures = timezone.now(), _erasures()
            self.save()
        return True

    def count(self, maker: str, expected: int) -> bool:
        """How many results it is going to hold; False if it is not the maker's any more."""
        return bool(self._mine(maker).update(expected=expected, beat_at=timezone.now()))

    def add(self, maker: str, data: bytes, results: int) -> bool:
        """Its next bytes, with how many results have been read by now; False if it is not the maker's any more."""
        with transaction.atomic(durable=True):
            size, number = self.size + len(data), self.pieces_made
            told = {"size": size, "results": results, "pieces_made": number + 1}
            if not self._mine(maker).update(**told, beat_at=timezone.now()):
                return False
            ExportPiece.objects.create(file=self, number=number, packed=zlib.compress(data, 1))
        self.size, self.results, self.pieces_made = size, results, number + 1
        return True

    def finish(self, maker: str) -> bool:
        """It is ready; False if it is not the maker's any more, or if something has been erased since it was begun."""
        with transaction.atomic(durable=True):
            if not self.hold(self.Status.RUNNING) or self.maker != maker:
                return False
            if self.erasures != _erasures():
                self.tries = 0
                self.start_over()
                return False
            self.end(self.Status.READY, "", maker)
        return True

    def fail(self, maker: str, why: str) -> None:
        """It cannot be prepared, and would not be the next time."""
        with transaction.atomic(durable=True):
            if self.hold(self.Status.RUNNING) and self.maker == maker:
                self.end(self.Status.FAILED, why, maker)

    # -- how it is changed: in a transaction, with its row held ----------------------------------------------

    def hold(self, *statuses: "ExportFile.Status") -> bool:
        """Hold its row, as it is now, until the transaction ends; whether it is in one of the states."""
        self.refresh_from_db(from_queryset=ExportFile.objects.select_for_update())
        return self.status in statuses

    def start_over(self) -> None:
        """Nobody prepares it, and nothing of it is there."""
        self.pieces.all().delete()
        self.status, self.maker, self.beat_at, self.expected = self.Status.WAITING, "", None, None
        self.results = self.size = self.pieces_made = 0
        self.save()

    def end(self, status: "ExportFile.Status", why: str, actor: Any) -> None:
        """It is ready or has failed, on the record."""
        self.status, self.why, self.ended_at, self.filter = status, why, timezone.now(), {}
        self.expires_at = self.ended_at + KEPT if status == self.Status.READY else None
        if status == self.Status.FAILED:
            self.pieces.all().delete()
        self.save()
        action = Action.EXPORT_MADE if status == self.Status.READY else Action.EXPORT_FAILED
        self._record(action, actor, why, self.told | {"results": self.results, "bytes": self.size})

    def go(self, actor: Any, why: str) -> None:
        """Remove its bytes, on the record."""
        self.pieces.all().delete()
        self.status, self.why, self.maker, self.filter = self.Status.GONE, why, "", {}
        self.ended_at = timezone.now()
        self.save()
        self._record(Action.EXPORT_REMOVED, actor, why)

    def _record(self, action: Action, actor: Any, outcome: str, body: dict[str, Any] | None = None) -> None:
        with under(self.request_id):
            AuditEvent.objects.record(action, self, actor=actor, outcome=outcome, body=body)

    def _is_due(self) -> bool:
        return self.beat_at is None or self.beat_at < timezone.now() - SILENT

    def _mine(self, maker: str) -> ExportFileQuerySet:
        return ExportFile.objects.filter(pk=self.pk, status=self.Status.RUNNING, maker=maker)


class ExportPiece(models.Model):
    """Some bytes of a file, packed (zlib)."""

    file = models.ForeignKey(ExportFile, on_delete=models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    packed = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="export_piece_once")]

    def __str__(self) -> str:
        return f"piece {self.number} of {self.file_id}"


@contextmanager
def under(number: str) -> Iterator[None]:
    """Events within carry this request id: of the request that began it all."""
    token = request_id.set(number or request_id.get())
    try:
        yield
    finally:
        request_id.reset(token)


def _erasures() -> int:
    """How many there have been. One that began before a file and was committed after is told by its number."""
    return Erasure.objects.count()
