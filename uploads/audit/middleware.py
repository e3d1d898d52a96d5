"""Around every web request: one id, no copies in caches, and a record of each refusal."""

import logging
import re
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ..models import Action, AuditEvent, request_id

log = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponseBase]

#: The forms in which proxies number requests: 32 hexadecimal digits, or a UUID.
NUMBER = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
PERMISSIONS = (
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(),"
    " publickey-credentials-get=(self), publickey-credentials-create=(self)"
)


class PrivatePages:
    """Gives each request an id (also in the reply, so that a person can quote it) and keeps pages private.

    The id is always our own: events of the audit log belong together by it, so nobody else may choose it. The number
    that a proxy gave the request stands beside it in the log.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token, began = request_id.set(secrets.token_hex(8)), time.monotonic()
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = request_id.get()
            if request.method not in ("GET", "HEAD", "OPTIONS"):
                _log_click(request, response.status_code, time.monotonic() - began)
        finally:
            request_id.reset(token)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _log_click(request: HttpRequest, status: int, seconds: float) -> None:
    """What might change something, without its address: that may be a link to somebody's account."""
    match = request.resolver_match
    number = request.headers.get("X-Request-ID", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    told = {
        "method": request.method,
        "page": match.view_name if match else "",
        "status": status,
        "seconds": round(seconds, 3),
        "proxy_request_id": number if NUMBER.fullmatch(number) else "",
    }
    log.info("request answered", extra=told)


class RecordRefusals:
    """Writes down each page that was refused to somebody who had signed in."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == 403 and request.user.is_authenticated:
            match = request.resolver_match
            page = match.view_name if match else "?"
            AuditEvent.objects.record(Action.ACCESS_REFUSED, page, actor=request.user, outcome=request.method or "")
        return response
