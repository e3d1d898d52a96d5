"""The rows of a list that are wrong, as a file to be mended in a spreadsheet and read in again."""

import csv
import io
from collections.abc import Sequence

from ..models import Batch, BatchRow
from ..spreadsheets import guarded
from .batch_columns import titles_of
from .batch_text import WHATS_WRONG
from .form import EntryForm


def wrong_rows(batch: Batch) -> bytes:
    """CSV (RFC 4180, UTF-8 with its mark, every cell quoted): what is wrong, then the cells as they came."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    text.write("\ufeff")
    titles = _titles(batch)
    kept = [place for place, title in enumerate(titles) if title != WHATS_WRONG]
    writer.writerow(map(guarded, [WHATS_WRONG, *(titles[place] for place in kept)]))
    for row in batch.rows.filter(state=BatchRow.State.BAD).order_by("number"):
        cells = [*row.cells, *[""] * (len(titles) - len(row.cells))]
        extra = cells[len(titles) :]
        writer.writerow(map(guarded, [" ".join(row.told), *(cells[place] for place in kept), *extra]))
    return text.getvalue().encode("utf-8", "replace")


def _titles(batch: Batch) -> Sequence[str]:
    """The titles of the list; where it had none, what its columns were said to hold."""
    titles = titles_of(batch, titled=batch.titled)
    if batch.titled:
        return titles
    fields = EntryForm(agent=batch.agent).fields
    return [
        str(fields[name].label) if name in fields else title for name, title in zip(batch.columns, titles, strict=True)
    ]
