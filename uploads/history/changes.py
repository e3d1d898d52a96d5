"""What a correction changed, field by field."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format

from ..models import Submission

NOTHING = "–"
#: A longer value is not told in the sentence.
SHORT = 24


@dataclass(frozen=True, slots=True)
class Change:
    """One field, before and after; a dash for nothing. key: CustomerGauge's of a customer field, else empty."""

    label: str
    before: str
    after: str
    key: str = ""


def changes(old: Submission, new: Submission) -> list[Change]:
    """Every field in which two versions differ, in the order of the form."""
    before, after = _answers(old), _answers(new)
    found = []
    for key in dict.fromkeys([*before, *after]):
        was, now = before.get(key, (key, ""))[1], after.get(key, (key, ""))[1]
        if was != now:
            label = after.get(key, before.get(key, (key, "")))[0]
            found.append(Change(label, was or NOTHING, now or NOTHING, key))
    return found


def sentence(found: Sequence[Change]) -> str:
    """The changes in one line: `Score 6 → 8, Comment`."""
    return ", ".join(
        f"{one.label} {one.before} → {one.after}" if len(one.before + one.after) <= SHORT else one.label
        for one in found
    )


def _answers(version: Submission) -> dict[str, tuple[str, str]]:
    """What was answered: key → label and answer."""
    customer = {field["key"]: (field["label"], field["value"]) for field in version.customer}
    return customer | {
        "score": ("Score", str(version.score)),
        "reasons": ("Reasons", ", ".join(sorted(reason["label"] for reason in version.reasons))),
        "comment": ("Comment", version.comment),
        "contact": ("Wishes to be contacted", str(version.get_contact_display() or "Not asked")),
        "workflow_status": ("Workflow status", version.workflow_status_label or version.workflow_status),
        "sent_at": ("Invitation sent", _moment(version.sent_at, version)),
        "completed_at": ("Survey completed", _moment(version.completed_at, version)),
    }


def _moment(at: datetime | None, version: Submission) -> str:
    if at is None:
        return ""
    with suppress(ValueError, KeyError, OSError):  # a zone that this machine does not know
        at = at.astimezone(ZoneInfo(version.time_zone))
    return date_format(at, "j M Y, H:i:s")
