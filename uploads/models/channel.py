"""The one connection to CustomerGauge as all workers see it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Self, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from .audit import Action, AuditEvent, Body
from .outage import Outage

#: The circuit breaker opens for a minute at first, twice as long each further time.
BREAK = timedelta(seconds=60)
LONGEST_BREAK = timedelta(minutes=15)
#: How long one worker may take for the probe before another may try.
PROBE = timedelta(seconds=40)
#: So many calls at once end the slow start.
FULL_SPEED = 64
#: Pauses that no test of the connection can end: a person's word, and lists that CustomerGauge refuses.
UNTESTABLE = frozenset({"by_person", "refused_repeatedly"})

Params = ParamSpec("Params")
Change = Callable[Concatenate["Channel", Params], bool]


def _on_the_row(change: Change[Params]) -> Change[Params]:
    """Decide and change on the row as it stands now, held until the end of the transaction: of two workers (or a
    worker and a person) that speak at once neither is lost, and the second sees what the first has done."""

    @wraps(change)
    def held(channel: "Channel", *args: Params.args, **kwargs: Params.kwargs) -> bool:
        with transaction.atomic(savepoint=False):
            channel.refresh_from_db(from_queryset=Channel.objects.select_for_update())
            return change(channel, *args, **kwargs)

    return cast(Change[Params], held)


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
    ramp = models.PositiveSmallIntegerField(null=True, help_text="Calls at once of all workers; empty: no limit.")
    rate_at = models.DateTimeField(null=True, help_text="Up to when the agreed rate has been used.")
    skew = models.IntegerField(default=0, help_text="Seconds by which our clock is ahead of CustomerGauge's.")
    test_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    test_asked_at = models.DateTimeField(null=True)
    tested_at = models.DateTimeField(null=True)
    test_passed = models.BooleanField(default=False)
    reasons_asked_at = models.DateTimeField(null=True, help_text="Since when CustomerGauge's reasons are wanted.")
    version = models.PositiveIntegerField(default=0)

    #: What the database's clock said when the row was read: the one clock that all workers share.
    now: datetime

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_channel")]
        permissions = [("pause_channel", "Can pause and resume sending"), ("see_health", "Can see the health page")]

    def __str__(self) -> str:
        return "channel to CustomerGauge"

    @classmethod
    def current(cls) -> Self:
        """The channel as it stands in the database now."""
        row = cls.objects.annotate(now=Now()).filter(pk=1)
        if (found := row.first()) is None:
            cls.objects.get_or_create(pk=1)
        return found or row.get()

    @classmethod
    def held(cls) -> Self:
        """The same, locked: whoever else wants to change it waits until this transaction is over."""
        return cls.objects.annotate(now=Now()).select_for_update().get(pk=1)

    # -- questions -----------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether deliveries may start now (how many at once: `room`)."""
        return not self.paused and not self.is_doubtful and not self.waits

    @property
    def is_doubtful(self) -> bool:
        """Whether the breaker is open: CustomerGauge was out of reach, and has not answered a probe since."""
        return self.breaks > 0 and self.ramp is None

    @property
    def needs_probe(self) -> bool:
        """Whether the breaker is half-open and nobody has probed yet."""
        return not self.paused and self.is_doubtful and not self.waits

    @property
    def waits(self) -> bool:
        """Whether nothing may start before `wait_until`."""
        return self.wait_until is not None and self.wait_until > timezone.now()

    @property
    def test_wanted(self) -> bool:
        """Whether somebody has asked for a test of the connection that has not been made yet."""
        asked, done = self.test_asked_at, self.tested_at
        return asked is not None and (done is None or done < asked)

    @property
    def test_counts(self) -> bool:
        """Whether a test has passed since sending stopped."""
        stopped_at = min(self.changed_at, timezone.now())  # a clock that was ahead must not block
        return bool(self.test_passed and self.tested_at and self.tested_at >= stopped_at)

    @property
    def may_resume(self) -> bool:
        """Whether something stands that a person may end now: what the line itself has shown only after a test."""
        return (self.paused and self.evidence in UNTESTABLE) or ((self.paused or self.is_doubtful) and self.test_counts)

    def room(self, wanted: int, under_way: int) -> int:
        """How many of `wanted` calls may begin while so many are under way."""
        if not self.is_open:
            return 0
        return wanted if self.ramp is None else max(0, min(wanted, self.ramp - under_way))

    # -- the circuit breaker -------------------------------------------------------------------------------

    @_on_the_row
    def trip(self, actor: Any, evidence: str) -> bool:
        """Open the breaker, or open it again after a trial. False if nothing goes out already."""
        if self.paused or self.is_doubtful:
            return False
        return self._break(actor, evidence)

    @_on_the_row
    def begin_probe(self) -> bool:
        """Be the one worker that probes. False if another is."""
        return self.needs_probe and self._set(None, "", "", wait_until=timezone.now() + PROBE)

    @_on_the_row
    def probed(self, actor: Any, evidence: str, *, answered: bool) -> bool:
        """The probe is over: let one delivery try, or wait again, longer. False if it comes too late to matter."""
        if self.paused or not self.is_doubtful:
            return False
        if not answered:
            return self._break(actor, evidence)
        now = timezone.now()
        asked_for = self.wait_until and self.wait_until > now + PROBE  # by CustomerGauge, meanwhile
        return self._set(None, "", "", ramp=1, resumed_at=now, wait_until=self.wait_until if asked_for else None)

    @_on_the_row
    def succeeded(self, actor: Any) -> bool:
        """A call that began since `resumed_at` was processed: close the breaker, and go on faster."""
        if self.paused or self.ramp is None:
            return False
        ramp = None if self.ramp * 2 >= FULL_SPEED else self.ramp * 2
        if not self.breaks:
            return self._set(None, "", "", ramp=ramp)
        return self._reopen(Action.CHANNEL_BACK, actor, breaks=0, ramp=ramp, wait_until=None)

    # -- pausing, waiting, testing -------------------------------------------------------------------------

    @_on_the_row
    def pause(self, actor: Any, evidence: str) -> bool:
        """Stop all sending until a person resumes it. False if it was paused already."""
        since = self.shut_since or timezone.now()
        return not self.paused and self._set(
            Action.CHANNEL_PAUSED, actor, evidence, paused=True, evidence=evidence, shut_since=since
        )

    @_on_the_row
    def resume(self, actor: Any) -> bool:
        """Let the workers send again, slowly at first. False if nothing was stopped.

        A wait that CustomerGauge asked for goes on: no person here can shorten it.
        """
        if not self.paused and not self.breaks:
            return False
        wait_until = None if self.breaks else self.wait_until
        now = timezone.now()
        return self._reopen(
            Action.CHANNEL_RESUMED, actor, paused=False, breaks=0, ramp=1, resumed_at=now, wait_until=wait_until
        )

    @_on_the_row
    def wait(self, actor: Any, until: datetime, evidence: str) -> bool:
        """Start no delivery before `until`; a longer wait that is already agreed stays. Spends nothing."""
        if self.wait_until and self.wait_until >= until:
            return False
        return self._set(Action.CHANNEL_WAITING, actor, evidence, keep=self.paused, wait_until=until)

    @_on_the_row
    def ask_test(self, user: User) -> bool:
        """Ask a worker to test the connection."""
        return self._set(Action.TEST_ASKED, user, "", keep=True, test_by_id=user.pk, test_asked_at=timezone.now())

    @_on_the_row
    def tested(self, actor: Any, evidence: str, body: Body, *, passed: bool) -> bool:
        """A worker has tested the connection; `body` holds the steps. False if another was faster."""
        changes = {"tested_at": timezone.now(), "test_passed": passed}
        return self.test_wanted and self._set(Action.CHANNEL_TESTED, actor, evidence, body=body, keep=True, **changes)

    @_on_the_row
    def ask_reasons(self, user: User) -> bool:
        """Ask a worker for the reasons that CustomerGauge has."""
        return self._set(Action.REASONS_ASKED, user, "", keep=True, reasons_asked_at=timezone.now())

    @_on_the_row
    def reasons_listed(self, actor: Any, evidence: str, number: int) -> bool:
        """A worker has fetched so many, or none for the reason `evidence`. False if another was faster."""
        return self.reasons_asked_at is not None and self._set(
            Action.REASONS_LISTED, actor, evidence, body={"rows": number}, keep=True, reasons_asked_at=None
        )

    @_on_the_row
    def note_skew(self, seconds: int) -> bool:
        """Write down how far our clock is ahead of CustomerGauge's (at most a day)."""
        return self._set(None, "", "", skew=max(-86_400, min(seconds, 86_400)))

    @_on_the_row
    def aim(self, actor: Any, target: str, *, simulated: bool) -> bool:
        """Note where results go from now on, and whether that is the simulator."""
        return self._set(Action.CHANNEL_AIMED, actor, "", target=target, simulated=simulated)

    @classmethod
    def allot(cls, wanted: int, rate: float) -> int:
        """How many of `wanted` calls may begin now, if all workers together begin `rate` a second (0: any number).

        A bucket that holds one second's worth, and at least one call; its level is a moment of the database's clock.
        """
        if not rate or wanted <= 0:
            return max(wanted, 0)
        with transaction.atomic(savepoint=False):
            line = cls.held()
            now = line.now
            full = now - timedelta(seconds=max(1.0, 1 / rate))
            used_to = min(max(line.rate_at or full, full), now)  # a clock that was ahead must not block
            granted = min(wanted, int((now - used_to).total_seconds() * rate + 1e-6))
            if granted or used_to == now:
                cls.objects.filter(pk=1).update(rate_at=used_to + timedelta(seconds=granted / rate))
        return granted

    # -- how it is changed, the row being held -------------------------------------------------------------

    def _break(self, actor: Any, evidence: str) -> bool:
        now = timezone.now()
        wait = now + min(BREAK * 2 ** min(self.breaks, 10), LONGEST_BREAK)
        return self._set(
            Action.CHANNEL_DOWN, actor, evidence, evidence=evidence, breaks=self.breaks + 1, ramp=None,
            wait_until=max(wait, self.wait_until or wait), shut_since=self.shut_since or now,
        )  # fmt: skip

    def _reopen(self, action: Action, actor: Any, **changes: Any) -> bool:
        """Back in business: with the receipt of the outage, in one transaction."""
        since, evidence = self.shut_since, self.evidence
        tried_since = self.resumed_at if self.breaks and self.ramp is not None else None
        self._set(action, actor, evidence, evidence="", shut_since=None, **changes)
        if since:
            Outage.write_down(since, evidence, tried_since)
        return True

    def _set(
        self, action: Action | None, actor: Any, outcome: str, *, body: Body | None = None, keep: bool = False,
        **changes: Any,
    ) -> bool:  # fmt: skip
        """Change the row; `keep` leaves the time at which its state changed."""
        changes |= {"version": self.version + 1} | ({} if keep or not action else {"changed_at": timezone.now()})
        Channel.objects.filter(pk=self.pk).update(**changes)
        if action:
            AuditEvent.objects.record(action, self, actor=actor, outcome=outcome, body=body)
        for name, value in changes.items():
            setattr(self, name, value)
        return True
