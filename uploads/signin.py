"""Sign-in: no sign-up, and every success, refusal and change of a password on the record."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.account.signals import password_changed, password_reset
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.contrib.sites.shortcuts import get_current_site
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from .access.addresses import address
from .models import Action, AuditEvent


class ClosedSignUp(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Accounts are made by superusers, or by the company's own sign-in; then nobody else signs in here."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(
        self, request: HttpRequest, user: AbstractBaseUser, *, signal_kwargs: dict[str, Any] | None, **kwargs: Any
    ) -> HttpResponse | None:
        """The last door before a session, whether by password, link or passkey. A response keeps it shut."""
        shut: HttpResponse | None = super().pre_login(request, user, signal_kwargs=signal_kwargs, **kwargs)
        if shut or "sociallogin" in (signal_kwargs or {}) or _may_sign_in_here(user):
            return shut
        clear_login(request)
        body = {"name": user.get_username(), "address": address(request)}
        AuditEvent.objects.record(Action.SIGN_IN_REFUSED, user, outcome="not_local", body=body)
        return render(request, "sso/not_here.html", {"sso": settings.SSO}, status=403)

    def send_notification_mail(
        self, template_prefix: str, user: AbstractBaseUser, context: Any = None, email: str | None = None
    ) -> None:
        """To the address that the operator gave, once the change is saved; a mail server that is away stops nothing."""
        if to := email or getattr(user, "email", ""):
            said = {"timestamp": timezone.now(), "ip": address(self.request), "email": to}
            said |= {"current_site": get_current_site(self.request)} | (context or {})
            transaction.on_commit(self.render_mail(template_prefix, to, said).send, robust=True)


def _may_sign_in_here(user: AbstractBaseUser) -> bool:
    return not settings.SSO or settings.SSO.local == "everyone" or bool(getattr(user, "is_superuser", False))


@receiver(user_logged_in)
def signed_in(request: HttpRequest, user: AbstractBaseUser, **_signal: Any) -> None:
    AuditEvent.objects.record(Action.SIGNED_IN, user, actor=user, outcome=_means(request, user))


def _means(request: HttpRequest, user: AbstractBaseUser) -> str:
    """With what somebody has signed in, such as "password_totp"; a constant of `history.wording`, or nothing."""
    records = get_authentication_records(request, user)
    return "_".join("sso" if it["method"] == "socialaccount" else it.get("type", it["method"]) for it in records[:2])


@receiver(user_logged_out)
def signed_out(user: AbstractBaseUser | None, **_signal: Any) -> None:
    if user:
        AuditEvent.objects.record(Action.SIGNED_OUT, user, actor=user)


@receiver(user_login_failed)
def refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_signal: Any) -> None:
    """The name goes to the payload: somebody may have typed a password into the wrong box."""
    body = {"name": str(credentials.get("username", ""))[:150], "address": address(request)}
    AuditEvent.objects.record(Action.SIGN_IN_REFUSED, body=body)


@receiver(password_changed)
def changed_password(user: AbstractBaseUser, **_signal: Any) -> None:
    AuditEvent.objects.record(Action.PASSWORD_CHANGED, user, actor=user)


@receiver(password_reset)
def reset_password(user: AbstractBaseUser, **_signal: Any) -> None:
    AuditEvent.objects.record(Action.PASSWORD_RESET, user, actor=user)
