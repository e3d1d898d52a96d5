"""One look at everything: what has begun, what lasts, what is over, and who must hear of it.

People are told at once when a kind begins (the same kind at most once an hour, however often it comes and goes), once
a day while it lasts, and once when it is over. Nothing is noted before its mail has left, so a mail that fails is
tried again at the next look.
"""

import logging
from collections import defaultdict
from datetime import datetime, time, timedelta
from threading import Event, Thread

from django.conf import settings
from django.db import connection
from django.utils import timezone

from ..models import Alert
from . import mail
from .mail import News
from .rules import RULES, Rule, Urgency
from .situation import Situation

log = logging.getLogger(__name__)
AT_MOST_EVERY = timedelta(hours=1)
DIGEST_AT = time(8)  # in the portal's zone


def patrol(stop: Event) -> Thread:
    """Look now and then, in a thread of its own, until `stop` is set.

    Every web and worker process does so, because whoever is down cannot tell; one of them at a time has the turn.
    """
    thread = Thread(target=_go_round, args=(stop, settings.ALERT_SECONDS), name="alerts", daemon=True)
    thread.start()
    return thread


def _go_round(stop: Event, every: float) -> None:
    """Total on purpose: whatever fails in one look, the next one comes, and the process goes on with its work."""
    while not stop.wait(every):
        try:
            with Alert.objects.turn(timedelta(seconds=every * 0.9)) as mine:
                if mine:
                    look()
        except Exception:
            log.exception("could not look whether anything is wrong")
        finally:
            connection.close()


def look(now: datetime | None = None) -> None:
    """Look at every kind once, and send at most one mail. Raises django.db.Error if the database is away."""
    now = now or timezone.now()
    board = Alert.objects.board([rule.kind for rule in RULES])
    situation = Situation(now)
    found = (_lasting(rule, board[rule.kind], situation) for rule in RULES if rule.lasts)
    happened = (_happened(rule, board[rule.kind], now) for rule in RULES if not rule.lasts)
    news = [item for item in (*found, *happened) if item]
    if not any(_misses_its_digest(item, now) for item in news):
        news = [item for item in news if item.how != "lasting"]
    if news and mail.send(news, now):
        said = defaultdict(list)
        for item in news:
            said[item.how].append(item.alert)
        Alert.objects.write_down_mail(now, said)


def _ask(rule: Rule, situation: Situation) -> str | None:
    """The rule's sentence; None if it cannot be known. Total on purpose: one question that fails silences no other."""
    try:
        return rule.find(situation)
    except Exception:
        log.exception("could not find out: %s", rule.kind)
        return None


def _lasting(rule: Rule, alert: Alert, now: Situation) -> News | None:
    sentence = _ask(rule, now)
    if sentence is None:
        return None
    if not sentence:
        if alert.told:
            return News("over", rule, alert)
        if alert.since:
            alert.change(since=None)
        return None
    if alert.since is None:
        alert.change(since=now.now)
    known = rule.urgency is Urgency.DAILY or alert.told or _told_lately(alert, now.now)
    return News("lasting" if known else "begun", rule, alert, sentence)


def _happened(rule: Rule, alert: Alert, now: datetime) -> News | None:
    """News since the last mail; `alert.since` keeps where untold news begins until a mail may go and has gone."""
    since = alert.since or max(filter(None, (alert.mailed_at, now - AT_MOST_EVERY)))
    sentence = _ask(rule, Situation(now, since))
    if not sentence:
        return None
    if alert.since is None:
        alert.change(since=since)
    return None if _told_lately(alert, now) else News("happened", rule, alert, sentence)


def _told_lately(alert: Alert, now: datetime) -> bool:
    return alert.mailed_at is not None and now - alert.mailed_at < AT_MOST_EVERY


def _misses_its_digest(item: News, now: datetime) -> bool:
    """Whether it lasts since before the last digest was due, and no digest has named it since then."""
    today = timezone.localdate(now)
    days = (timezone.make_aware(datetime.combine(day, DIGEST_AT)) for day in (today, today - timedelta(days=1)))
    due = next(at for at in days if at <= now)
    began, reminded = item.alert.since, item.alert.reminded_at
    return item.how == "lasting" and began is not None and began < due and (reminded is None or reminded < due)
