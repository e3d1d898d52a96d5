"""Trends: the Net Promoter Score with its uncertainty, by week, by agent, its reasons, and how deliveries went."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ..models import ReasonCode, State, Submission
from ..models.submission import SubmissionQuerySet
from ..roles import REVIEW, required
from . import trends_pictures as pictures
from .filters import HistoryFilter
from .trends_numbers import ENOUGH, Tally, percent, quantile
from .trends_queries import Counted, Deliveries, Span, count, deliveries

#: Weeks that are shown unless the address says otherwise, and weeks that a picture holds.
USUAL, MOST = 13, 53
TOP_REASONS = 10


class TrendsFilter(HistoryFilter):
    """The filter of the history, as far as it makes sense here. Without a first day it shows the last weeks."""

    ASKED = ("since", "until", "agent", "band")

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.fields = {name: field for name, field in self.fields.items() if name in self.ASKED}
        self._errors = None  # what the others said does not matter here

    def clean(self) -> dict[str, Any]:
        given = dict.fromkeys(self.base_fields, "") | super().clean()
        until = given.get("until") or max(timezone.localdate(), given.get("since") or date.min)
        monday = until - timedelta(days=until.weekday())
        return given | {"until": until, "since": given.get("since") or monday - timedelta(weeks=USUAL - 1)}

    @property
    def span(self) -> Span:
        """The days that are shown. Only for a valid filter."""
        return Span(self.cleaned_data["since"], self.cleaned_data["until"])

    def results(self, span: Span) -> SubmissionQuerySet:
        """What the filter finds within other days than its own."""
        other = copy(self)
        other.cleaned_data = self.cleaned_data | {"since": span.first, "until": span.last}
        return other.narrow(Submission.objects.all())


@dataclass(frozen=True, slots=True)
class Week:
    """A row of the table of weeks."""

    span: Span
    tally: Tally


@dataclass(frozen=True, slots=True)
class Agent:
    """A row of the table of agents."""

    name: str
    tally: Tally
    mark: pictures.Mark


@dataclass(frozen=True, slots=True)
class Reason:
    """A row of a table of reasons: how often it was given, and the percentage of the results on that side."""

    code: str
    label: str
    number: int
    share: str
    width: float


@require_safe
@required(REVIEW)
def trends(request: HttpRequest) -> HttpResponse:
    """The page; 422 if the address asks for nonsense."""
    form = TrendsFilter(request.GET)
    if not form.is_valid():
        return render(request, "history/trends.html", {"form": form}, status=422)
    spans = Span.split(form.span.first, form.span.last, MOST)
    counted, delivered = count(form.results, spans), deliveries(form.results(form.span))
    context = {"form": form, "span": form.span, "tally": counted.tally(), "enough": ENOUGH, "usual": USUAL}
    context |= {"one_band": form.cleaned_data["band"], "quick": _quick_spans(), "has_any": bool(delivered.states)}
    context |= _weeks(counted, spans) | _agents(counted) | _health(delivered)
    context |= {"bars": pictures.distribution(counted.tally()), "sides": _sides(counted)}
    return render(request, "history/trends.html", context)


def _quick_spans() -> list[tuple[str, date]]:
    today = timezone.localdate()
    monday = today - timedelta(days=today.weekday())
    return [(f"{weeks} weeks", monday - timedelta(weeks=weeks - 1)) for weeks in (4, USUAL, 26, MOST)]


def _weeks(counted: Counted, spans: Sequence[Span]) -> dict[str, Any]:
    weeks = [Week(span, counted.tally(span=place)) for place, span in enumerate(spans) if span.is_week]
    shortened = len(weeks) < len(spans)
    return {"weeks": weeks, "course": pictures.course([week.tally for week in weeks]), "shortened": shortened}


def _agents(counted: Counted) -> dict[str, Any]:
    """Those with enough results by their score, then the others by name."""
    names = {
        user.pk: user.get_full_name() or user.get_username() for user in User.objects.filter(pk__in=counted.agents)
    }
    tallies = {agent: counted.tally(agent=agent) for agent in names}
    ranked = sorted((a for a in names if tallies[a].enough), key=lambda a: (-(tallies[a].nps or 0), names[a]))
    few = sorted((a for a in names if not tallies[a].enough), key=lambda a: names[a])
    scale, marks = pictures.lying([tallies[agent] for agent in ranked])
    rows = [Agent(names[agent], tallies[agent], mark) for agent, mark in zip(ranked, marks, strict=True)]
    return {"ranked": rows, "few": [(names[agent], tallies[agent]) for agent in few], "agent_scale": scale}


def _sides(counted: Counted) -> list[tuple[str, int, list[Reason]]]:
    """For each side of the score: its name, how many results it has, and its most frequent reasons."""
    tally, known = counted.tally(), {reason.code: reason for reason in ReasonCode.objects.all()}
    promoters = tally.band("promoter")
    sides = [("Promoters", True, promoters), ("Passives and detractors", False, tally.n - promoters)]
    return [(name, whole, _reasons(counted, known, promoter, whole)) for name, promoter, whole in sides]


def _reasons(counted: Counted, known: dict[str, ReasonCode], promoter: bool, whole: int) -> list[Reason]:
    numbers = {code: n for (side, code), n in counted.reasons.items() if side == promoter and n}
    top = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))[:TOP_REASONS]
    score = 10 if promoter else 0
    return [
        Reason(
            code, known[code].label_for(score) if code in known else counted.labels[code], number,
            percent(number, whole), round(100 * number / max(whole, 1), 1),
        )
        for code, number in top
    ]  # fmt: skip


def _health(delivered: Deliveries) -> dict[str, Any]:
    wanted = delivered.states.total() - delivered.states[State.CANCELLED]
    states = [(state, delivered.states[state]) for state in State if delivered.states[state]]
    return {
        "states": states,
        "wanted": wanted,
        "delivered_share": percent(delivered.states[State.DELIVERED], wanted),
        "median": _duration(quantile(delivered.seconds, 0.5)),
        "most": _duration(quantile(delivered.seconds, 0.95)),
    }


def _duration(seconds: int | None) -> str:
    """A length of time in its largest units: 15 s, 4 min, 2 h 10 min, 3 days."""
    if seconds is None:
        return "–"
    if seconds < 120:
        return f"{max(seconds, 0)} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 2880 else f"{round(minutes / 1440)} days"
