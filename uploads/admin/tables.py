"""Lists as files: CSV and Excel, in and out."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ..entry.batch_text import Table, Unreadable, decode, read
from ..history.export_xlsx import workbook
from ..models import Lookup
from ..spreadsheets import guarded, unguarded
from .columns import COLUMNS, fold_title, names_by_title, title, widget_of
from .workbook import BEGINNING, rows_of

LARGEST = 1_000_000  # bytes
MOST_ROWS = 1_000
#: Where a row keeps its number in the file; no list has such a column.
NUMBER = "row"

#: Kind of file → its type in HTTP.
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def read_file(model: type[Lookup], data: bytes) -> list[dict[str, str]]:
    """The rows of a file: {column: text}, with their number in the file under NUMBER.

    Columns may stand in any order and be left out, except the one that names the row. Raises Unreadable.
    """
    if len(data) > LARGEST:
        raise Unreadable(f"This is too large for a list: at most {LARGEST // 1_000_000} MB are taken.")
    table = _sheet(data) if data.startswith(BEGINNING) else read(decode(data))
    if len(table.rows) > MOST_ROWS:
        raise Unreadable(f"These are {len(table.rows):,} rows; at most {MOST_ROWS:,} are taken. Cut the list in parts.")
    names = _columns(model, table.first)
    return [
        {NUMBER: str(number)} | {name: unguarded(cell) for name, cell in zip(names, _filled(cells, names), strict=True)}
        for number, cells in table.rows
    ]


def write_file(model: type[Lookup], kind: str, rows: Iterable[Lookup]) -> bytes:
    """The list as a file of one of the KINDS: what `read_file` reads. No cell is a formula."""
    titles = [title(model, name) for name in COLUMNS[model]]
    lines = ([guarded(text) for text in texts_of(row)] for row in rows)
    if kind == "xlsx":
        return b"".join(workbook(titles, lines))
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(titles)
    writer.writerows(lines)
    return ("\ufeff" + text.getvalue()).encode("utf-8", "replace")


def texts_of(row: Lookup) -> list[str]:
    """The cells of a row, in the order of the columns."""
    return [text_of(row, name) for name in COLUMNS[type(row)]]


def text_of(row: Lookup, name: str) -> str:
    """One cell."""
    field: Any = type(row)._meta.get_field(name)
    return widget_of(field).render(getattr(row, name))


def shown(row: Lookup, name: str) -> str:
    """One cell as people read it on a page: a choice by its label."""
    field: Any = type(row)._meta.get_field(name)
    return str(getattr(row, f"get_{name}_display")()) if field.choices else text_of(row, name)


def _sheet(data: bytes) -> Table:
    lines = [(number, cells) for number, cells in enumerate(rows_of(data, MOST_ROWS + 100), 1) if any(cells)]
    if len(lines) < 2:
        raise Unreadable("There is no row in it: a line with titles and at least one line below it are needed.")
    return Table(lines[0][1], lines[1:])


def _columns(model: type[Lookup], titles: Sequence[str]) -> list[str]:
    known, wanted = names_by_title(model), [title(model, name) for name in COLUMNS[model]]
    while titles and not titles[-1].strip():
        titles = titles[:-1]
    folded = [fold_title(unguarded(cell)) for cell in titles]
    unknown = [cell.strip()[:40] for cell, name in zip(titles, folded, strict=True) if name not in known]
    if unknown:
        raise Unreadable(f"There is no column “{unknown[0]}” in this list. Its columns are: {', '.join(wanted)}.")
    names = [known[name] for name in folded]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise Unreadable(f"The column “{title(model, twice[0])}” stands in it twice. Leave one of the two out.")
    if COLUMNS[model][0] not in names:
        raise Unreadable(f"The column “{wanted[0]}” is missing: it says which row is meant.")
    return names


def _filled(cells: Sequence[str], names: Sequence[str]) -> list[str]:
    """As many cells as there are columns; what stands beside them is left out only if it is empty."""
    if any(cell.strip() for cell in cells[len(names) :]):
        raise Unreadable("A row has more cells than there are titles. Give each column its title, or empty the rest.")
    return [*cells[: len(names)], *[""] * (len(names) - len(cells))]
