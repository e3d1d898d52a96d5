"""What is to be said about the rows of a list: by the form, the warnings, and the rule of entering nothing twice."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format

from ..models import Batch, BatchRow
from .batch_answers import answers
from .form import Entry, EntryForm
from .same import Earlier, earlier, identities
from .warnings import BEFORE, warnings

#: Codes of what seems to be there already: as another row of the list, as a result that was entered.
IN_LIST, ENTERED = "in_list", "entered"


@dataclass(frozen=True, slots=True)
class Judged:
    """A row that was checked.  sentences: what is wrong with it, or unlikely.  kinds: the codes of its warnings.

    entry: what it says; None if it is wrong.  sameness: equal for rows that say the same.
    """

    row: BatchRow
    sentences: Sequence[str] = ()
    kinds: Sequence[str] = ()
    entry: Entry | None = None
    sameness: str = ""

    def write(self) -> BatchRow:
        """Its row with what was found, not yet saved."""
        row, states = self.row, BatchRow.State
        row.state = states.BAD if self.entry is None else states.WARNED if self.kinds else states.GOOD
        row.kinds, row.told, row.sameness = ",".join(sorted(self.kinds)), list(self.sentences), self.sameness
        return row

    def also(self, kind: str, sentence: str) -> "Judged":
        """The same with one more warning, in front."""
        return Judged(self.row, [sentence, *self.sentences], [kind, *self.kinds], self.entry, self.sameness)


class Judge:
    """Checks rows of one list. One form serves all of them: building it takes longer than a check."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.form = EntryForm(QueryDict(), agent=batch.agent)

    def judge(self, row: BatchRow) -> Judged:
        """What the form says of a row, what is unlikely about it, and whether it was entered already."""
        extra = [cell for cell in row.cells[self.batch.width :] if cell.strip()]
        if extra:
            return Judged(row, [f"This row has {len(row.cells)} cells, and there are {self.batch.width} columns. A "
                                "separator stands in a text: put that text into quotation marks."])  # fmt: skip
        form = self._filled(row)
        if not form.is_valid():
            return Judged(row, [str(error) for errors in form.errors.values() for error in errors])
        entry = form.entry()
        found = warnings(form, entry, self.batch.agent)
        known = any(one.code == BEFORE for one in found)
        twin = self._entered(entry, row) if known else ""
        found = [one for one in found if not (twin and one.code == BEFORE)]
        judged = Judged(
            row, [one.sentence for one in found], [one.code for one in found], entry, _sameness(entry, row.cells)
        )
        return judged.also(ENTERED, twin) if twin else judged

    def _entered(self, entry: Entry, row: BatchRow) -> str:
        """A sentence about another result that says the same and is there already; empty if there is none."""
        for saved in earlier(identities(entry.customer)):
            if saved.submit_token != row.token and saved.score == entry.score and _when(saved) == _when(entry):
                when = date_format(timezone.localtime(saved.created_at), "j F Y, H:i")
                who = Earlier(saved, saved.agent_id == self.batch.agent_id).who
                return f"This seems to be entered already, by {who} on {when}: the same customer, score and time."
        return ""

    def _filled(self, row: BatchRow) -> EntryForm:
        self.form.data = answers(self.batch, self.form, row.cells)
        self.form.full_clean()
        return self.form


def mark_twins(batch: Batch, judged: Sequence[Judged]) -> list[Judged]:
    """The same, and of rows of the list that say the same every one but the first is marked."""
    wanted = {one.sameness for one in judged if one.sameness}
    mine = {one.row.pk for one in judged}
    known = batch.rows.filter(sameness__in=wanted).exclude(pk__in=mine).order_by("-number")
    first = dict(known.values_list("sameness", "number"))
    marked = []
    for one in judged:
        number = first.setdefault(one.sameness, one.row.number) if one.sameness else one.row.number
        twin = f"This row says the same as row {number} of the list."
        marked.append(one.also(IN_LIST, twin) if number != one.row.number else one)
    return marked


def _when(said: object) -> object:
    """The minute of completion; where nobody gave one, the comment instead."""
    done = getattr(said, "completed_at", None)
    return done.replace(second=0, microsecond=0) if done else getattr(said, "comment", "")


def _sameness(entry: Entry, cells: Sequence[str]) -> str:
    """Equal for the same customer, score and time; for rows that name no customer, if they are equal throughout."""
    known = sorted(identities(entry.customer))
    said = [known, entry.score, str(_when(entry))] if known else list(cells)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
