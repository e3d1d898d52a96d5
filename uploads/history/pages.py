"""Keyset pages of a list that is ordered newest first: as fast at its end as at its beginning."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from django.db.models import Q

from ..models import Submission
from ..models.submission import SubmissionQuerySet

SIZE = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadCursor(ValueError):
    """The text in the address names no place in the list."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the list: the key (created_at, id) of one row."""

    at: datetime
    pk: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `<microseconds since 1970>-<id>`; raises BadCursor."""
        found = re.fullmatch(r"([0-9]{1,17})-([0-9]{1,18})", text)
        if not found:
            raise BadCursor(text[:40])
        return cls(EPOCH + timedelta(microseconds=int(found[1])), int(found[2]))

    @classmethod
    def of(cls, row: Submission) -> Self:
        """The place of a row."""
        return cls(row.created_at, row.pk)

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // timedelta(microseconds=1)}-{self.pk}"

    # Both conditions name the first column alone before they name the pair: only then does SQLite search its
    # index instead of scanning it.

    def older(self) -> Q:
        """The rows that stand below this one."""
        return Q(created_at__lte=self.at) & (Q(created_at__lt=self.at) | Q(pk__lt=self.pk))

    def newer(self) -> Q:
        """The rows that stand above this one."""
        return Q(created_at__gte=self.at) & (Q(created_at__gt=self.at) | Q(pk__gt=self.pk))


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of the list, newest first, and the cursors of the pages around it (None: there is none)."""

    rows: Sequence[Submission]
    newer: Cursor | None = None
    older: Cursor | None = None


def page(submissions: SubmissionQuerySet, before: str = "", after: str = "", size: int = SIZE) -> Page:
    """The page below the row `before`, or above the row `after`, or the first one. Raises BadCursor."""
    if before and after:
        raise BadCursor("both")
    if after:
        rows = list(submissions.filter(Cursor.parse(after).newer()).order_by("created_at", "id")[: size + 1])
        more, rows = len(rows) > size, rows[:size][::-1]
        return _page(rows, newer=more, older=True)
    if before:
        submissions = submissions.filter(Cursor.parse(before).older())
    rows = list(submissions.newest_first()[: size + 1])
    return _page(rows[:size], newer=bool(before), older=len(rows) > size)


def _page(rows: Sequence[Submission], *, newer: bool, older: bool) -> Page:
    if not rows:
        return Page(rows)
    return Page(rows, Cursor.of(rows[0]) if newer else None, Cursor.of(rows[-1]) if older else None)
