"""People of the company's own sign-in: found by the provider's subject alone, with the roles of their groups."""

import logging
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render

from ..models import Action, AuditEvent
from .addresses import address
from .provider import CompanySignIn, Refused, registration

log = logging.getLogger(__name__)
ACTOR = "company sign-in"
DETAILS = ("first_name", "last_name", "email")


class CompanyPeople(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Who may come in, and as what: decided anew at each sign-in."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True  # whoever gets as far as this has a role

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> CompanySignIn:
        return CompanySignIn(request, app=registration())

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        """For the operator: why somebody came back in vain. Only our own words, none of the provider's."""
        why = str(exception) if isinstance(exception, Refused) else type(exception).__name__ if exception else "state"
        log.warning("a sign-in through the provider was refused", extra={"evidence": why})

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Bring the account up to date; raises ImmediateHttpResponse with a page for whoever has no role here."""
        user, roles = sociallogin.user, sociallogin.roles
        if sociallogin.is_existing:
            if user.is_superuser:  # the account for emergencies must not depend on the provider
                self._refuse(request, user.get_username())
            _bring_up_to_date(user, sociallogin.found, roles)
        if not roles:
            self._refuse(request, user.get_username() or sociallogin.account.uid)

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, str]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        sociallogin.found = {name: getattr(user, name) for name in DETAILS}
        return user

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """A newcomer's account, with its roles and its record, or nothing."""
        with transaction.atomic():
            user: User = super().save_user(request, sociallogin, form)
            user.groups.set(Group.objects.filter(name__in=sociallogin.roles))
            body = {"before": None, "after": _facts(user)}
            AuditEvent.objects.record(Action.USER_ADDED, user, actor=ACTOR, outcome="sso", body=body)
        return user

    def _refuse(self, request: HttpRequest, name: str) -> None:
        body = {"name": name, "address": address(request)}
        AuditEvent.objects.record(Action.SIGN_IN_REFUSED, outcome="no_role", body=body)
        raise ImmediateHttpResponse(render(request, "sso/no_role.html", {"sso": settings.SSO}, status=403))


def _bring_up_to_date(user: User, details: dict[str, str], roles: frozenset[str]) -> None:
    with transaction.atomic():
        before = _facts(user)
        for name, value in details.items():
            setattr(user, name, value)
        user.save(update_fields=DETAILS)
        user.groups.set(Group.objects.filter(name__in=roles))
        after = _facts(user)
        if before != after:
            body = {"before": before, "after": after}
            AuditEvent.objects.record(Action.USER_CHANGED, user, actor=ACTOR, outcome="sso", body=body)


def _facts(user: User) -> dict[str, Any]:
    groups = sorted(user.groups.values_list("name", flat=True))
    return {"username": user.username, "groups": groups} | {name: getattr(user, name) for name in DETAILS}
