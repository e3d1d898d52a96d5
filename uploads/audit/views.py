"""The seals for whoever wants to keep them, and what is kept for how long."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_GET

from ..models import RetentionRun
from ..roles import HEALTH, required
from . import anchors, prune
from .retention import CLASSES, EVERY, Class

YEAR = 365


class Row(NamedTuple):
    """One kind of what is kept, for people. goes: when the next of it goes, as a sentence."""

    one: Class
    period: str
    rows: int
    oldest: datetime | None
    goes: str
    run: RetentionRun | None


@require_GET
@required(HEALTH)
def download(request: HttpRequest) -> StreamingHttpResponse:
    """Every seal as a line of text, oldest first."""
    name = f"audit-seals-{timezone.localtime():%Y-%m-%d}.txt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(anchors.lines(), content_type="text/plain; charset=utf-8", headers=headers)


@require_GET
@required(HEALTH)
def kept(request: HttpRequest) -> HttpResponse:
    """Each kind of what is kept: how long, how much there is, when the next of it goes, and the last look."""
    runs = RetentionRun.objects.in_bulk()
    rows = [_row(one, runs.get(one.kind.value)) for one in CLASSES]
    shift = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    context = {"rows": rows, "signed": prune.possible(), "shift": shift.total_seconds() / 3600}
    return render(request, "audit/kept.html", context)


def _row(one: Class, run: RetentionRun | None) -> Row:
    oldest = one.oldest()
    return Row(one, _words(one.period), one.rows(), oldest, _goes(one.period, oldest, run), run)


def _words(period: timedelta | None) -> str:
    if period is None:
        return "for ever"
    years, days = divmod(period.days, YEAR)
    number, unit = (years, "year") if not days else (period.days, "day")
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def _goes(period: timedelta | None, oldest: datetime | None, run: RetentionRun | None) -> str:
    now = timezone.now()
    if period is None:
        return "Nothing goes."
    if oldest is None:
        return "Nothing is there."
    if oldest + period > now:
        return f"On {date_format(timezone.localtime(oldest + period), 'j F Y')}."
    if run is None or run.reached or run.ended_at is None or now - run.ended_at > EVERY:
        return "Now, a little at a time."
    return "As soon as the oldest of it is through: it still waits for somebody, or belongs to something younger."
