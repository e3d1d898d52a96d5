"""What a look has found, as one short mail without names or words of customers."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage, get_connection
from django.urls import reverse

from ..models import Alert
from ..roles import HEALTH
from .rules import Rule, Urgency
from .wording import clock, number

log = logging.getLogger(__name__)

#: How a mail calls its parts, in their order, by the names in which the model writes them down.
PARTS = {"begun": "New", "happened": "Happened", "lasting": "Still so", "over": "Over"}


@dataclass(frozen=True, slots=True)
class News:
    """Something to tell of one kind: that it has `begun`, `happened`, is `lasting`, or is `over`."""

    how: str
    rule: Rule
    alert: Alert
    sentence: str = ""


def send(news: Sequence[News], now: datetime) -> bool:
    """One mail to everybody concerned; False if it reached nobody and should be tried again.

    Without a mail server, and when nobody has an address, it goes to the log.
    """
    subject, text = subject_of(news), body_of(news, now)
    to = recipients()
    if settings.EMAIL_CONFIGURED and to:
        return _deliver(subject, text, to)
    why = "nobody has an e-mail address" if settings.EMAIL_CONFIGURED else "no mail server is set"
    log.warning("alert, in the log because %s: %s\n%s", why, subject, text)
    return True


def recipients() -> list[str]:
    """Who is told: the addresses in the settings, else every active manager and administrator who has one."""
    if settings.ALERT_RECIPIENTS:
        return list(settings.ALERT_RECIPIENTS)
    people = User.objects.with_perm(HEALTH, include_superusers=False).exclude(email="")
    return sorted(set(people.values_list("email", flat=True)))


def subject_of(news: Sequence[News]) -> str:
    """The one kind by its title, several by their number."""
    fresh = [item for item in news if item.how in ("begun", "happened")]
    urgent = any(item.rule.urgency is Urgency.NOW for item in fresh)
    part = fresh or [item for item in news if item.how == "lasting"] or news
    what = part[0].rule.title if len(part) == 1 else number(len(part), "thing")
    mark = ("Urgent: " if urgent else "") if fresh else f"{PARTS[part[0].how]}: "
    return f"[Survey results] {mark}{what}{' to look at' if fresh and len(part) > 1 else ''}"


def body_of(news: Sequence[News], now: datetime) -> str:
    """Part by part, each kind with its numbers, who should act, and where."""
    paragraphs = []
    for how, heading in PARTS.items():
        if items := [item for item in news if item.how == how]:
            paragraphs += [heading.upper(), *(_tell(item, now) for item in items)]
    return "\n\n".join([*paragraphs, f"Times are those of {settings.TIME_ZONE}."]) + "\n"


def _tell(item: News, now: datetime) -> str:
    rule, began = item.rule, item.alert.since
    if item.how == "over":
        return f"{rule.title}: no longer, as of {clock(now)}." + (f" It was so since {clock(began)}." if began else "")
    link = [settings.PORTAL_URL + reverse(rule.page)] if settings.PORTAL_URL else []
    return "\n".join([f"{rule.title}.", item.sentence, rule.who, *link])


def _deliver(subject: str, text: str, to: Sequence[str]) -> bool:
    """One message each, so that one bad address stops none of the others and nobody sees who else is told."""
    sent = 0
    try:
        with get_connection() as server:
            for address in to:
                try:
                    sent += EmailMessage(subject, text, to=[address], connection=server).send()
                except OSError as error:  # smtplib's errors are OSErrors
                    log.error("an alert could not be mailed to one of %d people: %s", len(to), type(error).__name__)
    except OSError as error:
        log.error("alerts cannot be mailed now (%s); they are tried again", type(error).__name__)
    return sent > 0
