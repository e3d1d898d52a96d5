"""The table of behaviours: name, group, one line for people, what it does.

Any name may carry ``-stored`` or ``-unstored`` to overrule whether the record is stored before the script plays, as in
``500-stored`` (the server failed, but not before it had the record) or ``ok-unstored`` (it says yes and keeps nothing).
"""

import difflib
from dataclasses import replace

from ..script import Behaviour, Point, honest
from . import bodies, connections, errors, lengths, lookups, statuses, texts, tokens, xml

OK = Behaviour("ok", "Normal", "Answers as documented.", honest, stores=True)

BEHAVIOURS: dict[str, Behaviour] = {
    row.name: row
    for row in (
        OK,
        *connections.ROWS,
        *statuses.ROWS,
        *errors.ROWS,
        *lengths.ROWS,
        *bodies.ROWS,
        *texts.ROWS,
        *xml.ROWS,
        *lookups.ROWS,
        *tokens.ROWS,
    )
}

_STORES = {"-unstored": False, "-stored": True}


def named(name: str) -> Behaviour:
    """The behaviour of that name, with or without a suffix; ValueError, with the nearest names, if there is none."""
    if name in BEHAVIOURS:
        return BEHAVIOURS[name]
    for suffix, stores in _STORES.items():
        row = BEHAVIOURS.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
        if row and row.point is not Point.REQUEST:
            raise ValueError(f"“{row.name}” strikes before there is a record to store; choose it without “{suffix}”.")
        if row:
            return replace(row, name=name, stores=stores)
    near = difflib.get_close_matches(name, BEHAVIOURS, 3)
    raise ValueError(f"There is no behaviour “{name}”." + (f" Near: {', '.join(near)}." if near else ""))
