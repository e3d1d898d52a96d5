"""What operators have been told by mail, so that nobody is told twice and everybody is told that it is over."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from .audit import Action, AuditEvent

#: Not a kind of trouble: its `since` is when somebody last looked for trouble.
TURN = "turn"


class AlertQuerySet(models.QuerySet["Alert"]):
    def board(self, kinds: Sequence[str]) -> "dict[str, Alert]":
        """One row per kind; those that are missing are made."""
        rows = {alert.kind: alert for alert in self.filter(kind__in=kinds)}
        missing = [Alert(kind=kind) for kind in kinds if kind not in rows]
        if missing:
            self.bulk_create(missing, ignore_conflicts=True)
        return rows | {alert.kind: alert for alert in missing}

    def lasting(self) -> "AlertQuerySet":
        """Kinds of trouble that last, in the order in which they began."""
        return self.filter(since__isnull=False).exclude(kind=TURN).order_by("since")

    def take_turn(self, every: timedelta) -> bool:
        """Be the one process that looks for trouble now; False if somebody has looked within `every`."""
        self.bulk_create([Alert(kind=TURN)], ignore_conflicts=True)
        longer_ago = Q(since__isnull=True) | Q(since__lte=Now() - every)
        return bool(self.filter(longer_ago, kind=TURN).update(since=Now()))

    def write_down_mail(
        self, at: datetime, *, begun: Iterable["Alert"], lasting: Iterable["Alert"], over: Iterable["Alert"]
    ) -> None:
        """A mail went out: note what it said, with its audit event (kinds only, no words)."""
        said = {"begun": [*begun], "lasting": [*lasting], "over": [*over]}
        with transaction.atomic():
            for alert in said["begun"]:
                alert.change(mailed_at=at)
            for alert in said["lasting"]:
                alert.change(reminded_at=at)
            for alert in said["over"]:
                alert.change(since=None)
            kinds = {how: [alert.kind for alert in alerts] for how, alerts in said.items()}
            AuditEvent.objects.record(Action.ALERTED, actor="alerts", body=kinds)


class Alert(models.Model):
    """One kind of trouble: since when it lasts (None: it does not), and when mails about it went out."""

    kind = models.CharField(primary_key=True, max_length=40)
    since = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True, help_text="The last mail that it has begun.")
    reminded_at = models.DateTimeField(null=True, help_text="The last daily digest that named it.")
    version = models.PositiveIntegerField(default=0)

    objects = AlertQuerySet.as_manager()

    def __str__(self) -> str:
        return f"alert {self.kind}"

    @property
    def told(self) -> bool:
        """Whether people know of it since it began."""
        return self.since is not None and any(at and at >= self.since for at in (self.mailed_at, self.reminded_at))

    def change(self, **changes: Any) -> bool:
        """Write the fields unless somebody else has changed the row since it was read; the instance follows."""
        changes |= {"version": self.version + 1}
        if not Alert.objects.filter(pk=self.pk, version=self.version).update(**changes):
            return False
        for name, value in changes.items():
            setattr(self, name, value)
        return True
