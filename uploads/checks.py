"""Start-up checks: what settings alone cannot refuse, told with a remedy."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register
def customergauge(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[CheckMessage]:
    """Whether the portal knows where to deliver and with which credential."""
    if not settings.CUSTOMERGAUGE_URL:
        return [
            Warning(
                "CUSTOMERGAUGE_URL is not set: results are saved, but nothing can be delivered.",
                hint="Set it to the host of your region, for example https://api.eu.customergauge.com.",
                id="uploads.W001",
            )
        ]
    oauth = (settings.CUSTOMERGAUGE_CLIENT_ID, settings.CUSTOMERGAUGE_CLIENT_SECRET, settings.CUSTOMERGAUGE_TOKEN_URL)
    if settings.CUSTOMERGAUGE_API_KEY and not any(oauth[:2]):
        return []
    if all(oauth) and not settings.CUSTOMERGAUGE_API_KEY:
        return []
    return [
        Error(
            "The credential for CustomerGauge is missing or ambiguous.",
            hint="Set CUSTOMERGAUGE_API_KEY, or CUSTOMERGAUGE_CLIENT_ID with CUSTOMERGAUGE_CLIENT_SECRET "
            "and CUSTOMERGAUGE_TOKEN_URL; not both.",
            id="uploads.E001",
        )
    ]


@register(Tags.security, deploy=True)
def audit_seals(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[CheckMessage]:
    """Whether the audit log is sealed, and the seals reach those who shall keep them."""
    found: list[CheckMessage] = []
    if not settings.AUDIT_SEAL_KEY:
        found.append(
            Warning(
                "AUDIT_SEAL_KEY is not set: the audit log is kept, but not sealed.",
                hint="Set it to at least 32 random characters and keep a copy for as long as you keep the log.",
                id="uploads.W002",
            )
        )
    if settings.AUDIT_ANCHOR_RECIPIENTS and not settings.EMAIL_CONFIGURED:
        found.append(
            Warning(
                "AUDIT_ANCHOR_RECIPIENTS is set and EMAIL_URL is not: no seal is mailed to anybody.",
                hint="Set EMAIL_URL to your mail server, for example smtp+tls://user:password@host:587.",
                id="uploads.W003",
            )
        )
    return found


@register(Tags.security, deploy=True)
def second_factors(app_configs: Sequence[AppConfig] | None, **_kwargs: Any) -> list[CheckMessage]:
    """Whether those who can do the most are let in by more than a password."""
    if settings.MFA_REQUIRED_ROLES or settings.SSO:
        return []
    return [
        Warning(
            "MFA_REQUIRED_ROLES is not set: a password alone opens every account.",
            hint="Set it to manager,admin,superuser, or let people sign in at your company (OIDC_ISSUER).",
            id="uploads.W004",
        )
    ]
