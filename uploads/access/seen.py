"""When a session was last used, to the hour: written once an hour and process, never at each request."""

import logging
import time
from collections.abc import Callable
from functools import lru_cache

from allauth.usersessions.models import UserSession
from django.db import Error
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

log = logging.getLogger(__name__)
HOUR = 3600  # seconds


class NoteLastSeen:
    """Notes it after the page is made. What a page asks for by itself (a fragment) is nobody's doing and not noted."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.session.accessed and not request.headers.get("HX-Request"):
            try:
                if request.user.is_authenticated and request.session.session_key:
                    note(request.session.session_key, int(time.time() // HOUR))
            except Error:
                log.warning("could not note that a session was used")
        return response


@lru_cache(maxsize=4096)
def note(session_key: str, _hour: int) -> None:
    """Write down that the session is in use; a second time within the hour nothing happens."""
    UserSession.objects.filter(session_key=session_key).update(last_seen_at=timezone.now())
