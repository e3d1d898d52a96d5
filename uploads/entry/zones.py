"""The zone of an agent's clock: where somebody sits, so it is kept in their browser, and not with their account.

Agents' pages show and read times in it. Everybody else's are in the portal's zone, `TIME_ZONE`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import cache, wraps
from typing import Concatenate, ParamSpec, cast
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ..roles import ENTER, required

COOKIE = "zone"
#: The input of the entry form that says by which clock its times are read: what was typed keeps its meaning when
#: another zone is chosen meanwhile, in another tab or before a draft is opened again.
CLOCK = "clock-zone"
KEPT = timedelta(days=400)  # browsers keep no cookie longer
AGENTS_PAGES = ("/submissions/", "/calls/")

Params = ParamSpec("Params")
View = Callable[Concatenate[HttpRequest, Params], HttpResponseBase]


@cache
def known() -> frozenset[str]:
    """The names of all places, without the old abbreviations and the offsets, which know no summer time."""
    names = (name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return frozenset((*names, "UTC", settings.TIME_ZONE))


def of_the_agent() -> ZoneInfo:
    """The zone in which the form at hand shows and reads times."""
    return ZoneInfo(timezone.get_current_timezone_name())


def clock(name: str) -> AbstractContextManager[None]:
    """Within it times are those of the zone of that name; of no other one if there is none."""
    return timezone.override(ZoneInfo(name) if name in known() else timezone.get_current_timezone())


def by_its_clock(view: View[Params]) -> View[Params]:
    """Guard the view of an entry form: what was typed is read by the clock that its page has shown."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Params.args, **kwargs: Params.kwargs) -> HttpResponseBase:
        with clock(request.POST.get(CLOCK, "")):
            return view(request, *args, **kwargs)

    return cast(View[Params], guarded)


class OwnZone:
    """Agents' pages are made with the clock that their browser asks for, if it is one that is known."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = request.COOKIES.get(COOKIE, "")
        if name not in known() or not request.path.startswith(AGENTS_PAGES):
            return self.get_response(request)
        with timezone.override(ZoneInfo(name)):
            return self.get_response(request)


class ZoneForm(forms.Form):
    """Which zone. Also a link from the form offers one: `?zone=`, shown as the choice and nothing more."""

    def __init__(self, data: object = None, *, chosen: str) -> None:
        super().__init__(data, initial={"zone": chosen}, label_suffix="")  # type: ignore[arg-type]
        names = [(name, name.replace("_", " ")) for name in sorted(known())]
        self.fields["zone"] = forms.ChoiceField(
            label="Your clock shows the time of", choices=names,
            error_messages={"invalid_choice": "There is no such zone. Choose one from the list."},
        )  # fmt: skip
        self.fields["zone"].widget.attrs["class"] = "form-select"


@require_http_methods(["GET", "HEAD", "POST"])
@required(ENTER)
def zone(request: HttpRequest) -> HttpResponseBase:
    """The page that asks; back to the form when it is told (302), 422 if there is no such zone."""
    offered = request.GET.get("zone", "")
    chosen = offered if offered in known() else of_the_agent().key
    form = ZoneForm(request.POST if request.method == "POST" else None, chosen=chosen)
    if not form.is_valid():
        return render(request, "entry/zone.html", {"form": form}, status=422 if form.is_bound else 200)
    answer = redirect("new")
    answer.set_cookie(
        COOKIE, form.cleaned_data["zone"], max_age=KEPT, secure=settings.SESSION_COOKIE_SECURE, httponly=True,
        samesite="Lax",
    )  # fmt: skip
    messages.success(request, f"Times on your pages are those of {form.cleaned_data['zone'].replace('_', ' ')} now.")
    return answer
