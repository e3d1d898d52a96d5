"""The two pages of the company's own sign-in: there and back."""

import logging

from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.utils import get_request_param
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from .provider import TROUBLES, CompanySignIn, Exchange, Refused, registration

log = logging.getLogger(__name__)


@require_POST
def begin(request: HttpRequest) -> HttpResponseBase:
    """To the provider's sign-in page; a page says so if the provider cannot be asked."""
    provider = CompanySignIn(request, app=registration())
    wanted = get_request_param(request, "next") or ""
    inside = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    try:
        answer: HttpResponseBase = provider.redirect(request, AuthProcess.LOGIN, next_url=wanted if inside else None)
    except TROUBLES as trouble:
        return _failed(request, 502, trouble)
    return answer


@require_GET
def callback(request: HttpRequest) -> HttpResponseBase:
    """Back from it, signed in or refused."""
    adapter = Exchange(request, registration().provider_id)
    try:
        answer: HttpResponseBase = OAuth2CallbackView.adapter_view(adapter)(request)
    except TROUBLES as trouble:
        return _failed(request, 502, trouble)
    return answer


@require_GET
def cancelled(request: HttpRequest) -> HttpResponseBase:
    """Whoever says no at the provider is back where they began."""
    return redirect("account_login")


@require_GET
def failed(request: HttpRequest) -> HttpResponseBase:
    return render(request, "socialaccount/authentication_error.html", {"sso": settings.SSO}, status=401)


def _failed(request: HttpRequest, status: int, trouble: Exception) -> HttpResponseBase:
    why = str(trouble) if isinstance(trouble, Refused) else type(trouble).__name__
    log.warning("the provider of single sign-on could not be asked", extra={"evidence": why})
    return render(request, "sso/unreachable.html", {"sso": settings.SSO}, status=status)
