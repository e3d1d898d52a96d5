"""Sending one row of the outbox: the call it needs, and the job that carries it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from ..customergauge import Call, Client, Exchange, anonymise, correct, create, reasons, update_case
from ..models import Anonymisation, Attempt, Body, CaseDelivery, Cause, Lane, OutboxRow
from . import settle
from .job import Done, Job, Message, OnWire


def call_of(row: OutboxRow) -> Call:
    """A new result, a correction, the update of a case, the content as frozen at entry; or to anonymise somebody."""
    if isinstance(row, Anonymisation):
        return anonymise(row.email)
    if isinstance(row, CaseDelivery):
        update = row.case_update
        return update_case(
            row.result.delivery.cg_id, status=update.status, comment=update.comment, assigned_to=update.assigned_to
        )
    pairs = tuple((key, value) for key, value in row.submission.payload)
    return correct(row.amends, pairs) if row.amends else create(pairs)


def request_of(client: Client, row: OutboxRow) -> Body:
    """What is about to be sent, for the audit log: method, address, headers (credential masked) and body."""
    request = client.describe(call_of(row))
    return {
        "method": request.method,
        "url": request.url,
        "headers": [list(header) for header in request.headers],
        "body": request.body.decode("ascii"),
    }


@dataclass(slots=True, eq=False)
class SendJob(Job):
    """A claim in this worker's hands: the row as it was claimed, and its attempts, one per call.

    probe: what a harmless GET said right after access was refused; None if it was not.
    """

    row: OutboxRow
    attempts: list[Attempt]
    on_wire: bool = False
    probe: Exchange | None = field(default=None, repr=False)
    claimed: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        return f"{self.row.AREA} {self.row.pk}"

    @property
    def about(self) -> Message:
        """The row as it was claimed."""
        return Message(self.row, self.attempts)

    def call(self, client: Client, on_wire: OnWire) -> tuple[Exchange, ...]:
        exchanges = client.send(call_of(self.row), on_wire=on_wire)
        if settle.is_doubtful(self.row, exchanges[-1]):  # all of us are refused, or only this?
            self.probe = client.send(reasons())[-1]
        return exchanges

    def mark(self, worker: str) -> bool:
        if self.on_wire:  # the same claim calls again with a fresh token
            self.attempts.append(self.row.open_attempt(worker))
        waited = timedelta(seconds=time.monotonic() - self.claimed)  # for a thread, or for a fresh token
        lease_until = self.row.lease_until + waited if self.row.lease_until and not self.on_wire else None
        self.on_wire = self.row.mark_on_wire(self.attempts[-1], lease_until)
        return self.on_wire

    def settle(self, done: Done, worker: str) -> None:
        settle.settle(self.row, self.attempts, done, self.probe, worker)

    def crashed(self, worker: str) -> None:
        settle.crashed(self.row, self.attempts[-1], worker, on_wire=self.on_wire)

    def give_back(self, worker: str) -> None:
        cause = Cause(worker, evidence="given_back", attempt=self.attempts[-1])
        self.row.requeue(cause, self.row.next_at, lane=Lane(self.row.priority))

    def remember(self) -> Callable[[], None]:
        row, attempts, on_wire = dict(vars(self.row)), list(self.attempts), self.on_wire

        def restore() -> None:
            vars(self.row).clear()
            vars(self.row).update(row)
            self.attempts, self.on_wire = attempts, on_wire

        return restore
