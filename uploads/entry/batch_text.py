"""From a file or a pasted text to rows of cells: which letters, which separator, and what cannot be read."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from ..spreadsheets import unguarded

LARGEST = 5_000_000  # bytes
MOST_ROWS = 5_000
MOST_COLUMNS = 100
SEPARATORS = "\t;,|"
#: So many lines tell which separator is meant.
LOOKED_AT = 50
#: Title of the column that the file of wrong rows has in front; when that file comes back it is not read.
WHATS_WRONG = "What is wrong"

#: How a file begins that no text editor reads → what to do with it.
_SPREADSHEET = "This is a spreadsheet, not a text. Open it, choose “Save as” and “CSV UTF-8”, and take that file."
_BEGINNINGS = {
    b"PK\x03\x04": _SPREADSHEET,
    b"\xd0\xcf\x11\xe0": _SPREADSHEET,
    b"%PDF": "This is a PDF, not a list. Take the file that it was made from, and save that as CSV.",
}
_NO_TEXT = "This is not a text. Save the list as CSV in the program it comes from, and take that file."
_TOO_LARGE = "This is too much at once: at most 5 MB are taken. Cut the list into parts, each with its titles."
_BREAK = re.compile(r"\r\n|\r|\n")
_NAMED_SEPARATOR = re.compile(r"\Asep=([\t;,|])\r?\n", re.IGNORECASE)


class Unreadable(ValueError):
    """What was given is no list; the message is a sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Table:
    """first: the cells of the first line.  rows: (number, cells) of every other line that is not empty.

    Numbers are those that a spreadsheet would show; the first line has 1.
    """

    first: list[str]
    rows: list[tuple[int, list[str]]]


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, also with a broken letter in it, UTF-16, else Windows-1252 (Western Europe).

    Raises Unreadable.
    """
    if len(data) > LARGEST:
        raise Unreadable(_TOO_LARGE)
    for beginning, sentence in _BEGINNINGS.items():
        if data.startswith(beginning):
            raise Unreadable(sentence)
    text = _decoded(data)
    if text.count("\0") > 8:  # one or two may be in a broken cell, which is told beside its row
        raise Unreadable(_NO_TEXT)
    return text


def read(text: str) -> Table:
    """The table in a text. Raises Unreadable if it is none, or too large."""
    if len(text) > LARGEST:
        raise Unreadable(_TOO_LARGE)
    text = text.removeprefix("\ufeff").replace("\0", "\ufffd")
    named = _NAMED_SEPARATOR.match(text)
    separator = named[1] if named else _separator(text)
    filled = _lines(text[named.end() :] if named else text, separator)
    if len(filled) < 2:
        raise Unreadable("There is no row in it: a line with titles and at least one line below it are needed.")
    (_, first), *rows = filled
    if len(rows) > MOST_ROWS:
        raise Unreadable(
            f"These are {len(rows):,} rows; at most {MOST_ROWS:,} are taken at once. Cut the list in parts."
        )
    if len(first) > MOST_COLUMNS:
        raise Unreadable(f"The first line has {len(first)} columns; at most {MOST_COLUMNS} are taken. Leave some out.")
    if WHATS_WRONG in first:  # our own file comes back, mended
        rows = [(number, [unguarded(cell) for cell in cells]) for number, cells in rows]
    return Table(first, rows)


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    for order, bytes_of_latin in (("utf-16-le", data[1:400:2]), ("utf-16-be", data[:400:2])):
        if bytes_of_latin.count(0) * 2 > len(bytes_of_latin):
            return data.decode(order, "replace")
    text = data.decode("utf-8-sig", "replace")
    lost = text.count("\ufffd")
    letters = sum(not char.isascii() for char in text) if lost else 0
    # in another encoding hardly a letter with an accent happens to be one of UTF-8
    return text if lost * 2 <= letters else data.decode("cp1252", "replace")


def _separator(text: str) -> str:
    """The one that cuts the first lines into the same number of cells most often; of equals the one that cuts more."""

    def fit(separator: str) -> tuple[float, int]:
        widths: list[int] = []
        with suppress(csv.Error):  # what cannot be cut further on still tells by its beginning
            widths.extend(len(cells) for cells in islice(_cut(text, separator), LOOKED_AT) if cells)
        width = widths[0] if widths else 0
        return (Counter(widths)[width] / len(widths), width) if width > 1 else (0, 0)

    return max(SEPARATORS, key=fit)


def _lines(text: str, separator: str) -> list[tuple[int, list[str]]]:
    """The lines that hold anything, with their numbers."""
    try:
        return list(_filled(_cut(text, separator)))
    except csv.Error as error:
        if separator == "\t":  # a spreadsheet that copies puts quotation marks around nothing but cells with breaks
            return list(_filled(line.split("\t") for line in _BREAK.split(text)))
        raise Unreadable(
            "A quotation mark stands alone in it, or a cell has no end, so its cells cannot be told apart. Save the"
            " list as CSV anew in the program it comes from, or put texts into quotation marks and double those inside."
        ) from error


def _filled(lines: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Empty cells behind the last column, of which a spreadsheet may leave thousands, go."""
    width = 0
    for number, cells in enumerate(lines, 1):
        if any(cell.strip() for cell in cells):
            width = width or len(cells)
            while len(cells) > width and not cells[-1].strip():
                cells.pop()
            yield number, cells


def _cut(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
