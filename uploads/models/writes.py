"""Guarded updates and inserts, one by one or many together.

Under load a worker moves many rows at once, and a statement per row costs more than the call to CustomerGauge.
Inside `together` the writes are collected and made in a few statements when the block ends.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection, models, transaction

Row = Mapping[str, Any]


class SomebodyWasFirst(RuntimeError):
    """One of the guarded updates found its row changed; none of the block's writes is kept."""


class _Collected:
    def __init__(self) -> None:
        self.updates: dict[tuple[type[models.Model], tuple[str, ...], tuple[str, ...]], list[tuple[Row, Row]]] = {}
        self.inserts: dict[type[models.Model], list[models.Model]] = defaultdict(list)

    def flush(self) -> None:
        """One insert per table; one statement per kind of update, with its rows as parameters."""
        for model, new in self.inserts.items():
            model._base_manager.bulk_create(new)
        for (model, where, changes), rows in self.updates.items():
            changed = _update_many(model, where, changes, rows)
            if changed != len(rows):
                raise SomebodyWasFirst(f"{changed} of {len(rows)} {model._meta.verbose_name} rows were as expected.")


_collected: ContextVar[_Collected | None] = ContextVar("together", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Collect the writes of the block and make them when it ends, in one transaction, all or none.

    Raises SomebodyWasFirst if a guarded update finds its row changed. Do each alone, outside, to see which.
    """
    collected = _Collected()
    token = _collected.set(collected)
    try:
        yield
    finally:
        _collected.reset(token)
    with transaction.atomic(savepoint=False):
        collected.flush()


def update(model: type[models.Model], where: Row, changes: Row) -> bool:
    """Change the one row that is as `where` says; False if there is none.

    Values are plain (no expressions). Inside `together` True is a promise that the end of the block keeps or breaks.
    """
    collected = _collected.get()
    if collected is None:
        return bool(model._base_manager.filter(**where).update(**changes))
    kind = (model, tuple(where), tuple(changes))
    collected.updates.setdefault(kind, []).append((where, changes))
    return True


def insert(*rows: models.Model) -> None:
    """Insert rows, in this order; a later one may refer to an earlier one."""
    collected = _collected.get()
    for row in rows:
        if collected is None:
            row.save(force_insert=True)
        else:
            collected.inserts[type(row)].append(row)


def _update_many(
    model: type[models.Model], where: tuple[str, ...], changes: tuple[str, ...], rows: list[tuple[Row, Row]]
) -> int:
    quote, pk = connection.ops.quote_name, model._meta.pk
    fields: dict[str, Any] = {name: pk if name == "pk" else model._meta.get_field(name) for name in (*changes, *where)}
    columns = {name: quote(field.column) for name, field in fields.items()}
    put = ", ".join(f"{columns[name]} = %s" for name in changes)
    held = " AND ".join(f"{columns[name]} = %s" for name in where)
    values = ([*(new[name] for name in changes), *(old[name] for name in where)] for old, new in rows)
    names = (*changes, *where)
    parameters = [
        [fields[name].get_db_prep_save(value, connection) for name, value in zip(names, row, strict=True)]
        for row in values
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {quote(model._meta.db_table)} SET {put} WHERE {held}", parameters)  # noqa: S608
        return int(cursor.rowcount)
