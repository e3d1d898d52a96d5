"""Rows in bulk: by COPY on PostgreSQL, by one prepared insert on SQLite. Both take the same texts."""

from collections.abc import Sequence
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models


class Table:
    """Collects rows of one model and writes them all at once.

    model: where they go.  names: the fields that each row gives, in this order; all others get their default.
    Values are as both databases read them: a moment as text in UTC, a UUID as 32 hex digits, JSON as text.
    """

    def __init__(self, model: type[models.Model], *names: str) -> None:
        given = [model._meta.get_field(name) for name in names]
        others = [f for f in model._meta.concrete_fields if f not in given and not isinstance(f, models.AutoField)]
        self._model = model
        self._columns = [str(field.column) for field in (*given, *others)]  # type: ignore[union-attr]
        self._rest = tuple(field.get_db_prep_save(field.get_default(), connection) for field in others)
        self._rows: list[tuple[Any, ...]] = []
        self._numbered = "id" in names and isinstance(model._meta.pk, models.AutoField)
        self._next = (model._base_manager.aggregate(last=models.Max("pk"))["last"] or 0) + 1 if self._numbered else 0

    def number(self) -> int:
        """The primary key for a row to be added. Only where rows give it."""
        self._next += 1
        return self._next - 1

    def add(self, *values: Any) -> None:
        """One more row, its values in the order of `names`."""
        self._rows.append(values + self._rest)

    def write(self) -> None:
        """Insert what was collected; whoever inserts next gets a higher number."""
        table = connection.ops.quote_name(self._model._meta.db_table)
        columns = ", ".join(map(connection.ops.quote_name, self._columns))
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                _copy(cursor, f"COPY {table} ({columns}) FROM STDIN", self._rows)
                for statement in connection.ops.sequence_reset_sql(no_style(), [self._model] if self._numbered else []):
                    cursor.execute(statement)
            else:
                places = ", ".join(["%s"] * len(self._columns))
                cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", self._rows)  # noqa: S608
        self._rows = []


def _copy(cursor: Any, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
