"""Many results at once: a list that was read in, and how its columns were understood."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, models, transaction
from django.dispatch import Signal
from django.utils import timezone

from .audit import Action, AuditEvent, request_id
from .batch_rows import BatchRow

#: A list that nobody has touched for so long is thrown away.
KEPT = timedelta(days=7)
#: A list waits to be checked or saved: sent after the commit, with no arguments; may be lost.
work_waits = Signal()
#: The worker gives a turn to whoever checks and saves lists; each receiver gives whether there is more to do.
turn = Signal()


class BatchQuerySet(models.QuerySet["Batch"]):
    def of(self, agent: User) -> "BatchQuerySet":
        """An agent's own lists, the newest first."""
        return self.filter(agent=agent).order_by("-pk")

    def under_way(self) -> "BatchQuerySet":
        """Those that a worker should carry on with, oldest first."""
        return self.filter(status__in=Batch.BUSY).select_related("agent").order_by("pk")

    def forget_old(self) -> int:
        """Throw away what nobody has touched for too long; gives how many lists."""
        old = list(self.exclude(status__in=Batch.BUSY).filter(changed_at__lt=timezone.now() - KEPT).order_by("pk"))
        for batch in old:
            with transaction.atomic():
                if batch.status != Batch.Status.DONE:
                    AuditEvent.objects.record(Action.BATCH_DISCARDED, batch, actor="retention", body=batch.tally())
                batch.delete()
        return len(old)


class Batch(models.Model):
    """One list of results that an agent pasted or uploaded.

    The audit events of the results made of it have its request id.
    """

    class Status(models.TextChoices):
        COLUMNS = "columns", "Columns to be named"
        CHECKING = "checking", "Being checked"
        CHECKED = "checked", "Checked"
        SAVING = "saving", "Being saved"
        DONE = "done", "Done"

    BUSY = frozenset({Status.CHECKING, Status.SAVING})

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    token = models.UUIDField(unique=True, help_text="The form it came from: pressed twice it is still one.")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100, help_text="Of the file, or what it was.")
    first = models.JSONField(default=list, help_text="The titles of the columns; empty texts if it has none.")
    titled = models.BooleanField(default=True, help_text="Whether the first line holds the titles.")
    columns = models.JSONField(default=list, help_text="For each column the input it fills, or an empty text.")
    dates = models.CharField(max_length=3, default="iso", help_text="How dates are written: iso, dmy or mdy.")
    overruled = models.JSONField(default=dict, help_text="{code of a warning: why its rows are saved all the same}")
    left_out = models.PositiveIntegerField(default=0)
    request_id = models.CharField(max_length=32)
    time_zone = models.CharField(max_length=64, help_text="Of the clock by which its times were written.")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.COLUMNS)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = "list of results"
        verbose_name_plural = "lists of results"
        indexes = [models.Index(fields=["agent", "-id"], name="batch_by_agent")]  # reader: own lists

    def __str__(self) -> str:
        return f"list {self.uuid.hex[:8]}"

    @property
    def is_busy(self) -> bool:
        """Whether the worker has something to do for it."""
        return self.status in self.BUSY

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.first)

    def tally(self) -> dict[str, int]:
        """How many rows are in each state; states without a row are left out."""
        counted = self.rows.order_by().values_list("state").annotate(models.Count("pk"))
        return {str(state): number for state, number in counted}

    # -- what the agent does ---------------------------------------------------------------------------------

    def begin(self, rows: Iterable[tuple[int, Sequence[str]]]) -> "Batch":
        """Save it with its rows (number, cells); gives the one that stands: the same form again adds nothing.

        `first` holds the first line; if that are no titles, it becomes a row like the others.
        """
        self.request_id = request_id.get() or uuid.uuid4().hex
        self.time_zone = timezone.get_current_timezone_name()
        try:
            with transaction.atomic():
                self.save(force_insert=True)
                self._move_first(titled=self.titled)
                made = [BatchRow(batch=self, number=number, cells=list(cells)) for number, cells in rows]
                BatchRow.objects.bulk_create(made, batch_size=500)
                AuditEvent.objects.record(Action.BATCH_READ, self, actor=self.agent, body={"rows": len(made)})
        except IntegrityError:
            return Batch.objects.get(token=self.token, agent=self.agent)
        return self

    def read_as(self, columns: Sequence[str], dates: str, *, titled: bool) -> bool:
        """Have every row that is not saved checked, read in this way. False while a worker has it in hand."""
        with self.held({self.Status.COLUMNS, self.Status.CHECKED}) as mine:
            if not mine:
                return False
            self.columns, self.dates, self.titled = list(columns), dates, titled
            self._move_first(titled=titled)
            self.rows.exclude(state=BatchRow.State.SAVED).update(
                state=BatchRow.State.NEW, kinds="", told=[], sameness=""
            )
            self._turn_to(self.Status.CHECKING)
        return True

    def save_rows(self, overruled: Mapping[str, str]) -> int:
        """Have the good rows saved, and those of whose warnings every one is overruled; gives how many.

        overruled: why, by the code of the warning. 0 if there are none, or if a worker has it in hand.
        """
        with self.held({self.Status.CHECKED}) as mine:
            if not mine:
                return 0
            warned = self.rows.filter(state=BatchRow.State.WARNED)
            combinations = warned.order_by().values_list("kinds", flat=True).distinct()
            wanted = [kinds for kinds in combinations if set(kinds.split(",")) <= set(overruled)]
            good = self.rows.filter(state=BatchRow.State.GOOD)
            chosen = (good | warned.filter(kinds__in=wanted)).update(state=BatchRow.State.CHOSEN)
            if chosen:
                self.overruled = dict(overruled)
                body = {"rows": chosen, "overruled": self.overruled}
                AuditEvent.objects.record(Action.BATCH_SAVING, self, actor=self.agent, body=body)
                self._turn_to(self.Status.SAVING)
        return chosen

    def stop(self) -> bool:
        """Save no more rows; what is saved stays. False if that was over."""
        with self.held({self.Status.SAVING}) as mine:
            if mine:
                chosen = self.rows.filter(state=BatchRow.State.CHOSEN)
                chosen.filter(kinds="").update(state=BatchRow.State.GOOD)
                chosen.exclude(kinds="").update(state=BatchRow.State.WARNED)
                AuditEvent.objects.record(Action.BATCH_STOPPED, self, actor=self.agent, body=self.tally())
                self._turn_to(self.Status.CHECKED)
        return mine

    def finish(self) -> bool:
        """Forget every row that is not saved. False while a worker has it in hand; a second time changes nothing."""
        with self.held({self.Status.COLUMNS, self.Status.CHECKED, self.Status.DONE}) as mine:
            if mine and self.status != self.Status.DONE:
                self._end(self.agent)
        return mine

    # -- what the worker does --------------------------------------------------------------------------------

    @contextmanager
    def held(self, states: Iterable["Batch.Status"]) -> Iterator[bool]:
        """Nobody else changes it or its rows within the block, which learns whether it is in one of the states."""
        with transaction.atomic():
            here = Batch.objects.select_for_update().filter(pk=self.pk).first()
            if here:  # it may have been thrown away
                self.refresh_from_db()
            yield bool(here) and self.status in {state.value for state in states}

    def end_check(self) -> None:
        """Every row has been checked. Within `held`."""
        self._turn_to(self.Status.CHECKED)

    def end_saving(self) -> None:
        """Every row that was to be saved is. Within `held`."""
        if self.rows.exclude(state=BatchRow.State.SAVED).exists():
            self._turn_to(self.Status.CHECKED)
        else:
            self._end(self.agent)

    def _move_first(self, *, titled: bool) -> None:
        """Keep the first line where it belongs: with the titles, or as row 1, which goes when that row is saved."""
        head = self.rows.filter(number=1).first()
        if titled and head and head.state != BatchRow.State.SAVED:
            self.first = head.cells
            head.delete()
        elif not titled and not head:
            BatchRow.objects.create(batch=self, number=1, cells=self.first)
            self.first = [""] * self.width
            self.save(update_fields=["first"])

    def _end(self, actor: Any) -> None:
        tally = self.tally()
        rest = self.rows.exclude(state=BatchRow.State.SAVED)
        self.left_out = rest.count()
        rest.delete()
        self.first = []
        AuditEvent.objects.record(Action.BATCH_DONE, self, actor=actor, body=tally)
        self._turn_to(self.Status.DONE)

    def _turn_to(self, status: "Batch.Status") -> None:
        self.status, self.changed_at = status, timezone.now()
        self.save()
        if self.is_busy:
            transaction.on_commit(lambda: work_waits.send_robust(Batch))


class ColumnMapping(models.Model):
    """How an agent last read the columns of a list with these titles."""

    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    titles = models.CharField(max_length=64, help_text="SHA-256 of the titles, in any order.")
    columns = models.JSONField(default=dict, help_text="{title: input, or an empty text}")
    dates = models.CharField(max_length=3, default="iso")
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "titles"], name="one_mapping_of_titles")]

    def __str__(self) -> str:
        return f"columns {self.titles[:8]} of {self.agent_id}"
