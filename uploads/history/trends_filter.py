"""The filter of the trends: what of the history's filter makes sense for them, and the lists behind their numbers."""

from copy import copy
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.urls import reverse
from django.utils import timezone

from ..models import Submission
from ..models.submission import SubmissionQuerySet
from ..models.totals import TotalsKept
from .filters import BANDS, HistoryFilter
from .trends_queries import Counted, Span, add_directly, add_totals

#: Weeks or months that are shown unless the address says otherwise, and how many a picture holds.
USUAL, MOST = 13, {"week": 53, "month": 36}


class TrendsFilter(HistoryFilter):
    """The filter of the history, as far as it makes sense here. Without a first day it shows the last 13 weeks."""

    ASKED = ("since", "until", "agent", "band", "by", "reason", "workflow", "contact")
    RARE = ("reason", "workflow", "contact")
    #: What the daily totals can tell apart.
    TOTALLED = frozenset({"since", "until", "agent", "band", "by"})

    by = forms.ChoiceField(
        label="Course by",
        required=False,
        choices=[("", "Week"), ("month", "Month")],
        error_messages={"invalid_choice": "There is no such course. Choose one from the list."},
    )

    def prepare(self) -> None:
        super().prepare()
        self.fields = {name: self.fields[name] for name in self.ASKED}

    def clean(self) -> dict[str, Any]:
        given = dict.fromkeys(self.base_fields, "") | super().clean()
        until = given.get("until") or max(timezone.localdate(), given.get("since") or date.min)
        return given | {"until": until, "since": given.get("since") or first_of(given["by"] or "week", USUAL, until)}

    # -- for a valid filter only ---------------------------------------------------------------------------

    @property
    def span(self) -> Span:
        """The days that are shown."""
        return Span(self.cleaned_data["since"], self.cleaned_data["until"])

    @property
    def course(self) -> str:
        """By what the course is drawn: week or month."""
        return str(self.cleaned_data["by"] or "week")

    @property
    def narrowed(self) -> bool:
        """Whether it asks for anything beside days."""
        return any(self.given.get(name) for name in self.ASKED if name not in ("since", "until", "by"))

    def count(self, spans: list[Span]) -> Counted:
        """The results of spans that follow one another: from the totals as far as these go, the rest directly."""
        counted, through = Counted(), TotalsKept.known_through()
        if through and not self.given.keys() - self.TOTALLED:
            asked = self.cleaned_data
            agent = self._agents[asked["agent"]] if asked["agent"] else None
            add_totals(counted, spans, through, agent, [asked["band"]] if asked["band"] else list(BANDS))
            direct = Span(max(self.span.first, through + timedelta(days=1)), self.span.last)
        else:
            direct = self.span
        if direct.first <= direct.last:
            add_directly(counted, self._results(direct), spans)
        return counted

    def list_url(self, span: Span | None = None, **changes: str) -> str:
        """The address of the list of what is shown here: of other days, or with other answers."""
        asked = {name: value for name, value in self.given.items() if name != "by"}
        return address(span or self.span, **(asked | changes))

    def _results(self, span: Span) -> SubmissionQuerySet:
        other = copy(self)
        other.cleaned_data = self.cleaned_data | {"since": span.first, "until": span.last}
        return other.narrow(Submission.objects.all())


def address(span: Span, **asked: str) -> str:
    """The address of the list of some days, with the answers to its other questions."""
    return f"{reverse('history')}?{urlencode(asked | {'since': str(span.first), 'until': str(span.last)})}"


def first_of(by: str, number: int, until: date) -> date:
    """The first day of so many weeks or months that end with a day."""
    if by == "week":
        return until - timedelta(days=until.weekday(), weeks=number - 1)
    months = until.year * 12 + until.month - number
    return date(months // 12, months % 12 + 1, 1)
