"""The kinds of trouble that people are told of: each one a small question to the tables, in one table.

A question answers with a sentence that carries the numbers, or with nothing. No sentence holds a name, a customer's
words or a credential: mails leave the house.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from django.db.models import Count, Exists, OuterRef, Q

from ..audit import anchors, guards, nightly, seal
from ..customergauge import Outcome
from ..line import cause_of_pause
from ..models import NEEDS_PERSON, Action, Attempt, AttemptKind, Delivery, State
from . import happenings
from .situation import STUCK_AFTER, Situation, recorded_since
from .wording import clock, number

DOUBTFUL_SENDS, DOUBTFUL_PART, OF_AT_LEAST, WITHIN = 10, 0.02, 50, timedelta(minutes=15)
DISK_PART = 0.1
SKEW = 120  # seconds
SENDS = (AttemptKind.SEND, AttemptKind.CORRECT, AttemptKind.CASE)


class Urgency(Enum):
    """How people are told."""

    NOW = "at once, marked urgent"
    SOON = "at once"
    DAILY = "in the daily digest only"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of trouble: `find` gives its sentence, or nothing; `who` should act, on the page with that route.

    lasts: False for what happens and is not over later.
    """

    kind: str
    urgency: Urgency
    title: str
    find: Callable[[Situation], str]
    who: str
    page: str = "health"
    lasts: bool = True


def _waiting(now: Situation) -> str:
    count = now.results[State.QUEUED].count
    if not count:
        return "Nothing waits at the moment."
    return f"{number(count, 'result')} {'is' if count == 1 else 'are'} saved and waiting."


# -- the line and the workers -------------------------------------------------------------------------------


def paused(now: Situation) -> str:
    channel = now.channel
    if not channel.paused:
        return ""
    since = clock(channel.shut_since or channel.changed_at)
    return f"Nothing has been sent since {since}. {' '.join(cause_of_pause(channel.evidence))} {_waiting(now)}"


def out_of_reach(now: Situation) -> str:
    since, limit = now.channel.shut_since, now.limits.minutes("out_of_reach")
    if now.channel.paused or not now.channel.breaks or not since or now.now - since <= limit:
        return ""
    return f"CustomerGauge has not been reached since {clock(since)}. {_waiting(now)}"


def no_worker(now: Situation) -> str:
    if now.heard_of:
        return ""
    last = max((worker.beat_at for worker in now.workers), default=None)
    if last is None:  # all have said farewell; perhaps one is about to start
        farewell = recorded_since(now.now - timedelta(minutes=1)).filter(action=Action.WORKER_STOPPED)
        return "" if farewell.exists() else f"Nothing is being sent. {_waiting(now)}"
    return f"The last sign of life came at {clock(last)}. {_waiting(now)}"


def no_progress(now: Situation) -> str:
    if not now.stuck(now.heard_of):
        return ""
    minutes = int(STUCK_AFTER.total_seconds() // 60)
    return f"Workers are running, but have sent nothing for more than {minutes} minutes. {_waiting(now)}"


# -- what waits, and what is in doubt -----------------------------------------------------------------------


def waiting(now: Situation) -> str:
    """A longer wait has its own kind, and a wait that the line or the workers explain is told with them."""
    explained = now.channel.paused or now.channel.breaks or not now.heard_of
    slow = now.limits.minutes("slow") < now.waited <= now.limits.minutes("far_too_slow")
    return _oldest(now) if slow and not explained else ""


def waiting_long(now: Situation) -> str:
    return _oldest(now) if now.waited > now.limits.minutes("far_too_slow") else ""


def _oldest(now: Situation) -> str:
    return f"The oldest result that could be sent has been due since {clock(now.now - now.waited)}. {_waiting(now)}"


def unconfirmed(now: Situation) -> str:
    piles = [now.results[State.UNCONFIRMED], now.cases[State.UNCONFIRMED]]
    if not any(pile.since and now.now - pile.since > now.limits.minutes("in_doubt") for pile in piles):
        return ""
    return f"{number(sum(pile.count for pile in piles), 'delivery', 'deliveries')} may or may not have arrived."


def many_unconfirmed(now: Situation) -> str:
    ended = Attempt.objects.filter(ended_at__gt=now.now - WITHIN, kind__in=SENDS)
    counts = ended.aggregate(all=Count("pk"), unknown=Count("pk", filter=Q(outcome=Outcome.UNKNOWN)))
    doubtful = max(counts["unknown"], now.newly_unconfirmed)
    share = counts["all"] >= OF_AT_LEAST and counts["unknown"] > DOUBTFUL_PART * counts["all"]
    if doubtful < DOUBTFUL_SENDS and not share:
        return ""
    return f"In 15 minutes {doubtful:,} of {number(max(counts['all'], doubtful), 'call')} ended without a clear answer."


def failed(now: Situation) -> str:
    count = now.results[State.FAILED].count
    return f"{number(count, 'result')} could not be delivered, and will not be tried again by itself." if count else ""


def same_number(now: Situation) -> str:
    others = Delivery.objects.filter(cg_id=OuterRef("cg_id"), amends="").exclude(pk=OuterRef("pk"))
    lately = Attempt.objects.filter(ended_at__gt=now.now - timedelta(days=1), kind=AttemptKind.SEND)
    numbered = Delivery.objects.filter(pk__in=lately.order_by().values("delivery"), state=State.DELIVERED, amends="")
    count = numbered.exclude(cg_id="").filter(Exists(others)).count()
    return f"CustomerGauge gave {number(count, 'result')} a number that another result has too." if count else ""


def cases(now: Situation) -> str:
    count = sum(now.cases[state].count for state in NEEDS_PERSON)
    return f"{number(count, 'change')} of cases at CustomerGauge did not go through." if count else ""


def anonymisations(now: Situation) -> str:
    count = sum(now.anonymisations[state].count for state in NEEDS_PERSON)
    return f"CustomerGauge has not taken {number(count, 'request')} to anonymise a person." if count else ""


# -- the machine --------------------------------------------------------------------------------------------


def disk(now: Situation) -> str:
    return f"Only {now.disk_free:.0%} of the disk is free." if now.disk_free < DISK_PART else ""


def guards_missing(now: Situation) -> str:
    gone = len(guards.missing())
    return f"The database lacks {number(gone, 'guard')} against changes to what was recorded." if gone else ""


def seals_late(now: Situation) -> str:
    """Without a key nothing is sealed, as the health page says. While no worker runs, people hear of that."""
    lag = seal.lag()
    if lag is None or lag <= seal.TOO_LONG or not now.heard_of:
        return ""
    return f"The newest part of the audit log has waited to be sealed since {clock(now.now - lag)}."


def tampered(now: Situation) -> str:
    return {
        "tampering": "What stands in the audit log is no longer what was sealed.",
        "cannot_check": "The audit log could not be checked.",
    }.get(nightly.last_result(), "")


def anchors_late(now: Situation) -> str:
    since = anchors.mail_late()
    return f"Seals of the audit log have not been mailed since {clock(since)}." if since else ""


def clock_skew(now: Situation) -> str:
    skew = now.channel.skew
    side = "ahead of" if skew > 0 else "behind"
    return f"Our clock is {abs(skew):,} seconds {side} CustomerGauge's." if abs(skew) > SKEW else ""


NOW, SOON, DAILY = Urgency
OPERATOR = "An operator looks at the machines and the log of the workers."
MANAGER = "A manager decides, on the page “Needs attention”."
RESUME = "When the cause is gone, a manager or an administrator resumes on the health page."
MIGRATE = "An operator finds out who removed them, and puts them back with “manage.py migrate”."
AUDITOR = "Whoever audits runs “manage.py verify_audit --anchors FILE”; nobody changes anything before."
MAKER_OF_FILES = "A manager or an administrator looks in the audit log who it was, and asks why."
KEEPER = "Whoever keeps its password says whether it was they."
GATE = "An operator finds out where they come from; the log of the proxy has the addresses."
MAKER = "Whoever makes the accounts says whether it was meant."

RULES: tuple[Rule, ...] = (
    Rule("paused", NOW, "Sending is paused", paused, RESUME),
    Rule("out_of_reach", NOW, "CustomerGauge is out of reach", out_of_reach, OPERATOR),
    Rule("no_worker", NOW, "No worker is running", no_worker, "An operator starts a worker."),
    Rule("no_progress", NOW, "The workers are stuck", no_progress, "An operator restarts the workers."),
    Rule("waiting", SOON, "Results wait longer than usual", waiting, OPERATOR),
    Rule("waiting_long", NOW, "Results have waited for hours", waiting_long, OPERATOR),
    Rule("many_unconfirmed", NOW, "Many calls end unclearly", many_unconfirmed, MANAGER, "attention"),
    Rule("unconfirmed", DAILY, "Deliveries are in doubt", unconfirmed, MANAGER, "attention"),
    Rule("failed", SOON, "Deliveries were given up", failed, MANAGER, "attention"),
    Rule("same_number", SOON, "One number for two results", same_number, MANAGER, "history"),
    Rule("cases", SOON, "Changes of cases need somebody", cases, MANAGER, "attention"),
    Rule("anonymisations", SOON, "Somebody is not anonymised", anonymisations, MANAGER, "attention"),
    Rule("disk", NOW, "The disk is nearly full", disk, "An operator makes room under VAR_DIR."),
    Rule("guards", NOW, "The audit log is not guarded", guards_missing, MIGRATE),
    Rule("tampered", NOW, "The audit log does not agree with its seals", tampered, AUDITOR),
    Rule("anchors", SOON, "No seals are mailed", anchors_late, "An operator looks at EMAIL_URL and the mail server."),
    Rule("seals", SOON, "The audit log is not sealed", seals_late, OPERATOR),
    Rule("clock", SOON, "The clock is wrong", clock_skew, "An operator sets the clocks of the workers' machines."),
    Rule("superuser", NOW, "A superuser signed in", happenings.superuser, KEEPER, lasts=False),
    Rule("sign_ins", SOON, "Somebody guesses passwords", happenings.sign_ins, GATE, lasts=False),
    Rule("roles", SOON, "Roles of people changed", happenings.roles, MAKER, lasts=False),
    Rule("exports", SOON, "Many results were taken out", happenings.exports, MAKER_OF_FILES, "audit", lasts=False),
    Rule("worker_lost", SOON, "A worker vanished", happenings.worker_lost, OPERATOR, lasts=False),
)
