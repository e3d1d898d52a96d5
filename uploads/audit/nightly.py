"""The check of the audit log that nobody has to think of: its newest part every hour, all of it every night.

It runs in a process of its own, with low priority: at millions of events it keeps a processor busy for minutes, and
deliveries share the interpreter of the worker. What it found stands in the log itself; an alert looks there.
"""

import os
import subprocess
import sys
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from ..models import Action, AuditEvent, AuditSeal
from . import seal
from .report import Report

COMMAND = (sys.executable, str(settings.BASE_DIR / "manage.py"), "verify_audit", "--record")
#: The hour of the portal's zone at which all is checked; at the others what was sealed lately.
FULL_AT = 3
LATELY = timedelta(hours=3)

_children: list["subprocess.Popen[bytes]"] = []


def check_hourly() -> bool:
    """Begin the check of this hour, unless a worker has done so or nothing is ever sealed; True if it was begun."""
    _children[:] = [child for child in _children if child.poll() is None]
    now = timezone.localtime()
    if _children or not settings.AUDIT_SEAL_KEY or not cache.add(f"audit-checked:{now:%Y-%m-%d %H}", 1, 2 * 3600):
        return False
    since = () if now.hour == FULL_AT else ("--since", str(_first_lately()))
    _children.append(
        subprocess.Popen(  # noqa: S603 - our own command
            (*COMMAND, *since), cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL, preexec_fn=_politely
        )
    )
    return True


def record(report: Report) -> None:
    """Write down what a check found; its sentences go to the payload."""
    AuditEvent.objects.record(
        Action.AUDIT_CHECKED, "audit log", actor="check", outcome=report.result, body=report.as_data()
    )


def last_result() -> str:
    """What the newest check found: ok, tampering, cannot_check; empty if there was none."""
    checks = AuditEvent.objects.filter(action=Action.AUDIT_CHECKED).order_by("-at", "-id")
    return checks.values_list("outcome", flat=True).first() or ""


def _first_lately() -> int:
    found = AuditSeal.objects.filter(at__gte=timezone.now() - LATELY).order_by("number").first() or seal.newest()
    return found.number if found else 1


def _politely() -> None:
    os.nice(10)
