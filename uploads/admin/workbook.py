"""The first sheet of an Excel workbook as rows of text.

Formulas are not computed: what counts is the value that was saved with them.
"""

import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zipfile import ZipFile

from ..entry.batch_text import MOST_COLUMNS, Unreadable

#: How a workbook begins: it is an archive.
BEGINNING = b"PK\x03\x04"
#: Bytes of one part once it is unpacked: a small archive can hold very much.
LARGEST_PART = 8_000_000
_NO_WORKBOOK = "This Excel file cannot be read. Open it, save it anew as .xlsx or as CSV UTF-8, and take that file."


def rows_of(data: bytes, most: int) -> list[list[str]]:
    """The rows of the first sheet, at most `most` of them, each with as many cells as it needs. Raises Unreadable."""
    from openpyxl import load_workbook  # takes ten megabytes in every process that has it

    try:
        with ZipFile(io.BytesIO(data)) as archive:
            if any(part.file_size > LARGEST_PART for part in archive.infolist()):
                raise Unreadable("This Excel file holds far more than a list. Save the sheet with the list alone.")
        sheet = load_workbook(io.BytesIO(data), read_only=True, data_only=True).worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size need not be true
        rows = [_cells(row) for row in sheet.iter_rows(max_row=most, max_col=MOST_COLUMNS + 1, values_only=True)]
    except Unreadable:
        raise
    except Exception as error:  # an archive of parts that contradict one another breaks it in any way
        raise Unreadable(_NO_WORKBOOK) from error
    if any(len(row) > MOST_COLUMNS for row in rows):
        raise Unreadable(f"A row has more than {MOST_COLUMNS} columns. Leave out what does not belong to the list.")
    return rows


def _cells(row: Sequence[Any]) -> list[str]:
    texts = [_text(value) for value in row]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _text(value: Any) -> str:
    """A spreadsheet keeps every number as a fraction, and a day as a moment at midnight."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == value.time().min:
            return value.date().isoformat()
        case date():
            return value.isoformat()
    return str(value)
