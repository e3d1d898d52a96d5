"""Finding results by a piece of text: indexes that the database keeps by itself, installed after each migrate.

PostgreSQL has a trigram index over the comment and the values of the customer fields, SQLite an FTS5 table of trigrams
that triggers fill. Both find a piece of at least three characters anywhere, in any case. Reasons are indexed beside
them. Without the extension pg_trgm PostgreSQL finds the same, but reads every row.
"""

import time
from typing import Any

from django.db import DatabaseError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, Q, TextField, Value
from django.db.models.expressions import RawSQL

#: So many characters have a trigram.
SHORTEST = 3
TABLE = "uploads_search"
WORDS, FOLD = "cgportal_words", "cgportal_fold"
#: Pages of SQLite's index that are merged in one transaction, and seconds that all of it may take at a time.
PAGES, PATIENCE = 500, 20.0


def containing(text: str) -> Q | Func:
    """The condition that the comment or a customer's value contains the text, in any case of letters."""
    if connection.vendor == "sqlite":
        return _matching(f"words : {_phrase(text)}")
    words = Func(F("comment"), F("customer"), function=WORDS, output_field=TextField())
    pattern = "".join(f"\\{char}" if char in "\\%_" else char for char in text)
    like = Func(Value(f"%{pattern}%"), function=FOLD, output_field=TextField())
    return Func(words, like, template="%(expressions)s", arg_joiner=" LIKE ", output_field=BooleanField())


def giving_reason(code: str) -> Q:
    """The condition that the reason with this code was given."""
    if connection.vendor == "sqlite":
        return _matching(f"reasons : {_phrase(f'|{code}|')}")
    return Q(reasons__contains=[{"code": code}])


def is_indexed() -> bool:
    """Whether a search is answered by an index; if not, it reads every row."""
    if connection.vendor == "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('submission_words') IS NOT NULL")
        return bool(cursor.fetchone()[0])


def install(using: str = "default", **_signal: Any) -> None:
    """Make the indexes that are not there yet; on a table with many rows that takes a minute."""
    connection = connections[using]
    if "uploads_submission" not in connection.introspection.table_names():
        return
    if connection.in_atomic_block:
        connection.check_constraints()  # PostgreSQL indexes no table that has deferred checks to do
    if connection.vendor == "sqlite":
        _install_sqlite(connection)
    else:
        _install_postgresql(connection)


def purge() -> bool:
    """SQLite: rewrite the index until nothing of what was erased is left in it; False if that is not done yet.

    In small transactions, so that others can write between them: not within one. On PostgreSQL, VACUUM does it.
    """
    if connection.vendor != "sqlite":
        return True
    end, pages = time.monotonic() + PATIENCE, -PAGES  # negative: of everything, not only where much was added
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute("SELECT total_changes()")
            before = cursor.fetchone()[0]
            cursor.execute(f"INSERT INTO {TABLE} ({TABLE}, rank) VALUES ('merge', %s)", [pages])  # noqa: S608
            cursor.execute("SELECT total_changes()")
            if cursor.fetchone()[0] - before < 2:  # the documented sign that nothing is left to merge
                return True
        pages = PAGES
    return False


def _matching(query: str) -> Q:
    found = RawSQL(f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s", [query])  # noqa: S608, S611 - names of ours
    return Q(pk__in=found)


def _phrase(text: str) -> str:
    """A text as FTS5 takes it literally."""
    return '"' + text.replace('"', '""') + '"'


# -- SQLite --------------------------------------------------------------------------------------------------

#: What is indexed of a row: every value on a line, and every code between bars.
_SQLITE_VALUES = (
    "{row}.id",
    "{row}.comment || char(10) || coalesce((SELECT group_concat(json_extract(value, '$.value'), char(10))"
    " FROM json_each({row}.customer)), '')",
    "coalesce((SELECT '|' || group_concat(json_extract(value, '$.code'), '|') || '|'"
    " FROM json_each({row}.reasons)), '')",
)


def _install_sqlite(connection: BaseDatabaseWrapper) -> None:
    add = _sqlite_values("NEW")
    take = _sqlite_values("OLD")
    added = f"INSERT INTO {TABLE} (rowid, words, reasons) VALUES ({add});"  # noqa: S608 - names of ours
    taken = f"INSERT INTO {TABLE} ({TABLE}, rowid, words, reasons) VALUES ('delete', {take});"  # noqa: S608
    triggers = {
        "insert": f"AFTER INSERT ON uploads_submission BEGIN {added} END",
        "update": f"AFTER UPDATE OF comment, customer ON uploads_submission BEGIN {taken} {added} END",
        "delete": f"AFTER DELETE ON uploads_submission BEGIN {taken} END",
    }
    is_new = TABLE not in connection.introspection.table_names()
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if is_new:
            columns = "words, reasons, content='', tokenize='trigram'"
            cursor.execute(f"CREATE VIRTUAL TABLE {TABLE} USING fts5({columns})")
            every = _sqlite_values("uploads_submission")
            cursor.execute(f"INSERT INTO {TABLE} (rowid, words, reasons) SELECT {every} FROM uploads_submission")  # noqa: S608
        for name, body in triggers.items():
            cursor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_{name}")
            cursor.execute(f"CREATE TRIGGER {TABLE}_{name} {body}")


def _sqlite_values(row: str) -> str:
    return ", ".join(_SQLITE_VALUES).format(row=row)


# -- PostgreSQL ----------------------------------------------------------------------------------------------

#: No path is set for the functions, because that costs more than what they do; all they name stands in pg_catalog.
_POSTGRESQL_FUNCTIONS = (
    "CREATE OR REPLACE FUNCTION {fold}(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE"
    " AS $$ SELECT pg_catalog.lower(given{collation}) $$",
    "CREATE OR REPLACE FUNCTION {words}(comment text, customer jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE"
    " AS $$ SELECT pg_catalog.lower((comment || E'\\n' || coalesce((SELECT pg_catalog.string_agg(field ->> 'value',"
    " E'\\n') FROM pg_catalog.jsonb_array_elements(customer) AS field), '')){collation}) $$",
)
_POSTGRESQL_INDEXES = (
    "CREATE INDEX IF NOT EXISTS submission_reasons ON uploads_submission USING gin (reasons jsonb_path_ops)",
    f"CREATE INDEX IF NOT EXISTS submission_words ON uploads_submission USING gin ({WORDS}(comment, customer)"
    " gin_trgm_ops)",
)


def _install_postgresql(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_proc WHERE proname = %s AND pronamespace = current_schema()::regnamespace", [FOLD]
        )
        if not cursor.fetchone():
            # letters beyond ASCII have a case in any database that knows Unicode by itself
            cursor.execute("SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu'")
            collation = ' COLLATE pg_catalog."und-x-icu"' if cursor.fetchone() else ""
            for statement in _POSTGRESQL_FUNCTIONS:
                cursor.execute(statement.format(fold=FOLD, words=WORDS, collation=collation))
        by_reason, by_words = _POSTGRESQL_INDEXES
        cursor.execute(by_reason)
        if _has_trigrams(connection):
            cursor.execute(by_words)


def _has_trigrams(connection: BaseDatabaseWrapper) -> bool:
    """Whether pg_trgm is there, or can be had by whoever migrates."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:  # not on this server, or not allowed
        return False
    return True
