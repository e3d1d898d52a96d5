"""A database as large as asked for: invented results of two years with all that belongs to them.

For measurements and for looking at pages that are full. It is only made where the simulator is the target; what it
makes is over or parked, and noted with that target, so that none of it ever leaves for a real account.
"""

import random
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, islice
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.utils import timezone

from .demonstration.lists import make_reasons
from .demonstration.words import FIRST, LAST
from .generate_rows import Lists, Maker
from .models import Channel, Submission
from .models.totals import rebuild_totals

#: What the users are called that this module makes: results of anybody else are not its own.
PREFIX = "invented-"
AGENTS, MANAGERS = 24, 3
YEARS = timedelta(days=730)
#: So many results are written in one transaction.
BATCH = 5000
#: When a call centre works, by day of the week; and how busy an hour is.
HOURS = {**dict.fromkeys(range(5), (8, 18)), 5: (9, 13)}
BUSY = {8: 5, 9: 9, 10: 11, 11: 10, 12: 6, 13: 8, 14: 10, 15: 9, 16: 7, 17: 4}
Hour = tuple[datetime, int]


class Refused(RuntimeError):
    """This database is none for invented results; the text says why, and what to do."""


def generate(number: int, seed: int = 1, until: datetime | None = None) -> Iterator[int]:
    """Makes `number` results, entered up to `until` (now); yields after each batch how many are made.

    In an empty database the same seed, lists and hour make the same results. A batch is one transaction. Raises
    Refused where the target is no simulator, or where people have entered results.
    """
    _check()
    choose = random.Random(f"{seed} after {Submission.objects.count()}")  # noqa: S311 - repeatable, nothing secret
    with transaction.atomic():
        Channel.current().aim("generate", settings.CUSTOMERGAUGE_URL, simulated=True)
        make_reasons()
        lists = Lists.read(_people("agent", AGENTS), _people("manager", MANAGERS))
    moments = iter(_moments(choose, number, until or timezone.now()))
    maker, made = Maker(choose, lists, customers=max(10, number // 3)), 0
    while batch := list(islice(moments, BATCH)):
        with transaction.atomic():
            for moment in batch:
                maker.add(moment)
            maker.write()
        made += len(batch)
        yield made
    rebuild_totals()
    _gather_statistics()


def _check() -> None:
    channel = Channel.current()
    if not settings.PRACTICE or (channel.target and not channel.simulated):
        raise Refused("Results are only invented for practice: point CUSTOMERGAUGE_URL at the simulator first.")
    if Submission.objects.exclude(agent__username__startswith=PREFIX).exists():
        raise Refused("People have entered results in this database. Use another one: invented ones must not mix in.")


def _people(role: str, number: int) -> list[User]:
    """Users of a role who cannot sign in; made or found."""
    names = [(FIRST[place % len(FIRST)], LAST[place * 5 % len(LAST)]) for place in range(number)]
    for place, (first, last) in enumerate(names, 1):
        user, made = User.objects.get_or_create(
            username=f"{PREFIX}{role}-{place:02}", defaults={"first_name": first, "last_name": last, "password": "!"}
        )
        if made:
            user.groups.set([Group.objects.get(name=role)])
    return list(User.objects.filter(username__startswith=f"{PREFIX}{role}-").order_by("username"))


def _moments(choose: random.Random, number: int, until: datetime) -> list[datetime]:
    """When results were entered, in order, in UTC without a zone: in working hours, and more of them every year."""
    hours = list(_hours(until - timedelta(minutes=30)))
    reached = list(accumulate(weight for _, weight in hours))
    found = []
    for _ in range(number):
        start, _weight = hours[bisect_right(reached, choose.random() * reached[-1])]
        found.append(start + timedelta(seconds=choose.random() * 3600))
    return sorted(found)


def _hours(end: datetime) -> Iterator[Hour]:
    """The working hours of two years that are over at `end`, each with its weight."""
    zone = ZoneInfo(settings.CUSTOMERGAUGE_TIME_ZONE)
    last = end.astimezone(zone).date()
    for days in range(YEARS.days, -1, -1):
        day: date = last - timedelta(days=days)
        for hour in range(*HOURS.get(day.weekday(), (0, 0))):
            start = datetime.combine(day, time(hour), zone).astimezone(UTC)
            if start + timedelta(hours=1) <= end:
                yield start.replace(tzinfo=None), BUSY[hour] * (2 * YEARS.days - days)


def _gather_statistics() -> None:
    """PostgreSQL plans by statistics that its own housekeeping would gather only minutes later."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM ANALYZE")
