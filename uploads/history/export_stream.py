"""The bytes of one download on their way to a browser: not too many at a time, each on the record to its end."""

import threading
from collections.abc import Generator, Iterator
from typing import Any, Self
from weakref import WeakSet

from django.conf import settings
from django.contrib.auth.models import User

from ..models import Action, AuditEvent, ExportFile, request_id
from ..models.exports import under
from .export_columns import Columns
from .export_formats import Batches, Format
from .export_rows import Result

#: Downloads at a time in one process: the other threads stay free for those who enter results.
AT_ONCE = max(1, settings.WEB_THREADS // 2)
BUSY = "Other exports are running. Try again in a few minutes; entering results must not wait for them."
COMPLETE, BROKEN_OFF = "complete", "broken_off"


class Export:
    """One download, to be taken piece after piece by a web server.

    How many results were in it is written down when all has been taken, or when nobody takes any more (the browser is
    gone). What was read last may or may not have arrived.
    """

    #: Those that have begun and not ended, in this process.
    running: "WeakSet[Export]" = WeakSet()
    _door = threading.Lock()

    def __init__(self, user: User, about: ExportFile | str, told: dict[str, Any]) -> None:
        self._user, self._about, self._told, self._request = user, about, told, request_id.get()
        self._results = 0

    def write(self, form: Format, columns: Columns, batches: Batches) -> bool:
        """Begin a file that is written while it leaves; False if too many are running."""
        return self._begin(form.write(columns, self._counted(batches)))

    def hand_out(self, file: ExportFile) -> bool:
        """Begin a file that has been prepared; False if too many are running."""
        return self._begin(self._pieces(file))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except StopIteration:
            self._end(COMPLETE)
            raise

    def close(self) -> None:
        """Called by the web server when it takes no more."""
        self._chunks.close()
        self._end(BROKEN_OFF)

    def _begin(self, chunks: Generator[bytes]) -> bool:
        with self._door:
            if len(self.running) >= AT_ONCE:
                return False
            self.running.add(self)
        self._chunks = chunks
        AuditEvent.objects.record(Action.EXPORT_BEGUN, self._about, actor=self._user, body=self._told)
        return True

    def _counted(self, batches: Batches) -> Iterator[list[Result]]:
        for batch in batches:
            self._results += len(batch)
            yield batch

    def _pieces(self, file: ExportFile) -> Generator[bytes]:
        self._results = file.results  # how far a browser came in packed pieces nobody can tell
        yield from file.read()

    def _end(self, outcome: str) -> None:
        if self not in self.running:
            return
        self.running.discard(self)
        body = self._told | {"results": self._results}
        with under(self._request):  # the middleware has forgotten it by now
            AuditEvent.objects.record(Action.EXPORTED, self._about, actor=self._user, outcome=outcome, body=body)
