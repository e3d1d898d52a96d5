"""The forms an export can take, each written while it is read: CSV, Excel and JSON Lines."""

import csv
import io
import json
import re
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from .export_columns import Cell, Columns
from .export_rows import Result
from .export_xlsx import workbook

Batches = Iterable[list[Result]]

#: What no eye sees and a spreadsheet may skip: blanks, controls, marks that join words or turn them round; and quotes.
_UNSEEN = r"[\s\"\x00-\x1f\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]*"
#: Where a cell may begin that begins a formula: plain, full width, small or raised.
_FORMULA = re.compile(rf"(\A|[;\t\r\n])(?={_UNSEEN}[=+\-@⁺⁻⁼−﹢﹣﹦﹫＋－＝＠])|\A(?={_UNSEEN}[\t\r\n])")
_SEPARATOR = re.compile(r"[;\t\r\n]")


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: its name for people, what it is good for, its type in HTTP, and how it is written."""

    label: str
    purpose: str
    content_type: str
    write: Callable[[Columns, Batches], Generator[bytes]]


def guarded(text: str) -> str:
    """The text as no spreadsheet takes it for a formula: an apostrophe stands before whatever might begin one.

    OWASP, CSV Injection. Quotes alone do not help: they are taken off before the text is looked at. Nor is it enough
    to look at the beginning: where cells are separated by semicolons (as in most of Europe) or tabs, Excel cuts a
    file with commas at those, also within quotes.
    """
    if text[:1].isalnum() and not _SEPARATOR.search(text):
        return text
    return _FORMULA.sub(r"\1'", text)


def write_csv(columns: Columns, batches: Batches) -> Generator[bytes]:
    """RFC 4180 with every cell quoted, and the mark of UTF-8 without which Excel takes it for something else."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    text.write("\ufeff")
    writer.writerow(map(_csv_cell, columns.titles))
    for batch in batches:
        writer.writerows(map(_csv_cell, columns.cells(result)) for result in batch)
        yield text.getvalue().encode("utf-8", "replace")
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


def write_xlsx(columns: Columns, batches: Batches) -> Generator[bytes]:
    """A workbook whose texts are marked as texts, so that none can be a formula."""
    return workbook(columns.titles, (columns.cells(result) for batch in batches for result in batch))


def write_json_lines(columns: Columns, batches: Batches) -> Generator[bytes]:
    """One JSON object a line, all values as they are stored."""
    for batch in batches:
        lines = [json.dumps(columns.document(result), ensure_ascii=False, default=_plain) for result in batch]
        yield ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _csv_cell(cell: Cell) -> str | int:
    if isinstance(cell, str):
        return guarded(cell)
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat(" ", "seconds")[:19]
    return "" if cell is None else cell


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


FORMATS = {
    "csv": Format("CSV", "for any spreadsheet or statistics program", "text/csv; charset=utf-8", write_csv),
    "xlsx": Format(
        "Excel",
        "for Excel and LibreOffice; after 1,048,575 results a second sheet begins",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        write_xlsx,
    ),
    "jsonl": Format(
        "JSON Lines", "for programs: every value exactly as stored", "application/x-ndjson", write_json_lines
    ),
}
