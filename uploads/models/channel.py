"""The one connection to CustomerGauge as all workers see it, and the workers themselves."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from .audit import Action, AuditEvent, Body
from .outage import Outage

#: A worker that has not been heard of for this long is silent: the pages say so.
SILENT_AFTER = timedelta(seconds=60)

#: The circuit breaker opens for a minute at first, twice as long each further time.
BREAK = timedelta(seconds=60)
LONGEST_BREAK = timedelta(minutes=15)
#: How long one worker may take for the probe before another may try.
PROBE = timedelta(seconds=40)
#: So many calls at once end the slow start.
FULL_SPEED = 64


class Channel(models.Model):
    """One row: paused by evidence or a person, or under the circuit breaker, or waiting. Touches no delivery.

    The breaker: *closed* while `breaks` is 0. When calls fail in a row it *opens*: nothing is sent until
    `wait_until`. Then it is *half-open*: one worker probes with a harmless GET; if that is answered, one delivery
    goes (`ramp` 1). Its success closes the breaker, and each further one doubles `ramp` until full speed.
    """

    paused = models.BooleanField(default=False)
    evidence = models.CharField(max_length=40, blank=True, help_text="Why it is paused or broken: a constant.")
    changed_at = models.DateTimeField(default=timezone.now)
    target = models.CharField(max_length=200, blank=True, help_text="Where the results go.")
    simulated = models.BooleanField(default=False, help_text="Whether that is the simulator.")
    resumed_at = models.DateTimeField(default=timezone.now, help_text="Earlier failures count no longer.")
    wait_until = models.DateTimeField(null=True)
    shut_since = models.DateTimeField(null=True, help_text="Since when nothing could be sent.")
    breaks = models.PositiveIntegerField(default=0, help_text="Times in a row that the breaker has opened.")
    ramp = models.PositiveSmallIntegerField(null=True, help_text="Calls at once in each worker; empty: no limit.")
    rate_at = models.DateTimeField(null=True, help_text="Up to when the agreed rate has been used.")
    skew = models.IntegerField(default=0, help_text="Seconds by which our clock is ahead of CustomerGauge's.")
    test_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    test_asked_at = models.DateTimeField(null=True)
    tested_at = models.DateTimeField(null=True)
    test_passed = models.BooleanField(default=False)
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

    # -- questions -----------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether deliveries may start now (how many at once: `room`)."""
        return not self.paused and not self.needs_probe and not self._waits

    @property
    def is_doubtful(self) -> bool:
        """Whether CustomerGauge could not be reached or did not make sense lately."""
        return self.breaks > 0

    @property
    def needs_probe(self) -> bool:
        """Whether the breaker is half-open and nobody has probed yet."""
        return not self.paused and self.breaks > 0 and self.ramp is None and not self._waits

    @property
    def test_wanted(self) -> bool:
        """Whether somebody has asked for a test of the connection that has not been made yet."""
        asked, done = self.test_asked_at, self.tested_at
        return asked is not None and (done is None or done < asked)

    @property
    def test_counts(self) -> bool:
        """Whether a test has passed since sending was paused."""
        return bool(self.test_passed and self.tested_at and self.tested_at >= self.changed_at)

    @property
    def _waits(self) -> bool:
        return self.wait_until is not None and self.wait_until > timezone.now()

    def room(self, idle: int, busy: int) -> int:
        """How many more calls a worker may begin that has so many idle threads and so many calls under way."""
        if not self.is_open:
            return 0
        return idle if self.ramp is None else max(0, min(idle, self.ramp - busy))

    # -- the circuit breaker -------------------------------------------------------------------------------

    def trip(self, actor: Any, evidence: str) -> bool:
        """Open the breaker, or open it again: everything waits, longer each time."""
        now = timezone.now()
        wait = min(BREAK * 2 ** min(self.breaks, 10), LONGEST_BREAK)
        return self._set(
            Action.CHANNEL_DOWN, actor, evidence, evidence=self.evidence if self.paused else evidence,
            breaks=self.breaks + 1, ramp=None, wait_until=now + wait, shut_since=self.shut_since or now,
        )  # fmt: skip

    def begin_probe(self) -> bool:
        """Be the one worker that probes. False if another is."""
        return self._set(None, "", "", wait_until=timezone.now() + PROBE)

    def probed(self, actor: Any, evidence: str, *, answered: bool) -> bool:
        """The probe is over: let one delivery try, or wait again."""
        if answered:
            return self._set(None, actor, evidence, ramp=1, wait_until=None)
        return self.trip(actor, evidence)

    def succeeded(self, actor: Any) -> bool:
        """A call was processed: close the breaker, and go on faster."""
        ramp = None if self.ramp is None or self.ramp * 2 >= FULL_SPEED else self.ramp * 2
        if not self.breaks:
            return self._set(None, actor, "", ramp=ramp)
        changes = {"breaks": 0, "ramp": ramp, "wait_until": None, "evidence": "", "resumed_at": timezone.now()}
        return self._reopen(Action.CHANNEL_BACK, actor, changes)

    # -- pausing, waiting, testing -------------------------------------------------------------------------

    def pause(self, actor: Any, evidence: str) -> bool:
        """Stop all sending until a person resumes it. False if it was paused already."""
        since = self.shut_since or timezone.now()
        return not self.paused and self._set(
            Action.CHANNEL_PAUSED, actor, evidence, paused=True, evidence=evidence, shut_since=since
        )

    def resume(self, actor: Any) -> bool:
        """Let the workers send again, slowly at first. False if nothing was stopped."""
        if not self.paused and not self.breaks and not self._waits:
            return False
        changes = {"paused": False, "evidence": "", "wait_until": None, "breaks": 0, "ramp": 1}
        return self._reopen(Action.CHANNEL_RESUMED, actor, changes | {"resumed_at": timezone.now()})

    def wait(self, actor: Any, until: datetime, evidence: str) -> bool:
        """Start no delivery before `until`; a longer wait that is already agreed stays."""
        if self.wait_until and self.wait_until >= until:
            return False
        return self._set(Action.CHANNEL_WAITING, actor, evidence, wait_until=until)

    def ask_test(self, user: User) -> bool:
        """Ask a worker to test the connection."""
        return self._set(Action.TEST_ASKED, user, "", keep=True, test_by_id=user.pk, test_asked_at=timezone.now())

    def tested(self, actor: Any, evidence: str, body: Body, *, passed: bool) -> bool:
        """A worker has tested the connection; `body` holds the steps."""
        changes = {"tested_at": timezone.now(), "test_passed": passed}
        return self._set(Action.CHANNEL_TESTED, actor, evidence, body=body, keep=True, **changes)

    def note_skew(self, seconds: int) -> bool:
        """Write down how far our clock is ahead of CustomerGauge's (at most a day)."""
        return self._set(None, "", "", skew=max(-86_400, min(seconds, 86_400)))

    def aim(self, actor: Any, target: str, *, simulated: bool) -> bool:
        """Note where results go from now on, and whether that is the simulator."""
        return self._set(Action.CHANNEL_AIMED, actor, "", target=target, simulated=simulated)

    def allot(self, wanted: int, rate: float) -> int:
        """How many of `wanted` calls may begin now, if all workers together begin `rate` a second (0: any number).

        A bucket that holds one second's worth; its level is a moment in time, moved on by compare-and-set.
        """
        if not rate or not wanted:
            return wanted
        now = timezone.now()
        full = now - timedelta(seconds=max(1.0, 1 / rate))
        used_to = max(self.rate_at or full, full)
        granted = min(wanted, int((now - used_to).total_seconds() * rate + 1e-6))
        moved = used_to + timedelta(seconds=granted / rate)
        if not granted or not Channel.objects.filter(pk=1, rate_at=self.rate_at).update(rate_at=moved):
            return 0
        self.rate_at = moved
        return granted

    def _reopen(self, action: Action, actor: Any, changes: dict[str, Any]) -> bool:
        """Back in business: with the receipt of the outage, in one transaction."""
        since, evidence = self.shut_since, self.evidence
        with transaction.atomic(savepoint=False):
            if not self._set(action, actor, evidence, shut_since=None, **changes):
                return False
            if since:
                Outage.write_down(since, evidence)
        return True

    def _set(
        self, action: Action | None, actor: Any, outcome: str, *, body: Body | None = None, keep: bool = False,
        **changes: Any,
    ) -> bool:  # fmt: skip
        """Change the row if nobody else has; `keep` leaves the time at which its state changed."""
        changes |= {"version": self.version + 1} | ({} if keep or not action else {"changed_at": timezone.now()})
        with transaction.atomic(savepoint=False):
            if not Channel.objects.filter(pk=self.pk, version=self.version).update(**changes):
                return False
            if action:
                AuditEvent.objects.record(action, self, actor=actor, outcome=outcome, body=body)
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
    progress_at = models.DateTimeField(default=timezone.now, help_text="When it last wrote or claimed anything.")
    metrics = models.TextField(blank=True, help_text="Its counters in Prometheus's text format.")

    objects = WorkerQuerySet.as_manager()

    def __str__(self) -> str:
        return f"worker {self.name}"
