"""Events and seals for the tests of the audit log."""

from datetime import timedelta

from django.utils import timezone

from uploads.audit import seal
from uploads.models import Action, AuditEvent, AuditSeal
from uploads.models.audit import compose


def make_events(number: int, *, minutes_ago: float = 10) -> None:
    """Events of the past, each with content."""
    at = timezone.now() - timedelta(minutes=minutes_ago)
    pairs = [compose(Action.SIGNED_IN, f"thing {n}", "anna", None, "ok", {"n": n}) for n in range(number)]
    for event, payload in pairs:
        event.at = at
        event.save()
        if payload:
            payload.event = event
            payload.save()


def seal_all() -> AuditSeal:
    """Seal everything now, due or not; gives the last seal."""
    make_events(1)
    assert seal.seal_now()
    newest = seal.newest()
    assert newest
    return newest


def unsealed() -> int:
    """How many events no seal covers yet."""
    newest = seal.newest()
    return AuditEvent.objects.filter(id__gt=newest.last_event if newest else 0).count()
