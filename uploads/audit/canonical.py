"""Events as the bytes that are sealed: the same on every database, and readable by whoever checks them.

An event is one line of ASCII: a JSON object with its keys in alphabetical order and without blanks (`at` in UTC with
six decimals, `attempt_id` and `commitment` in lower-case hex, what is not there as an empty string or null).
"""

from collections.abc import Iterator, Sequence
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, NamedTuple

from django.db import connection

#: How many events are read at a time; with their bodies they must fit into memory.
PAGE = 1000
EVERYTHING = 2**63 - 1

# CAST, hex and coalesce: whatever somebody has put into a column must not stop the reading
_SQLITE = {
    "at": "CASE length(e.at) WHEN 19 THEN e.at || '.000000' ELSE CAST(e.at AS TEXT) END",
    "attempt_id": "CAST(e.attempt_id AS TEXT)",
    "commitment": "lower(hex(e.commitment))",
    "salt": "CAST(p.salt AS BLOB)",
    "body": "CAST(p.body AS BLOB)",
}
_POSTGRESQL = {
    "at": "to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
    "attempt_id": "replace(CAST(e.attempt_id AS TEXT), '-', '')",
    "commitment": "encode(e.commitment, 'hex')",
    "salt": "p.salt",
    "body": "p.body",
}
_FACTS = (
    "action", "actor_id", "actor_name", "at", "attempt_id", "commitment", "id", "object_id", "object_name",
    "object_type", "outcome", "request_id",
)  # fmt: skip
_NUMBERS = {"id", "actor_id"}


class Entry(NamedTuple):
    """One event as it is sealed. salt, body: its content, None if there is none or if it was not asked for."""

    id: int
    at: str
    commitment: str
    line: bytes
    salt: bytes | None = None
    body: bytes | None = None


def entries(after: int = 0, upto: int = EVERYTHING, *, content: bool = False) -> Iterator[list[Entry]]:
    """The events with after < id ≤ upto by id, in lists of at most PAGE: memory stays flat however many there are."""
    statement = _statement(content)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, [after, upto, PAGE])
            rows = cursor.fetchall()
        if rows:
            yield [_entry(row) for row in rows]
        if len(rows) < PAGE:
            return
        after = rows[-1][6]


def _statement(content: bool) -> str:
    special = _SQLITE if connection.vendor == "sqlite" else _POSTGRESQL
    texts = {name: special.get(name, f"CAST(e.{name} AS TEXT)") for name in _FACTS if name not in _NUMBERS}
    columns = [f"coalesce({texts[name]}, '')" if name in texts else f"e.{name}" for name in _FACTS]
    source = "uploads_auditevent e"
    if content:
        columns += [special["salt"], special["body"]]
        source += " LEFT JOIN uploads_auditpayload p ON p.event_id = e.id"
    return (
        f"SELECT {', '.join(columns)} FROM {source}"  # noqa: S608 - every name is from the tables above
        " WHERE e.id > %s AND e.id <= %s ORDER BY e.id LIMIT %s"
    )


def _entry(row: Sequence[Any]) -> Entry:
    action, actor_id, actor_name, at, attempt_id, commitment, number, object_id, object_name = row[:9]
    line = (
        f'{{"action":{quoted(action)},"actor_id":{"null" if actor_id is None else actor_id}'
        f',"actor_name":{quoted(actor_name)},"at":{quoted(at)},"attempt_id":{quoted(attempt_id)}'
        f',"commitment":"{commitment}","id":{number},"object_id":{quoted(object_id)}'
        f',"object_name":{quoted(object_name)},"object_type":{quoted(row[9])},"outcome":{quoted(row[10])}'
        f',"request_id":{quoted(row[11])}}}'
    )
    # a number column of SQLite may hold any text
    return Entry(number, at, commitment, line.encode("ascii", "backslashreplace"), *row[12:])
