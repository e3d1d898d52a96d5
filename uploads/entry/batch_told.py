"""A list in words: what was found, row by row and in groups, and what can be decided about each group."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from ..models import Batch, BatchRow, Kind, Role, SurveyField
from ..models.submission import Submission
from .batch_check import ENTERED, IN_LIST
from .warnings import BEFORE

LONGEST_NAME = 100
#: So many rows of a group stand on the first page, and on a page of its own.
FEW, MANY = 5, 50

State = BatchRow.State
#: Warnings in the order of the page: code → what they are called, and what a reason below them means.
KINDS: dict[str, tuple[str, str]] = {
    ENTERED: ("Seem to be entered already", "Save these as well, because"),
    IN_LIST: ("Stand in this list twice", "Save both, because"),
    BEFORE: ("Customers who were entered before", "Save these as well, because"),
    "long_ago": ("Surveys of long ago", "Save these as they are, because"),
    "out_of_reach": ("Wish to be contacted, and nobody knows how", "Save these as they are, because"),
    "silent": ("Low scores without a comment", "Save these as they are, because"),
}
#: Groups without a decision: name in the address → state, and what they are called.
STATES: dict[str, tuple[BatchRow.State, str]] = {
    "wrong": (State.BAD, "Wrong: to be mended"),
    "good": (State.GOOD, "Ready to be saved"),
    "saved": (State.SAVED, "Saved"),
}
#: What is looked at first.
ORDER = (ENTERED, IN_LIST, "wrong", *(code for code in KINDS if code not in (ENTERED, IN_LIST)))


@dataclass(frozen=True, slots=True)
class Told:
    """A row as people see it: number, whom it is about, sentences; `submission` once it is saved."""

    number: int
    who: str
    sentences: Sequence[str]
    submission: Submission | None


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of which the same is to be said. because: what a reason for them means; empty: there is no decision."""

    name: str
    heading: str
    count: int
    rows: Sequence[Told]
    because: str = ""

    @property
    def more(self) -> int:
        """How many are not among `rows`."""
        return self.count - len(self.rows)


def groups(batch: Batch) -> list[Group]:
    """What there is to look at, duplicates first."""
    found = (group(batch, name, FEW) for name in ORDER)
    return [one for one in found if one and one.count]


def group(batch: Batch, name: str, most: int = MANY, after: int = 0) -> Group | None:
    """One group, its rows after a number; None if there is no group of that name."""
    teller = Teller(batch)
    if name in KINDS:
        found = _of_kind(batch, name)
        heading, because = KINDS[name]
    elif name in STATES:
        state, heading = STATES[name]
        found, because = batch.rows.filter(state=state), ""
    else:
        return None
    rows = found.filter(number__gt=after).order_by("number")[:most]
    return Group(name, heading, found.count(), teller.rows(rows), because)


class Teller:
    """Tells rows of one list; knows which of its columns say whom a row is about."""

    def __init__(self, batch: Batch) -> None:
        fields = SurveyField.objects.filter(role=Role.CUSTOMER)
        names = {row.key for row in fields if row.kind == Kind.TEXT and row.personal}
        customer = {row.key for row in fields}
        self._names = [place for place, name in enumerate(batch.columns) if name in names]
        self._others = [place for place, name in enumerate(batch.columns) if name in customer]

    def rows(self, found: "QuerySet[BatchRow]") -> list[Told]:
        """The rows in words; one query."""
        return [
            Told(row.number, self._who(row), row.told, row.submission) for row in found.select_related("submission")
        ]

    def _who(self, row: BatchRow) -> str:
        if row.submission:
            return row.submission.customer_name
        names = " ".join(self._cells(row, self._names))
        return (names or next(iter(self._cells(row, self._others)), ""))[:LONGEST_NAME]

    def _cells(self, row: BatchRow, places: Sequence[int]) -> list[str]:
        return [cell for place in places if place < len(row.cells) and (cell := str(row.cells[place]).strip())]


def _of_kind(batch: Batch, code: str) -> "QuerySet[BatchRow]":
    """The rows with a warning. No code is the end or the beginning of another one."""
    has = (
        Q(kinds=code) | Q(kinds__startswith=f"{code},") | Q(kinds__endswith=f",{code}") | Q(kinds__contains=f",{code},")
    )
    return batch.rows.filter(has, state=State.WARNED).order_by("number")
