"""Trends: the Net Promoter Score with its uncertainty, by week or month, by agent, its reasons, and the deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from ..models import Contact, ReasonCode, State
from ..roles import REVIEW, required
from . import trends_pictures as pictures
from .filters import BANDS
from .trends_delivery import Day, duration, last_day
from .trends_filter import MOST, USUAL, TrendsFilter, address, first_of
from .trends_numbers import ENOUGH, Tally, percent, quantile
from .trends_queries import MOST_ROWS, Counted, Span

TOP_REASONS = 10
#: The sides of the score, as reasons are offered for them: name, and the bands.
SIDES = (("Promoters", ("promoter",)), ("Passives and detractors", ("passive", "detractor")))
NAMES = {"promoter": "Promoters (9–10)", "passive": "Passives (7–8)", "detractor": "Detractors (0–6)"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table that compares scores: its name, the list behind it, the scores, and how they are drawn."""

    name: str
    href: str
    tally: Tally
    mark: pictures.Mark | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A row of a table of shares: its name, the list behind it, how many, and how many percent that is."""

    name: str
    href: str
    number: int
    share: str
    width: float

    @classmethod
    def of(cls, name: str, href: str, number: int, whole: int) -> "Share":
        return cls(name, href, number, percent(number, whole), round(100 * number / max(whole, 1), 1))


@require_safe
@required(REVIEW)
def trends(request: HttpRequest) -> HttpResponse:
    """The page; 422 if the address asks for nonsense."""
    form = TrendsFilter(request.GET)
    if not form.is_valid():
        return render(request, "history/trends.html", {"form": form}, status=422)
    spans = Span.split(form.span.first, form.span.last, form.course, MOST[form.course])
    counted = form.count(spans)
    context = {"form": form, "span": form.span, "tally": counted.tally(), "enough": ENOUGH, "counted": counted}
    context |= {"one_band": form.cleaned_data["band"], "quick": _quick_spans(form), "most_rows": MOST_ROWS}
    context |= _course(form, counted, spans) | _agents(form, counted) | _contact(form, counted)
    hrefs = {band: form.list_url(band=band) for band in BANDS}
    context |= {"bars": pictures.distribution(counted.tally(), hrefs), "sides": _sides(form, counted)}
    return render(request, "history/trends.html", context | {"delivery": _delivery(last_day())})


def _quick_spans(form: TrendsFilter) -> list[tuple[str, str, date, bool]]:
    """Days to choose from: name, by what the course is drawn then, first day, and whether they are shown now."""
    today = timezone.localdate()
    offers = [*(("week", number) for number in (4, USUAL, 26, MOST["week"])), ("month", 24)]
    found = [(f"{number} {by}s", by, first_of(by, number, today)) for by, number in offers]
    shown = (form.course, form.span.first)
    return [(*each, each[1:] == shown and not form.given.get("until")) for each in found]


def _course(form: TrendsFilter, counted: Counted, spans: Sequence[Span]) -> dict[str, Any]:
    shown = [(place, span) for place, span in enumerate(spans) if span.is_one(form.course)]
    style = "M Y" if form.course == "month" else "j M Y"
    rows = [Row(date_format(span.first, style), form.list_url(span), counted.tally(place)) for place, span in shown]
    picture = pictures.course([row.tally for row in rows], [(row.name, row.href) for row in rows])
    return {"rows": rows, "course": picture, "shortened": len(rows) < len(spans)}


def _agents(form: TrendsFilter, counted: Counted) -> dict[str, Any]:
    """Those with enough results by their score, then the others by name."""
    tallies = counted.by_agent()
    users = {user.pk: user for user in User.objects.filter(pk__in=tallies)}
    rows = [
        Row(user.get_full_name() or user.get_username(), form.list_url(agent=user.get_username()), tallies[pk])
        for pk, user in users.items()
    ]
    ranked = sorted((row for row in rows if row.tally.enough), key=lambda row: (-(row.tally.nps or 0), row.name))
    few = sorted((row for row in rows if not row.tally.enough), key=lambda row: row.name)
    scale, marks = pictures.lying([row.tally for row in ranked])
    drawn = [Row(row.name, row.href, row.tally, mark) for row, mark in zip(ranked, marks, strict=True)]
    return {"ranked": drawn, "few": few, "agent_scale": scale}


def _contact(form: TrendsFilter, counted: Counted) -> dict[str, Any]:
    """Who wishes to be contacted, of which band."""
    tally, wish = counted.tally(), Contact.YES.value
    shares = [
        Share.of(NAMES[band], form.list_url(band=band, contact=wish), counted.contact[band], tally.band(band))
        for band in BANDS
        if tally.band(band)
    ]
    return {"contact": Share.of("", form.list_url(contact=wish), counted.contact.total(), tally.n), "contacts": shares}


def _sides(form: TrendsFilter, counted: Counted) -> list[tuple[str, int, list[Share]]]:
    """For each side of the score: its name, how many results it has, and its most frequent reasons."""
    tally, known = counted.tally(), {reason.code: reason for reason in ReasonCode.objects.all()}
    return [
        (name, whole, _reasons(form, counted, known, bands, whole))
        for name, bands in SIDES
        for whole in [sum(tally.band(band) for band in bands)]
    ]


def _reasons(
    form: TrendsFilter, counted: Counted, known: dict[str, ReasonCode], bands: Sequence[str], whole: int
) -> list[Share]:
    codes = {code for _, code in counted.reasons}
    numbers = {code: sum(counted.reasons[band, code] for band in bands) for code in codes}
    top = sorted((item for item in numbers.items() if item[1]), key=lambda item: (-item[1], item[0]))[:TOP_REASONS]
    score = BANDS[bands[0]][1]
    band = {"band": bands[0]} if len(bands) == 1 else {}
    return [
        Share.of(
            known[code].label_for(score) if code in known else counted.labels[code],
            form.list_url(None, reason=code, **band) if code in known else "",
            number,
            whole,
        )
        for code, number in top
    ]


def _delivery(day: Day) -> dict[str, Any]:
    parts, times, most = pictures.day(day.quarters)
    days = Span(timezone.localdate(day.since), timezone.localdate())
    states = [(state, day.states[state], address(days, state=state.value)) for state in State if day.states[state]]
    return {
        "day": day,
        "states": states,
        "delivered_share": percent(day.states[State.DELIVERED], day.wanted),
        "median": duration(quantile(day.seconds, 0.5)),
        "most": duration(quantile(day.seconds, 0.95)),
        "picture": {"parts": parts, "times": times, "highest": most},
    }
