"""The check of the audit log that nobody has to think of: its newest part every hour, all of it every night.

It runs in a process of its own. What it found stands in the log itself; an alert looks there.
"""

from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from ..background import Background
from ..models import Action, AuditEvent, AuditSeal
from . import seal
from .report import Report

#: The hour of the portal's zone at which all is checked; at the others what was sealed lately.
FULL_AT = 3
LATELY = timedelta(hours=3)
#: The newest part is in order; that takes nothing back that was found in the rest.
PART_OK = "part_ok"

_check = Background("verify_audit", "--record")


def check_hourly() -> bool:
    """Begin the check of this hour, unless a worker has done so or nothing is ever sealed; True if it was begun."""
    now = timezone.localtime()
    if _check.busy or not settings.AUDIT_SEAL_KEY or not cache.add(f"audit-checked:{now:%Y-%m-%d %H}", 1, 2 * 3600):
        return False
    _check.start(*(() if now.hour == FULL_AT else ("--since", str(_first_lately()))))
    return True


def record(report: Report, *, whole: bool) -> None:
    """Write down what a check found, of all of the log or of its newest part; its sentences go to the payload."""
    outcome = PART_OK if report.result == "ok" and not whole else report.result
    AuditEvent.objects.record(Action.AUDIT_CHECKED, "audit log", actor="check", outcome=outcome, body=report.as_data())


def last_result() -> str:
    """What the checks found: ok, tampering, cannot_check; empty if there was none.

    Tampering stands until all of the log is found in order.
    """
    checks = AuditEvent.objects.filter(action=Action.AUDIT_CHECKED).order_by("-at", "-id")
    outcomes = checks.values_list("outcome", flat=True)
    if outcomes.filter(outcome__in=("ok", "tampering")).first() == "tampering":
        return "tampering"
    return (outcomes.first() or "").replace(PART_OK, "ok")


def _first_lately() -> int:
    found = AuditSeal.objects.filter(at__gte=timezone.now() - LATELY).order_by("number").first() or seal.newest()
    return found.number if found else 1
