"""What the state of the channel means, in words for people: what it is, since when, what happens next, who must act."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max
from django.utils import timezone
from django.utils.formats import date_format

from .customergauge import EVIDENCE
from .models import Action, AuditEvent, Channel

#: Who ends a pause, and how. What is not listed needs an administrator to look at the settings.
WHO_ACTS = {
    "by_person": "A manager or an administrator resumes it on the health page.",
    "credential_refused": "An administrator must set a valid key, restart the worker, and resume.",
    "token_refused": "An administrator must set a valid client id and secret, restart the worker, and resume.",
    "forbidden": "An administrator must ask CustomerGauge or the network team why access is forbidden, and resume.",
    "certificate": "An administrator must find out who answers at that address before anything is sent; then resume.",
    "not_understood": "An administrator must find out who answers at that address; then resume.",
    "restored": "The operator starts the workers, tests the connection here, and resumes.",
    "refused_repeatedly": "An administrator must correct the fields or lists that CustomerGauge refuses, and resume.",
}
SOMEBODY_ACTS = "An administrator must correct the address in the settings, restart the worker, and resume."
OWN_CAUSES = {
    "restored": "A backup was restored; what waited in it is looked up before anything is sent.",
    "by_person": "Somebody paused it.",
    "refused_repeatedly": "CustomerGauge refused several results in a row for the same reason.",
    "internal": "Our own program failed on it; the operator finds the details in the worker's log.",
}
LATELY = timedelta(hours=24)
TEST_FIRST = (
    "Sending was stopped because of what the connection itself has shown. Test the connection first; once that has"
    " passed, sending can be resumed."
)


@dataclass(frozen=True, slots=True)
class Told:
    """The channel as people read it. colour: that of a delivery's state. who: who must act, empty for nobody."""

    colour: str
    word: str
    since: datetime | None
    what: str
    who: str = ""


@dataclass(frozen=True, slots=True)
class Test:
    """The last test of the connection. steps: (name, passed or None if not reached, words)."""

    passed: bool
    at: datetime
    worker: str
    steps: tuple[tuple[str, bool | None, str], ...]


def tell(channel: Channel, *, workers: bool) -> Told:
    """The state of the channel; `workers`: whether any worker is there to send."""
    if channel.paused:
        return Told("failed", "Paused", channel.shut_since or channel.changed_at, *cause_of_pause(channel.evidence))
    if channel.is_doubtful:
        what = f"{sentence(channel.evidence)} {_next_probe(channel)}"
        return Told("failed", "Out of reach", channel.shut_since, what)
    if channel.waits:
        until = clock(channel.wait_until)
        what = f"CustomerGauge asked us to wait until {until}. Sending goes on by itself."
        return Told("unconfirmed", "Waiting", channel.changed_at, what)
    if not workers:
        return Told("queued", "Open", None, "Nothing forbids sending, but no worker is there to do it.")
    if channel.breaks:
        what = "CustomerGauge answers again. One result is sent to see whether it takes them; then the others follow."
        return Told("unconfirmed", "Trying again", channel.shut_since, what)
    if channel.ramp is not None:
        what = f"Sending goes on slowly at first: at most {channel.ramp} at once now, twice as many after each success."
        return Told("sending", "Slow start", channel.resumed_at, what)
    return Told("delivered", "Open", None, "What agents enter is sent as it comes in.")


def cause_of_pause(evidence: str) -> tuple[str, str]:
    """Why sending is paused, and who must act: two sentences for people."""
    return sentence(evidence), WHO_ACTS.get(evidence, SOMEBODY_ACTS)


def sentence(evidence: str) -> str:
    """A piece of evidence about the line as a sentence."""
    known = EVIDENCE.get(evidence)
    return OWN_CAUSES.get(evidence) or (known.sentence if known else evidence)


def last_test(channel: Channel) -> Test | None:
    """The last test of the connection, as its worker wrote it down; None if there was none."""
    tests = AuditEvent.objects.about(channel).filter(action=Action.CHANNEL_TESTED)
    event = tests.order_by("-id").first()
    if event is None:
        return None
    payload = getattr(event, "payload", None)
    steps = json.loads(bytes(payload.body))["steps"] if payload else []
    shown = tuple((str(name), passed, str(words)) for name, passed, words in steps)
    return Test(not event.outcome, event.at, event.actor_name, shown)


def waits_lately() -> tuple[int, datetime | None]:
    """How often CustomerGauge asked us to wait within the last day, and when last. Such waits write no receipt."""
    asked = AuditEvent.objects.filter(action=Action.CHANNEL_WAITING, at__gte=timezone.now() - LATELY)
    found = asked.aggregate(number=Count("pk"), last=Max("at"))
    return found["number"], found["last"]


def clock(at: datetime | None) -> str:
    """A moment as people say it: the time alone if it is today."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return date_format(local, "H:i:s" if local.date() == timezone.localdate() else "j M, H:i:s")


def _next_probe(channel: Channel) -> str:
    when = f"at {clock(channel.wait_until)}" if channel.waits else "as soon as a worker is there"
    return f"It is asked again {when}, with a harmless question. Nobody need do anything."
