"""A form that was saved after the session had ended: what was typed waits for its agent to sign in again.

It lies in the session of this one browser, on the server, for a quarter of an hour at most, and becomes a draft of
whoever signs in there, if that person may enter results. Nothing of it is saved as a result without being looked at.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.core.cache import cache
from django.dispatch import receiver
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from ..models.drafts import NotYours
from ..roles import ENTER, may
from .autosave import revised
from .drafts import Spent, TooLong, keep, typed
from .own import read_uuid

#: The place in the session.
TYPED = "typed"
WAITS = timedelta(minutes=15)
#: Anybody can send a form: about so many are kept in a minute.
A_MINUTE = 120
SAFE = "You have been signed out. What stood in the form is kept for a quarter of an hour: sign in, and it comes back."
LOST = "You have been signed out, and what stood in the form could not be kept. Sign in and enter it again."
BACK = "This is what stood in the form before you signed in. Nothing was saved yet: look at it, then save it."

Params = ParamSpec("Params")
View = Callable[Concatenate[HttpRequest, Params], HttpResponseBase]


def keeps_what_was_typed(view: View[Params]) -> View[Params]:
    """Guard an entry form's view: what somebody posts who is not signed in (any more) is kept for the sign-in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Params.args, **kwargs: Params.kwargs) -> HttpResponseBase:
        if request.method == "POST" and not request.user.is_authenticated:
            return keep_and_sign_in(request)
        return view(request, *args, **kwargs)

    return cast(View[Params], guarded)


def keep_and_sign_in(request: HttpRequest) -> HttpResponseBase:
    """To the sign-in page, and from there to the form as it was typed."""
    token, page = read_uuid(request.POST.get("submit_token", "")) or uuid.uuid4(), _page(request)
    try:
        values = typed(request.POST) if _is_room() else {}
    except TooLong:
        values = {}
    if not values:
        messages.warning(request, LOST)
        return redirect_to_login(page)
    request.session[TYPED] = {
        "token": str(token),
        "values": values,
        "revises": request.POST.get("revises", ""),
        "until": (timezone.now() + WAITS).timestamp(),
    }
    request.session.set_expiry(WAITS)
    messages.info(request, SAFE)
    return redirect_to_login(f"{page}?{urlencode({'draft': token})}")


def is_from_here(request: HttpRequest) -> bool:
    """Whether a page of this portal has sent the request; browsers name the origin of every POST.

    Nobody else's page may have a session begun: it would end the one that is there.
    """
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


@receiver(user_logged_in)
def hand_over(request: HttpRequest, user: User, **_signal: Any) -> None:
    """What was typed in this browser becomes a draft of who signs in now."""
    waiting = request.session.pop(TYPED, None)
    if waiting is None:
        return
    request.session.set_expiry(None)
    if waiting["until"] < timezone.now().timestamp() or not may(user, ENTER):
        return
    try:
        if keep(user, uuid.UUID(waiting["token"]), waiting["values"], None, revised(user, waiting["revises"])):
            messages.info(request, BACK)
    except (Spent, NotYours, Http404):
        return  # it was saved after all, or it is somebody else's


def _page(request: HttpRequest) -> str:
    """The page of the form that was posted: the way out of it without a survey has no page of its own."""
    match = request.resolver_match
    return request.path if match and match.view_name in ("correct", "batch_row") else reverse("new")


def _is_room() -> bool:
    """Whether one more may be kept now. Two at the same moment may count as one: it need not be exact."""
    key = f"typed-{timezone.now():%H%M}"
    count = int(cache.get(key, 0))
    cache.set(key, count + 1, timeout=120)
    return count < A_MINUTE
