"""The one connection to CustomerGauge as all workers see it, and the workers themselves."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from .audit import Action, AuditEvent

#: A worker that has not been heard of for this long is silent: the pages say so.
SILENT_AFTER = timedelta(seconds=60)

#: The circuit breaker opens at so many calls in a row that did not reach CustomerGauge, for a minute at first.
FAILURES_ALLOWED = 5
BREAK = timedelta(seconds=60)
LONGEST_BREAK = timedelta(minutes=15)


class Channel(models.Model):
    """One row: open, paused by evidence or a person, or waiting. Pausing touches no delivery.

    It is a circuit breaker too: after FAILURES_ALLOWED calls in a row that did not reach CustomerGauge everything
    waits, longer each time; then one delivery at a time tries whether it is back.
    """

    paused = models.BooleanField(default=False)
    evidence = models.CharField(max_length=40, blank=True, help_text="Why it is paused: a constant.")
    changed_at = models.DateTimeField(default=timezone.now)
    target = models.CharField(max_length=200, blank=True, help_text="Where the results go.")
    simulated = models.BooleanField(default=False, help_text="Whether that is the simulator.")
    resumed_at = models.DateTimeField(default=timezone.now)
    wait_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="Calls in a row that did not reach CustomerGauge.")
    down_since = models.DateTimeField(null=True, help_text="When the first of them failed.")
    version = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_channel")]
        permissions = [("pause_channel", "Can pause and resume sending"), ("see_health", "Can see the health page")]

    def __str__(self) -> str:
        return "channel to CustomerGauge"

    @classmethod
    def current(cls) -> Self:
        """The channel as it stands in the database now."""
        return cls.objects.get_or_create(pk=1)[0]

    @classmethod
    def clock(cls) -> datetime:
        """What the database's clock says: the one clock that all workers share."""
        return cls.objects.annotate(now=Now()).values_list("now", flat=True).get(pk=1)

    @property
    def is_open(self) -> bool:
        """Whether deliveries may start now."""
        return not self.paused and (self.wait_until is None or self.wait_until <= timezone.now())

    @property
    def is_doubtful(self) -> bool:
        """Whether CustomerGauge was out of reach lately: one delivery at a time tries whether it is back."""
        return self.failures >= FAILURES_ALLOWED

    def missed(self, actor: Any, evidence: str) -> None:
        """A call did not reach CustomerGauge. From the fifth in a row on, everything waits."""
        failures = self.failures + 1
        changes: dict[str, Any] = {"failures": failures, "down_since": self.down_since or timezone.now()}
        if failures < FAILURES_ALLOWED:
            self._set(None, actor, evidence, **changes)
        else:
            wait = min(BREAK * 2 ** min(failures - FAILURES_ALLOWED, 10), LONGEST_BREAK)
            self._set(Action.CHANNEL_DOWN, actor, evidence, wait_until=timezone.now() + wait, **changes)

    def reached(self, actor: Any) -> None:
        """CustomerGauge answered: whatever it said, it is there."""
        back = {"failures": 0, "down_since": None, "wait_until": None}
        self._set(Action.CHANNEL_BACK if self.is_doubtful else None, actor, "", **back)

    def aim(self, actor: Any, target: str, *, simulated: bool) -> bool:
        """Note where results go from now on, and whether that is the simulator."""
        return self._set(Action.CHANNEL_AIMED, actor, "", target=target, simulated=simulated)

    def pause(self, actor: Any, evidence: str) -> bool:
        """Stop all sending until a person resumes it. False if it was paused already."""
        return not self.paused and self._set(Action.CHANNEL_PAUSED, actor, evidence, paused=True, evidence=evidence)

    def resume(self, actor: Any) -> bool:
        """Let the workers send again, at once. False if it was open already."""
        changes = {"paused": False, "evidence": "", "wait_until": None, "failures": 0, "down_since": None}
        changes["resumed_at"] = timezone.now()
        return not self.is_open and self._set(Action.CHANNEL_RESUMED, actor, self.evidence, **changes)

    def wait(self, actor: Any, until: datetime, evidence: str) -> bool:
        """Start no delivery before `until`; a longer wait that is already agreed stays."""
        if self.wait_until and self.wait_until >= until:
            return False
        return self._set(Action.CHANNEL_WAITING, actor, evidence, wait_until=until)

    def _set(self, action: Action | None, actor: Any, outcome: str, **changes: Any) -> bool:
        changes |= {"changed_at": timezone.now(), "version": self.version + 1}
        with transaction.atomic(savepoint=False):
            if not Channel.objects.filter(pk=self.pk, version=self.version).update(**changes):
                return False
            if action:
                AuditEvent.objects.record(action, self, actor=actor, outcome=outcome)
        for name, value in changes.items():
            setattr(self, name, value)
        return True


class WorkerQuerySet(models.QuerySet["Worker"]):
    def heard_of(self) -> "WorkerQuerySet":
        """Workers that gave a sign of life within the last minute."""
        return self.filter(beat_at__gte=Now() - SILENT_AFTER)


class Worker(models.Model):
    """One running worker process and its last signs of life. The row goes when the worker stops cleanly."""

    name = models.CharField(primary_key=True, max_length=100)
    started_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField(default=timezone.now)
    progress_at = models.DateTimeField(default=timezone.now, help_text="When it last finished a round of work.")

    objects = WorkerQuerySet.as_manager()

    def __str__(self) -> str:
        return f"worker {self.name}"
