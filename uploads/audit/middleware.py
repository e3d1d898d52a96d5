"""Around every web request: one id, no copies in caches, and a record of each refusal."""

import secrets
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ..models import Action, AuditEvent, request_id

GetResponse = Callable[[HttpRequest], HttpResponseBase]

PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-get=(self)"


class PrivatePages:
    """Gives each request an id (also in the reply, so that a person can quote it) and keeps pages private."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = request_id.set(secrets.token_hex(8))
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = request_id.get()
        finally:
            request_id.reset(token)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")
        return response


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
