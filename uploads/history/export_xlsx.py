"""An Excel workbook that leaves while it is written: no file on disk, and no more in memory than a batch of rows.

Office Open XML (ECMA-376), as little of it as a table needs. Libraries gather the whole sheet in a temporary file
before the first byte can leave: minutes of silence for a million rows, and a copy of everybody's data on the disk.
"""

import re
from collections.abc import Generator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zipfile import ZIP_DEFLATED, ZipFile

from .export_columns import Cell

#: Excel, specifications and limits: rows of a sheet, and UTF-16 units of a cell.
SHEET_ROWS = 1_048_576
CELL_UNITS = 32_767
#: Bytes of a sheet before it is packed; from 2 GiB on the archive would need extensions that Excel may refuse.
SHEET_BYTES = 2**31 - 2**26
CHUNK = 2**16  # bytes that leave together
#: Moments are days since then, in UTC.
DAY_ZERO, DAY = datetime(1899, 12, 30, tzinfo=UTC), timedelta(days=1)

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
#: Style 0 is plain, 1 a moment, 2 the bold of the titles.
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="1">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_SHEET = (
    f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    '<sheetFormatPr defaultRowHeight="15"/><cols><col min="1" max="{columns}" width="18" customWidth="1"/></cols>'
    "<sheetData>"
)
_SHEET_END = b"</sheetData></worksheet>"

#: What XML cannot hold, and what Excel would read as the code of a character.
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_CODED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


class _Outbox:
    """Where the archive is written to: keeps the bytes until they are taken, and cannot be gone back in."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._kept.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing to do: bytes leave when they are taken."""

    def close(self) -> None:
        """Nothing to do either."""

    def take(self) -> bytes:
        taken, self._kept, self.size = b"".join(self._kept), [], 0
        return taken


def workbook(titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Generator[bytes]:
    """The bytes of a workbook with the titles above the rows; when a sheet is full, the next one goes on."""
    outbox, sheets = _Outbox(), 0
    head = _SHEET.format(columns=len(titles)).encode() + _row(titles, style=' s="2"')
    lines = map(_row, rows)
    with ZipFile(outbox, "w", ZIP_DEFLATED, compresslevel=2) as archive:
        line = next(lines, None)
        while line is not None or not sheets:
            sheets += 1
            with archive.open(f"xl/worksheets/sheet{sheets}.xml", "w") as sheet:
                size, count = sheet.write(head), 1
                while line is not None and count < SHEET_ROWS and size + len(line) < SHEET_BYTES:
                    size, count = size + sheet.write(line), count + 1
                    if outbox.size >= CHUNK:
                        yield outbox.take()
                    line = next(lines, None)
                sheet.write(_SHEET_END)
        for name, text in _frame(sheets).items():
            archive.writestr(name, text)
    yield outbox.take()


def _row(cells: Sequence[Cell], style: str = "") -> bytes:
    return f"<row>{''.join([_cell(cell, style) for cell in cells])}</row>".encode()


def _cell(cell: Cell, style: str) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, str):
        return f'<c t="str"{style}><v>{_text(cell)}</v></c>'
    if isinstance(cell, datetime):
        return f'<c s="1"><v>{(cell - DAY_ZERO) / DAY:.8f}</v></c>'
    return f"<c><v>{cell}</v></c>"


def _text(text: str) -> str:
    if len(text) > CELL_UNITS // 2:  # a character is one unit or two
        text = text.encode("utf-16-le", "replace")[: 2 * CELL_UNITS].decode("utf-16-le", "ignore")
    text = _UNWRITABLE.sub("\ufffd", text)
    if "_x" in text:
        text = _LOOKS_CODED.sub("_x005F_", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _frame(sheets: int) -> dict[str, str]:
    """The small files around the sheets."""
    numbers = range(1, sheets + 1)
    listed = "".join(f'<sheet name="Results {n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    linked = "".join(
        f'<Relationship Id="rId{n}" Type="{_LINKS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    typed = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>' for n in numbers
    )
    return {
        "xl/styles.xml": _STYLES,
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{linked}'
        f'<Relationship Id="rId0" Type="{_LINKS}/styles" Target="styles.xml"/></Relationships>',
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{typed}</Types>',
    }
