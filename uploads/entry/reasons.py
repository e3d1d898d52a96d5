"""The reasons as a tree to choose from, and the rule that a reason must fit the score."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone

from ..models import ReasonChosen, ReasonCode, Side, Submission
from .fields import EntryField

MOST_NAMED = 5
LONGEST_NAMED = 64
#: How many results, and how far back, say which reasons are chosen most; and for how long that is remembered.
LOOKED_AT = 1000
LOOKED_BACK = timedelta(days=90)
REMEMBERED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Branch:
    """A primary reason, its secondaries, and which codes are ticked."""

    primary: ReasonCode
    secondaries: Sequence[ReasonCode]


def offered() -> list[ReasonCode]:
    """Every reason that may be chosen today, in order; a secondary needs its primary to be active."""
    active = ReasonCode.objects.active()
    return list(active.filter(Q(parent=None) | Q(parent__in=active)).select_related("parent"))


def usage() -> Counter[str]:
    """How often each code was chosen of late: counted over the newest results, every ten minutes."""
    used: Counter[str] | None = cache.get("reasons-used")
    if used is None:
        since = timezone.now() - LOOKED_BACK
        newest = Submission.objects.filter(created_at__gte=since).newest_first().values_list("reasons", flat=True)
        used = Counter(reason["code"] for chosen in newest[:LOOKED_AT] for reason in chosen)
        cache.set("reasons-used", used, REMEMBERED.total_seconds())
    return used


class ReasonsField(EntryField):
    """Any number of offered reasons, by code; cleaned to the rows in the order of the list."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, *, reasons: Sequence[ReasonCode], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reasons = {reason.code: reason for reason in reasons}
        self.error_messages["required"] = f"{self.label} are missing. Tick at least one."

    @property
    def branches(self) -> list[Branch]:
        """The reasons as they are shown: in the order of the list, inside a branch the most used first."""
        used = usage()
        rows = self.reasons.values()
        often = sorted(rows, key=lambda row: -used[row.code])
        return [Branch(top, [row for row in often if row.parent_id == top.pk]) for top in rows if top.parent_id is None]

    @property
    def many(self) -> bool:
        """Whether finding one by eye takes long enough to offer a filter."""
        return len(self.reasons) > 12

    def to_python(self, value: Any) -> list[ReasonCode]:
        codes = dict.fromkeys(value or ())
        if sum(map(len, codes)) + len(codes) > self.longest:
            raise self.refuse(f"are too many: {len(codes):,}. Their codes may take {self.longest:,} characters in all.")
        unknown = [code for code in codes if code not in self.reasons]
        if unknown:
            raise self.refuse(f"hold {_named(unknown)}, which is not offered (any more). Choose from the list.")
        return [reason for code, reason in self.reasons.items() if code in codes]

    def fit(self, chosen: Sequence[ReasonCode], score: int) -> None:
        """Raise ValidationError if a reason belongs to the other side of the score."""
        misfits = [reason for reason in chosen if not all(side.allows(score) for side in sides(reason))]
        if misfits:
            names = _named([reason.label_for(score) for reason in misfits])
            raise self.refuse(f"hold {names}, not offered for the score {score}. Untick it or change the score.")


def sides(reason: ReasonCode) -> list[Side]:
    """The sides a reason is bound to: its own and that of its primary."""
    return [Side(row.side) for row in (reason, reason.parent) if row]


def as_chosen(reasons: Sequence[ReasonCode], score: int) -> list[ReasonChosen]:
    """What is stored: code and the wording that was on the page."""
    return [ReasonChosen(code=reason.code, label=reason.label_for(score)) for reason in reasons]


def _named(words: Sequence[str]) -> str:
    shown = [f"“{_printable(word[:LONGEST_NAMED])}”" for word in words[:MOST_NAMED]]
    more = [f"{len(words) - MOST_NAMED} more"] if len(words) > MOST_NAMED else []
    return ", ".join(shown + more)


def _printable(word: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in word)
