"""Second factors: secrets encrypted at rest, and every change on the record."""

import base64
from functools import lru_cache
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_removed
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.crypto import get_random_string

from ..models import Action, AuditEvent
from .addresses import address

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@lru_cache(maxsize=2)
def _cipher(secret: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"cgportal second factors").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """The library's, with secrets that a copy of the database does not give away."""

    def encrypt(self, text: str) -> str:
        """The text, readable with MFA_KEY only (or SECRET_KEY, if that is empty)."""
        return _cipher(settings.MFA_KEY or settings.SECRET_KEY).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The text. If the key is another now it is noise that no code fits, so that nothing breaks or opens."""
        try:
            return _cipher(settings.MFA_KEY or settings.SECRET_KEY).decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return get_random_string(32, _BASE32)

    def _get_user_identifier(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def _get_site_name(self) -> str:
        return "cgportal"

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {count + 1}"


def reset(user: AbstractBaseUser, actor: str) -> int:
    """Remove every second factor of somebody who has lost theirs, on the record; gives how many there were."""
    with transaction.atomic():
        factors = Authenticator.objects.filter(user_id=user.pk)
        kinds = sorted(factors.values_list("type", flat=True))
        if kinds:
            factors.delete()
            AuditEvent.objects.record(Action.FACTORS_RESET, user, actor=actor, body={"kinds": kinds})
    return len(kinds)


@receiver(post_save, sender=Authenticator)
def added(instance: Authenticator, created: bool, **_signal: Any) -> None:
    """In the transaction that adds it; the library's own signal comes after."""
    if created:
        AuditEvent.objects.record(Action.FACTOR_ADDED, instance.user, actor=instance.user, outcome=instance.type)


@receiver(authenticator_removed)
def removed(user: AbstractBaseUser, authenticator: Authenticator, **_signal: Any) -> None:
    AuditEvent.objects.record(Action.FACTOR_REMOVED, user, actor=user, outcome=authenticator.type)


@receiver(authentication_failed)
def refused(request: HttpRequest, user: AbstractBaseUser, **_signal: Any) -> None:
    body = {"name": user.get_username(), "address": address(request)}
    AuditEvent.objects.record(Action.SIGN_IN_REFUSED, user, outcome="second_factor", body=body)
