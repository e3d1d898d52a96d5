"""The receipts of outages, as sentences and as a list of what waited."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from .line import sentence
from .models import Delivery, Outage
from .roles import HEALTH, required

#: So many rows on one page.
SIZE = 50
#: An outage that ended within this time is news.
NEWS = timedelta(hours=24)
#: One that was over sooner is told by the second.
SHORT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Receipt:
    """An outage for people. span: from when to when.  words: what became of what waited.  good: all of it arrived."""

    pk: int
    ended_at: datetime
    span: str
    words: str
    cause: str
    good: bool


def receipt(outage: Outage) -> Receipt:
    """The receipt in words: "37 waited, 37 delivered, 0 lost, 0 sent twice, slowest 52 min", and what is still open."""
    figures = outage.figures()
    parts = [f"{figures['waited']} waited", f"{figures['delivered']} delivered"]
    if figures["cancelled"]:
        parts.append(f"{figures['cancelled']} cancelled")
    if figures["open"]:
        stopped = f" ({figures['stopped']} need a person)" if figures["stopped"] else ""
        parts.append(f"{figures['open']} still open{stopped}")
    parts += [f"{figures['lost']} lost", f"{figures['twice']} sent twice"]
    if figures["delivered"]:
        parts.append(f"slowest {_length(figures['slowest'])}")
    good = not (figures["open"] or figures["lost"] or figures["twice"])
    span = _span(outage.began_at, outage.ended_at)
    return Receipt(outage.pk, outage.ended_at, span, ", ".join(parts), sentence(outage.evidence), good)


def newest(number: int) -> list[Receipt]:
    """The receipts of the last outages, the newest first."""
    return [receipt(outage) for outage in Outage.objects.order_by("-ended_at")[:number]]


def in_the_news() -> Receipt | None:
    """The receipt of the last outage, if it ended lately."""
    last = Outage.objects.filter(ended_at__gte=timezone.now() - NEWS).order_by("-ended_at").first()
    return receipt(last) if last else None


@require_safe
@required(HEALTH)
def listing(request: HttpRequest) -> HttpResponse:
    """All outages, the newest first."""
    before = _number(request.GET.get("before"))
    outages = Outage.objects.order_by("-pk")
    found = list((outages.filter(pk__lt=before) if before else outages)[: SIZE + 1])
    context = {"outages": [receipt(outage) for outage in found[:SIZE]], "before": before}
    context["next"] = found[SIZE - 1].pk if len(found) > SIZE else None
    return render(request, "health/outages.html", context)


@require_safe
@required(HEALTH)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One outage and what waited in it, in the order in which it was entered."""
    outage = get_object_or_404(Outage, pk=pk)
    after = _number(request.GET.get("after"))
    waited = outage.waited.select_related("submission").order_by("pk")
    found: list[Delivery] = list((waited.filter(pk__gt=after) if after else waited)[: SIZE + 1])
    context = {"outage": receipt(outage), "rows": found[:SIZE], "after": after}
    context["next"] = found[SIZE - 1].pk if len(found) > SIZE else None
    return render(request, "health/outage.html", context)


def _number(text: str | None) -> int:
    """A row's number from the address; 0 if it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _span(began: datetime, ended: datetime) -> str:
    began, ended = timezone.localtime(began), timezone.localtime(ended)
    if began.date() == ended.date():
        day = "" if began.date() == timezone.localdate() else f"{date_format(began, 'j M')}, "
        clock = "H:i" if ended - began >= SHORT else "H:i:s"
        return f"{day}{date_format(began, clock)}–{date_format(ended, clock)}"
    return f"{date_format(began, 'j M, H:i')} – {date_format(ended, 'j M, H:i')}"


def _length(seconds: float) -> str:
    """A length of time in two units at most: "52 min", "3 h 5 min"."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
