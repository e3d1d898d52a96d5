"""The forms an export can take, each written while it is read: CSV, Excel and JSON Lines."""

import csv
import io
import json
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ..spreadsheets import guarded
from .export_columns import Cell, Columns
from .export_rows import Result
from .export_xlsx import workbook

Batches = Iterable[list[Result]]


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: its name for people, what it is good for, its type in HTTP, and how it is written."""

    label: str
    purpose: str
    content_type: str
    write: Callable[[Columns, Batches], Generator[bytes]]


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
