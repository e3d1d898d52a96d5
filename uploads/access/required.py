"""Roles that must have a second factor see nothing of the portal before they have one."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils.functional import SimpleLazyObject

#: The routes on the way to a second factor, and the way out.
OPEN = ("mfa_", "account_reauthenticate", "account_logout", "live", "ready", "metrics")
_STRONG = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class SecondFactorFirst:
    """Leads whoever lacks a required second factor to its set-up page, whatever was asked for and by which method."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # for the head of every page, also of those that are not there: it names customers who are to be called
        request.lacks_factor = SimpleLazyObject(lambda: lacks_one(request))  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponseBase | None:
        """None lets the request through."""
        match = request.resolver_match
        if (match and _is_open(match.view_name)) or not request.lacks_factor:  # type: ignore[attr-defined]
            return None
        if request.headers.get("HX-Request"):
            there = {} if _on_the_way(request) else {"HX-Redirect": reverse("mfa_index")}
            return HttpResponse(status=204, headers=there)
        return redirect("mfa_index")


def lacks_one(request: HttpRequest) -> bool:
    """Whether this person's role needs a second factor, and neither this portal nor the company's sign-in knows one."""
    if not settings.MFA_REQUIRED_ROLES or not needed_by(request.user):
        return False
    if any(record["method"] == "socialaccount" for record in get_authentication_records(request, request.user)):
        return False  # the company's sign-in has its own rules for that
    return not Authenticator.objects.filter(user_id=request.user.pk, type__in=_STRONG).exists()


def needed_by(user: User | AnonymousUser) -> bool:
    """Whether the role of this user needs a second factor."""
    if not user.is_authenticated:
        return False
    if user.is_superuser:
        return "superuser" in settings.MFA_REQUIRED_ROLES
    return user.groups.filter(name__in=settings.MFA_REQUIRED_ROLES).exists()


def _is_open(route: str) -> bool:
    return route.startswith(OPEN)


def _on_the_way(request: HttpRequest) -> bool:
    """A page on the way to a second factor asks for its header's news: it must not be loaded anew while one types."""
    try:
        return _is_open(resolve(urlsplit(request.headers.get("HX-Current-URL", "")).path).view_name)
    except Resolver404:
        return False
