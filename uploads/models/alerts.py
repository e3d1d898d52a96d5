"""What operators have been told by mail, so that nobody is told twice and everybody is told that it is over."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from .audit import Action, AuditEvent

#: Not a kind of trouble: its `since` is when somebody last looked for trouble.
TURN = "turn"
#: A look that takes longer, because the mail server hangs, is taken for dead.
LONGEST_LOOK = timedelta(minutes=2)

#: What a mail can say of a kind, and what follows: the fields that are set to its time, and those that are emptied.
SAID: dict[str, dict[str, bool]] = {
    "begun": {"mailed_at": True},
    "happened": {"mailed_at": True, "since": False},
    "lasting": {"reminded_at": True},
    "over": {"since": False},
}


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

    @contextmanager
    def turn(self, every: timedelta) -> Iterator[bool]:
        """Whether the block is the one look for trouble now, of all processes: nobody looked within `every`.

        Until the block ends nobody else has a turn, or (should the process die in it) for LONGEST_LOOK.
        """
        self.bulk_create([Alert(kind=TURN)], ignore_conflicts=True)
        longer_ago = Q(since__isnull=True) | Q(since__lte=Now() - every)
        mine = bool(self.filter(longer_ago, kind=TURN).update(since=Now() + LONGEST_LOOK))
        try:
            yield mine
        finally:
            if mine:
                self.filter(kind=TURN).update(since=Now())

    def write_down_mail(self, at: datetime, said: "Mapping[str, Sequence[Alert]]") -> None:
        """A mail went out: note what it said (by the names in SAID), with its audit event (kinds only, no words)."""
        with transaction.atomic():
            for how, alerts in said.items():
                for alert in alerts:
                    alert.change(**{field: at if set_it else None for field, set_it in SAID[how].items()})
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
