"""Preparing the files that were asked for: in a process of its own, so that no delivery waits for it."""

from django.http import QueryDict

from ..models import ExportFile
from .export import Asked
from .export_columns import Columns
from .export_formats import FORMATS
from .export_rows import Result, read

#: So many bytes are packed and kept together.
PIECE = 2**20


def make_due(maker: str) -> None:
    """Prepare every file that is due, one after the other; maker: the name of this process."""
    while file := ExportFile.objects.due().first():
        if file.take(maker):
            _make(file, maker)


def _make(file: ExportFile, maker: str) -> None:
    """Write it, piece by piece, until it is done or is somebody else's: removed, or begun anew."""
    query = QueryDict(mutable=True)
    query.update(file.filter)
    asked = Asked(query)
    if asked.wrong:  # an agent's name was changed: an empty file would be a lie
        file.fail(maker, "filter_invalid")
        return
    done, kept = _Counter(), bytearray()
    if not file.count(maker, asked.found.count()):
        return
    columns = Columns.of_the_account(file.include)
    for chunk in FORMATS[file.kind].write(columns, map(done.add, read(asked.found, file.include))):
        kept += chunk
        if len(kept) >= PIECE:
            if not file.add(maker, bytes(kept), done.results):
                return
            kept.clear()
    if not kept or file.add(maker, bytes(kept), done.results):
        file.finish(maker)


class _Counter:
    """How many results have been read."""

    def __init__(self) -> None:
        self.results = 0

    def add(self, batch: list[Result]) -> list[Result]:
        self.results += len(batch)
        return batch
