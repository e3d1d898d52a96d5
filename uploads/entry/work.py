"""An agent's own numbers: the calls and results of today, and the Net Promoter Score of the last weeks."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from ..models import Call, State, Submission
from ..models.submission import SubmissionQuerySet
from .undo import UNDONE

DAYS = 30
#: Under so many results a score says more about chance than about the calls.
ENOUGH = 10


@dataclass(frozen=True, slots=True)
class Work:
    """calls: made today, with and without a survey; surveys: results entered today; scores: how many results of the
    last 30 days have each score."""

    calls: int
    surveys: int
    scores: Counter[int]

    @property
    def n(self) -> int:
        """How many results the Net Promoter Score is made of."""
        return sum(self.scores.values())

    @property
    def nps(self) -> str:
        """The percentage of promoters (9–10) less that of detractors (0–6), with its sign; empty if n is too small."""
        if self.n < ENOUGH:
            return ""
        promoters = self.scores[9] + self.scores[10]
        detractors = sum(self.scores[score] for score in range(7))
        points = round(100 * (promoters - detractors) / self.n)
        return f"{points:+d}".replace("-", "−").replace("+0", "0")


def work_of(agent: User) -> Work:
    """The agent's numbers now. A result that was taken back is none; a correction is no new one."""
    mine = Submission.objects.filter(agent=agent)
    today = mine.filter(created_at__gte=_midnight(), revision_of=None).exclude(delivery__evidence=UNDONE)
    surveys = today.count()
    without = Call.objects.filter(agent=agent, created_at__gte=_midnight()).count()
    return Work(surveys + without, surveys, _scores(mine))


def _scores(mine: SubmissionQuerySet) -> Counter[int]:
    """Each result once, in its newest version that was not cancelled."""
    recent = mine.filter(created_at__gte=_midnight() - timedelta(days=DAYS)).order_by()
    versions = dict(recent.filter(revision_of__isnull=False).values_list("pk", "revision_of_id"))
    counted = list(recent.exclude(delivery__state=State.CANCELLED).values_list("pk", "score"))
    replaced: set[int] = set()
    for pk, _ in counted:
        older = versions.get(pk)
        while older and older not in replaced:
            replaced.add(older)
            older = versions.get(older)
    return Counter(score for pk, score in counted if pk not in replaced)


def _midnight() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
