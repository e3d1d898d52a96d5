"""Fetching the reasons that CustomerGauge has, for an administrator who wants to compare lists."""

from dataclasses import dataclass

from ..customergauge import Client, Exchange, NotListed, Row, reasons, rows
from ..models import Channel, ListImport
from .job import Done, Job, OnWire


@dataclass(slots=True, eq=False)
class ReasonsJob(Job):
    """A GET of the reasons. It changes nothing there, so it may be made at any time, and by two workers at once."""

    def call(self, client: Client, on_wire: OnWire) -> tuple[Exchange, ...]:
        return client.send(reasons())

    def settle(self, done: Done, worker: str) -> None:
        try:
            _answer(worker, [_storable(row) for row in rows(done.exchanges[-1])])
        except NotListed as error:
            _answer(worker, [], error.verdict.evidence)

    def crashed(self, worker: str) -> None:
        _answer(worker, [], "internal")


def _answer(worker: str, found: list[Row], evidence: str = "") -> None:
    if Channel.current().reasons_listed(worker, evidence, len(found)):
        ListImport.objects.answer(found, evidence)


def _storable(row: Row) -> Row:
    """Without the one character that no database stores."""
    return {key.replace("\0", "\ufffd"): text.replace("\0", "\ufffd") for key, text in row.items()}
