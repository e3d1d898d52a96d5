"""What people are told of although it is not a state: it happened, and is not over later.

Each function gives a sentence about everything from `it.since` on, or nothing. None of them names anybody.
"""

import json
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from ..models import SILENT_AFTER, Action, AuditEvent
from .situation import Situation, recorded_since
from .wording import number

DAY = 6, 22  # hours of the portal's zone
REFUSALS, MANY, WITHIN = 10, 50, timedelta(minutes=10)


def superuser(it: Situation) -> str:
    """The account for emergencies was used."""
    used = User.objects.filter(is_superuser=True, last_login__gt=it.since).exists()
    return "An account for emergencies was used to sign in." if used else ""


def sign_ins(it: Situation) -> str:
    """Ten refusals under one name, or fifty from one address, within ten minutes."""
    names: dict[str, list[datetime]] = defaultdict(list)
    places: dict[str, list[datetime]] = defaultdict(list)
    events = recorded_since(it.since - WITHIN).filter(action=Action.SIGN_IN_REFUSED).order_by("id")
    for event in events.select_related("payload"):
        said = _body(event)
        names[str(said.get("name", "")).casefold()].append(event.at)
        places[str(said.get("address", ""))].append(event.at)
    places.pop("", None)  # unknown ones are no one place
    tried = (_tried(names, REFUSALS, it.since, "name"), _tried(places, MANY, it.since, "address"))
    return " ".join(filter(None, tried))


def _tried(refused: dict[str, list[datetime]], limit: int, since: datetime, what: str) -> str:
    count = sum(_guessed(times, limit, since) for times in refused.values())
    where = {"name": "under", "address": "from"}[what], number(count, what, "addresses" if what == "address" else "")
    return f"{limit} wrong sign-ins within 10 minutes were tried {' '.join(where)}." if count else ""


def _guessed(times: list[datetime], limit: int, since: datetime) -> bool:
    """Whether so many of these times lie within so short a span that ends after `since`."""
    spans = zip(times, times[limit - 1 :], strict=False)
    return any(last - first <= WITHIN and last > since for first, last in spans)


def roles(it: Situation) -> str:
    """Somebody was given a role, or lost one."""
    events = recorded_since(it.since).filter(action__in=(Action.USER_ADDED, Action.USER_CHANGED))
    changed = sum(map(_changes_role, events.select_related("payload")))
    return f"{number(changed, 'account')} got another role." if changed else ""


def _changes_role(event: AuditEvent) -> bool:
    body = _body(event)
    before, after = ((body.get(when) or {}).get("groups", []) for when in ("before", "after"))
    return bool(before != after)


def exports(it: Situation) -> str:
    """A file with very many results was made, or one at night."""
    events = recorded_since(it.since).filter(action__in=(Action.EXPORTED, Action.EXPORT_MADE))
    many = [rows for event in events.select_related("payload") if (rows := _unusual(event, it.limits.export_rows))]
    return f"{number(len(many), 'file')} with {number(sum(many), 'result')} in all." if many else ""


def _unusual(event: AuditEvent, many: int) -> int:
    """How many results a file holds, if these are as many or it was made at night; else 0."""
    rows = int(_body(event).get("results", 0))
    return rows if rows >= many or not DAY[0] <= timezone.localtime(event.at).hour < DAY[1] else 0


def worker_lost(it: Situation) -> str:
    """A worker stopped giving signs of life without a farewell, while others go on."""
    living = {worker.pk for worker in it.heard_of}
    lost = [worker for worker in it.workers if worker.pk not in living and worker.beat_at > it.since - SILENT_AFTER]
    if not lost or not living:
        return ""
    return f"{number(len(lost), 'worker')} vanished without stopping cleanly. Others go on and take over its work."


def _body(event: AuditEvent) -> dict[str, Any]:
    payload = getattr(event, "payload", None)  # an erased one is gone
    return dict(json.loads(bytes(payload.body))) if payload else {}
