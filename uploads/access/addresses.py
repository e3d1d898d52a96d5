"""Where a request comes from, as the limits on sign-in count it."""

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest


def address(request: HttpRequest | None) -> str:
    """The client's IP address, behind as many proxies as are trusted; empty if it cannot be known."""
    try:
        return str(get_adapter().get_client_ip(request)) if request else ""
    except PermissionDenied:
        return ""
