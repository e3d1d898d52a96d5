"""Sign-in: no sign-up, and every success, refusal and change of a password on the record."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.signals import password_changed, password_reset
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from .models import Action, AuditEvent


class ClosedSignUp(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Accounts are made by superusers."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


@receiver(user_logged_in)
def signed_in(user: AbstractBaseUser, **_signal: Any) -> None:
    AuditEvent.objects.record(Action.SIGNED_IN, user, actor=user)


@receiver(user_logged_out)
def signed_out(user: AbstractBaseUser | None, **_signal: Any) -> None:
    if user:
        AuditEvent.objects.record(Action.SIGNED_OUT, user, actor=user)


@receiver(user_login_failed)
def refused(credentials: dict[str, Any], **_signal: Any) -> None:
    """The name goes to the payload: somebody may have typed a password into the wrong box."""
    AuditEvent.objects.record(Action.SIGN_IN_REFUSED, body={"name": str(credentials.get("username", ""))[:150]})


@receiver(password_changed)
def changed_password(user: AbstractBaseUser, **_signal: Any) -> None:
    AuditEvent.objects.record(Action.PASSWORD_CHANGED, user, actor=user)


@receiver(password_reset)
def reset_password(user: AbstractBaseUser, **_signal: Any) -> None:
    AuditEvent.objects.record(Action.PASSWORD_RESET, user, actor=user)
