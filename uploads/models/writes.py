"""Guarded updates and inserts, one by one or many together.

Under load a worker moves many rows at once, and a statement per row costs more than the call to CustomerGauge.
Inside `together` the writes are collected and made in a few statements when the block ends. The statements are
written here, because for a row whose columns are all known a query object costs several times what it runs.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
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
        with _in_one_go():
            for model, new in self.inserts.items():
                _insert_many(model, new)
            made = [
                (model, len(rows), _update_many(model, where, changes, rows))
                for (model, where, changes), rows in self.updates.items()
            ]
        for model, wanted, cursors in made:
            changed = _changed(cursors)
            if changed != wanted:
                raise SomebodyWasFirst(f"{changed} of {wanted} {model._meta.verbose_name} rows were as expected.")


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


def at_once() -> AbstractContextManager[Any]:
    """A transaction for a few writes that belong together; nothing inside `together`, whose end is that of all."""
    return nullcontext() if _collected.get() else transaction.atomic(savepoint=False)


def update(model: type[models.Model], where: Row, changes: Row) -> bool:
    """Change the one row that is as `where` says; False if there is none.

    Values are plain (no expressions). Inside `together` True is a promise that the end of the block keeps or breaks.
    """
    collected = _collected.get()
    if collected is None:
        return _changed(_update_many(model, tuple(where), tuple(changes), [(where, changes)])) == 1
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
    _learn_numbers(fields, rows)
    columns = ", ".join(quote(field.column) for field in fields)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(rows))
    values = [_prepared(field, getattr(row, field.attname), connection) for row in rows for field in fields]
    statement = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES {places}"  # noqa: S608 - names of ours
    if meta.auto_field:
        cursor.execute(f"{statement} RETURNING {quote(str(meta.auto_field.column))}", values)
        for row, (number,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = number
    else:
        cursor.execute(statement, values)
    for row in rows:
        row._state.adding = False


def _learn_numbers(fields: list[Any], rows: Sequence[models.Model]) -> None:
    """The row that another refers to may have got its number after the two were joined."""
    for field in fields:
        if field.is_relation:
            for row in rows:
                if (related := field.get_cached_value(row, default=None)) is not None:
                    setattr(row, field.attname, related.pk)


def _update_many(
    model: type[models.Model], where: tuple[str, ...], changes: tuple[str, ...], rows: Sequence[tuple[Row, Row]]
) -> list[Any]:
    """As few statements as the database's limits allow, with the rows as a table of values; gives their cursors."""
    connection = connections[DEFAULT_DB_ALIAS]  # asked for once: the usual proxy looks it up for each attribute
    fields: list[Any] = [model._meta.pk if name == "pk" else model._meta.get_field(name) for name in (*changes, *where)]
    size = connection.ops.bulk_batch_size(fields, rows)
    return [
        _update(connection, model, fields, len(changes), rows[start : start + size])
        for start in range(0, len(rows), size)
    ]


def _changed(cursors: list[Any]) -> int:
    """How many rows these statements changed, once they have run."""
    changed = sum(int(cursor.rowcount) for cursor in cursors)
    for cursor in cursors:
        cursor.close()
    return changed


def _update(
    connection: Any, model: type[models.Model], fields: list[Any], changed: int, rows: Sequence[tuple[Row, Row]]
) -> Any:
    """The first `changed` fields are those to change, the others say which row."""
    quote, table = connection.ops.quote_name, connection.ops.quote_name(model._meta.db_table)
    # SQLite takes each value as it comes; PostgreSQL wants to know what a table of values holds
    cast = "CAST(wanted.{0} AS {1})" if connection.vendor == "postgresql" else "wanted.{0}"
    terms = [
        f"{{}}{quote(field.column)} = " + cast.format(f"column{number}", field.rel_db_type(connection))
        for number, field in enumerate(fields, start=1)  # so both databases call what stands in a table of values
    ]
    put = ", ".join(term.format("") for term in terms[:changed])
    held = " AND ".join(term.format(f"{table}.") for term in terms[changed:])
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(rows))
    statement = f"UPDATE {table} SET {put} FROM (VALUES {places}) AS wanted WHERE {held}"  # noqa: S608 - names of ours
    values = [
        _prepared(field, value, connection)
        for old, new in rows
        for field, value in zip(fields, (*new.values(), *old.values()), strict=True)
    ]
    cursor = connection.cursor()
    cursor.execute(statement, values)
    return cursor


@contextmanager
def _in_one_go() -> Iterator[None]:
    """PostgreSQL is told all statements of the block before it is asked for their ends: each answer would be another
    wait, in which sending threads wait for their marks."""
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql":
        yield
        return
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def _prepared(field: Any, value: Any, connection: Any) -> Any:
    """A value as the database's driver takes it; most are that already, and asking the field takes longest."""
    if type(value) in _PLAIN and not isinstance(field, models.JSONField):
        return value
    return field.get_db_prep_save(value, connection)


_PLAIN = frozenset({str, int, float, bytes, type(None)})
