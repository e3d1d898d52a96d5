"""Checking and saving lists in the worker, some rows at a time: found again from the table, whoever stopped when."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from django.utils import timezone

from ..models import Batch, BatchRow, Lane, request_id
from .batch_check import ENTERED, IN_LIST, Judge, Judged, mark_twins
from .submit import Beside, submit
from .warnings import Overruled

#: So many rows are checked, and saved, in one transaction.
CHECKED_AT_ONCE, SAVED_AT_ONCE = 100, 25
#: So long one turn lasts, so that other side jobs, and a stop of the worker, need not wait for the end.
TURN = 20.0  # seconds
#: Between two chunks, so that what agents save meanwhile gets its turn to write.
BREATH = 0.02  # seconds

State = BatchRow.State


def carry_on(**_signal: Any) -> bool:
    """Check and save for one turn, the oldest list first. True if there is more to do."""
    end = time.monotonic() + TURN
    while batch := Batch.objects.under_way().first():
        step: Callable[[Batch], bool] = check if batch.status == Batch.Status.CHECKING else save
        with timezone.override(batch.time_zone):  # the agent's clock, not the worker's
            while step(batch):
                if time.monotonic() > end:
                    return True
                time.sleep(BREATH)
    return False


def check(batch: Batch) -> bool:
    """Check the next rows; False if there are none left, and then the list is checked."""
    rows = _next(batch, State.NEW, CHECKED_AT_ONCE)
    judge = Judge(batch)
    judged = [judge.judge(row) for row in rows]
    read = batch.changed_at
    with batch.held({Batch.Status.CHECKING}) as mine:
        if not mine or batch.changed_at != read:  # its columns may have been named anew: what was judged is void
            return mine
        still = _still(batch, rows, State.NEW)
        _write([one.write() for one in mark_twins(batch, [one for one in judged if one.row.pk in still])])
        if not rows:
            batch.end_check()
    return bool(rows)


def save(batch: Batch) -> bool:
    """Save the next rows, each as a result of its own; False if there are none left, and then the saving is over.

    They are checked once more, as lists of choices may have changed since.
    """
    rows = _next(batch, State.CHOSEN, SAVED_AT_ONCE)
    judge = Judge(batch)
    judged = [_again(judge, row) for row in rows]
    read, token = batch.changed_at, request_id.set(batch.request_id)
    try:
        with batch.held({Batch.Status.SAVING}) as mine:
            if not mine or batch.changed_at != read:
                return mine
            still = _still(batch, rows, State.CHOSEN)
            _write([_saved(batch, one) for one in judged if one.row.pk in still])
            if not rows:
                batch.end_saving()
    finally:
        request_id.reset(token)
    return bool(rows)


def _again(judge: Judge, row: BatchRow) -> Judged:
    """A row that is to be saved: with its warnings as they were decided about, unless it was entered meanwhile."""
    judged = judge.judge(row)
    decided = row.kinds.split(",") if row.kinds else []
    if judged.entry is None or (ENTERED in judged.kinds and not {ENTERED, IN_LIST} & set(decided)):
        return judged
    return Judged(row, row.told, (), judged.entry, row.sameness)


def _saved(batch: Batch, judged: Judged) -> BatchRow:
    """The row as it is now: saved, or back because it is wrong or was entered meanwhile; not yet written."""
    if judged.entry is None or judged.kinds:
        return judged.write()
    row = judged.row
    why = {kind: batch.overruled.get(kind, "") for kind in filter(None, row.kinds.split(","))}
    overruled = Overruled(row.told, "; ".join(dict.fromkeys(filter(None, why.values()))))
    noted = overruled.body() | {"from_list": f"{batch}, row {row.number}"}
    return row.became(submit(judged.entry, batch.agent, row.token, beside=Beside(noted=noted, lane=Lane.BULK)))


def _next(batch: Batch, state: BatchRow.State, most: int) -> list[BatchRow]:
    rows = list(batch.rows.filter(state=state).order_by("number")[:most])
    for row in rows:
        row.batch = batch
    return rows


def _still(batch: Batch, rows: Sequence[BatchRow], state: BatchRow.State) -> set[int]:
    """Which of the rows nobody has changed since they were read."""
    return set(batch.rows.filter(pk__in=[row.pk for row in rows], state=state).values_list("pk", flat=True))


def _write(rows: Sequence[BatchRow]) -> None:
    BatchRow.objects.bulk_update(rows, ["state", "kinds", "told", "sameness", "cells", "submission"])
