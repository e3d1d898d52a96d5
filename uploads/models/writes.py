"""Guarded updates and inserts, one by one or many together.

Under load a worker moves many rows at once, and a statement per row costs more than the call to CustomerGauge.
Inside `together` the writes are collected and made in a few statements when the block ends. The statements are
written here, because for a row whose columns are all known a query object costs several times what it runs.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction

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
            _insert_many(model, new)
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
        return _update_many(model, tuple(where), tuple(changes), [(where, changes)]) == 1
    kind = (model, tuple(where), tuple(changes))
    collected.updates.setdefault(kind, []).append((where, changes))
    return True


def insert(*rows: models.Model) -> None:
    """Insert rows, in this order; a later one may refer to an earlier one."""
    collected = _collected.get()
    for row in rows:
        if collected is None:
            _insert_many(type(row), [row])
        else:
            collected.inserts[type(row)].append(row)


def _insert_many(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    """As few statements as the database's limits allow; where it numbers the rows, they learn their numbers."""
    connection = connections[DEFAULT_DB_ALIAS]
    fields: list[Any] = [field for field in model._meta.concrete_fields if field is not model._meta.auto_field]
    size = connection.ops.bulk_batch_size(fields, rows)
    with connection.cursor() as cursor:
        for start in range(0, len(rows), size):
            _insert(connection, cursor, model, fields, rows[start : start + size])


def _insert(
    connection: Any, cursor: Any, model: type[models.Model], fields: list[Any], rows: Sequence[models.Model]
) -> None:
    meta, quote = model._meta, connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(rows))
    values = [field.get_db_prep_save(_value(row, field), connection) for row in rows for field in fields]
    statement = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES {places}"  # noqa: S608 - names of ours
    if meta.auto_field:
        cursor.execute(f"{statement} RETURNING {quote(str(meta.auto_field.column))}", values)
        for row, (number,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = number
    else:
        cursor.execute(statement, values)
    for row in rows:
        row._state.adding = False


def _update_many(
    model: type[models.Model], where: tuple[str, ...], changes: tuple[str, ...], rows: Sequence[tuple[Row, Row]]
) -> int:
    """One statement, run with the values of each row; gives how many rows it changed."""
    connection = connections[DEFAULT_DB_ALIAS]  # asked for once: the usual proxy looks it up for each attribute
    meta, quote = model._meta, connection.ops.quote_name
    fields: list[Any] = [meta.pk if name == "pk" else meta.get_field(name) for name in (*changes, *where)]
    terms = [f"{quote(field.column)} = %s" for field in fields]
    put, held = ", ".join(terms[: len(changes)]), " AND ".join(terms[len(changes) :])
    parameters = [
        [
            field.get_db_prep_save(value, connection)
            for field, value in zip(fields, (*new.values(), *old.values()), strict=True)
        ]
        for old, new in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {quote(meta.db_table)} SET {put} WHERE {held}", parameters)  # noqa: S608
        return int(cursor.rowcount)


def _value(row: models.Model, field: Any) -> Any:
    """What a row has in a field; the row it refers to may have got its number after the two were joined."""
    related = field.get_cached_value(row, default=None) if field.is_relation else None
    if related is not None:
        setattr(row, field.attname, related.pk)
    return getattr(row, field.attname)
