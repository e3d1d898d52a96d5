"""Anchors: one line per seal, to be kept where whoever runs the database cannot change it.

The log is tamper-evident back to the newest anchor that somebody else holds. Lines go to standard output as each
seal is made, by mail once a day, and to whoever downloads them.
"""

import logging
import re
import smtplib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.utils import timezone

from ..models import Action, AuditEvent, AuditSeal

log = logging.getLogger(__name__)

#: As `line` writes it, wherever in a line of a log or a mail it stands.
ANCHOR = re.compile(r"\bseal (\d{1,18}) to (\d{1,18}) count (\d{1,18}) hash ([0-9a-f]{64})\b")
#: The mail of a day goes out at this hour (of the portal's zone) or as soon after it as a worker runs.
MAIL_HOUR = 7
MAIL_LATE = timedelta(hours=32)  # a mail tells of 26 hours, and the next one may wait for its hour
MAIL_TEXT = """\
These lines stand for the portal's audit log as it was when each of them was made. Please keep this mail. If anybody \
changes the log later, even somebody who owns the database and the key, it no longer agrees with these lines.

{lines}
To compare: manage.py verify_audit --anchors FILE, where FILE holds this mail. docs/audit.md says more.
"""


class Forked(ValueError):
    """Two anchors name different hashes for the same seal: at least two logs were shown to people."""


def line(seal: AuditSeal) -> str:
    """`seal NUMBER to LAST-EVENT count EVENTS hash HEX`."""
    return f"seal {seal.number} to {seal.last_event} count {seal.count} hash {bytes(seal.hash).hex()}"


def publish(seal: AuditSeal) -> None:
    """One line on standard output, where a log collector takes it to another machine."""
    log.info("%s", line(seal))


def lines(since: datetime | None = None) -> Iterator[str]:
    """The anchors of all seals (made since then), oldest first, each with a line break."""
    seals = AuditSeal.objects.order_by("number")
    for seal in (seals.filter(at__gte=since) if since else seals).iterator(chunk_size=1000):
        yield line(seal) + "\n"


def read(text: Iterable[str]) -> dict[int, bytes]:
    """The hashes of the anchors in a text, by the number of their seals; whatever else stands there is passed over.

    Raises Forked.
    """
    found: dict[int, bytes] = {}
    for match in (match for row in text for match in ANCHOR.finditer(row)):
        number, hashed = int(match[1]), bytes.fromhex(match[4])
        if found.setdefault(number, hashed) != hashed:
            raise Forked(f"The anchors name two hashes for seal {number}: two different logs have been shown.")
    return found


def mail_late() -> datetime | None:
    """Since when no seals have been mailed although they should be, for more than MAIL_LATE; None if all is well."""
    first = AuditSeal.objects.order_by("number").first()
    if not (settings.AUDIT_ANCHOR_RECIPIENTS and settings.EMAIL_CONFIGURED and first):
        return None
    mailed = AuditEvent.objects.filter(action=Action.ALERTED, actor_name="seals").order_by("-at").first()
    last = mailed.at if mailed else first.at
    return last if timezone.now() - last > MAIL_LATE else None


def mail_daily(now: datetime | None = None) -> bool:
    """Mail the seals of the last day to AUDIT_ANCHOR_RECIPIENTS, unless that was done today; True if a mail went out.

    Sees to it that several processes send one mail. A mail that cannot be sent is tried again at the next call.
    """
    local = timezone.localtime(now)
    claim = f"anchors-mailed:{local:%Y-%m-%d}"
    if not (settings.AUDIT_ANCHOR_RECIPIENTS and settings.EMAIL_CONFIGURED) or local.hour < MAIL_HOUR:
        return False
    # a little more than a day, so that the mails of two days overlap
    listed = "".join(lines(local - timedelta(hours=26)))
    if not listed or not cache.add(claim, 1, timeout=2 * 24 * 3600):
        return False
    subject = f"Audit seals of {local:%-d %B %Y}"
    mail = EmailMessage(subject, MAIL_TEXT.format(lines=listed), to=settings.AUDIT_ANCHOR_RECIPIENTS)
    try:
        mail.send()
    except (OSError, smtplib.SMTPException) as error:
        cache.delete(claim)
        log.warning("the audit seals could not be mailed (%s); the next hour tries again", type(error).__name__)
        return False
    AuditEvent.objects.record(Action.ALERTED, "audit seals", actor="seals")
    return True
