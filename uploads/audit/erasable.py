"""The exceptions of the guards: what is erased on the record, or was kept for its time, may be given up.

What may go is a table. The guards refuse whatever is not in it: another column, another row, or nothing on the record.
"""

from collections.abc import Collection
from json import dumps

from django.apps import apps
from django.db import connection

from ..models import Action, Kept
from ..models.erasure import ErasureReason
from ..models.retention import AT_LEAST

#: Table → the column that names the submission, and what erasing leaves of its columns.
BLANK: dict[str, tuple[str, dict[str, str]]] = {
    "uploads_submission": ("id", {"comment": "''", "customer": "'[]'", "payload": "'[]'"}),
    "uploads_caseupdate": ("submission_id", {"comment": "''", "assigned_to": "''"}),
    "uploads_remark": ("submission_id", {"text": "''"}),
}
#: Tables that nothing guards: model, and its reference to the submission. Their rows go with what is erased.
BESIDE: tuple[tuple[str, str], ...] = (
    ("CustomerKey", "submission"),
    ("Draft", "revises"),
)
#: The table whose rows go as a whole, each with its event's salt; and that of the facts.
PAYLOADS, EVENTS = "uploads_auditpayload", "uploads_auditevent"
#: PostgreSQL: these do it with the rights of the owner, so that who runs the portal needs none to change or delete.
ERASER, PRUNER = "cgportal_erase", "cgportal_prune"

# every name in the statements is a constant of this module or of the models
_SAID = (  # the event says of the row x what the row says of itself
    f"said.action = '{Action.PRUNED.value}' AND said.outcome = x.kind AND said.object_name = x.kind || ' ' ||"
    " CAST(x.first_id AS text) || ' to ' || CAST(x.last_id AS text) || ', ' || CAST(x.count AS text)"
)
_ERASED = (
    "EXISTS (SELECT 1 FROM {schema}uploads_erasure e JOIN {schema}uploads_auditevent said ON said.id = e.event_id"  # noqa: S608
    " JOIN {schema}uploads_submission given ON given.id = e.submission_id"
    f" WHERE e.submission_id = {{key}} AND (said.action = '{Action.ERASED.value}' AND said.object_type = 'submission'"
    " AND said.object_id = CAST(e.submission_id AS text)"
    f" OR e.reason = '{ErasureReason.RETENTION.value}' AND given.created_at < {{contents_age}} AND EXISTS (SELECT 1"
    f" FROM {{schema}}uploads_pruning x WHERE x.event_id = said.id AND x.kind = '{Kept.CONTENTS.value}'"
    f" AND e.submission_id BETWEEN x.first_id AND x.last_id AND {_SAID})))"
)
_PRUNED = (  # only the batch of this very transaction: older ones allow nothing any more
    "EXISTS (SELECT 1 FROM {schema}uploads_pruning x JOIN {schema}uploads_auditevent said ON said.id = x.event_id"  # noqa: S608
    " JOIN {schema}uploads_auditevent about ON about.id = {row}"
    " WHERE x.event_id = (SELECT max(newest.event_id) FROM {schema}uploads_pruning newest)"
    f" AND {_SAID} AND about.id BETWEEN x.first_id AND x.last_id AND ({{which}}))"
)
_EXCHANGE = f"x.kind = '{Kept.EXCHANGES.value}' AND about.attempt_id IS NOT NULL AND about.at < {{exchanges_age}}"
_FACT = (
    f"x.kind = '{Kept.FACTS.value}' AND about.at < {{facts_age}}"  # noqa: S608
    " AND EXISTS (SELECT 1 FROM {schema}uploads_auditseal s WHERE s.first_event = x.first_id)"
    " AND EXISTS (SELECT 1 FROM {schema}uploads_auditseal s WHERE s.last_event = x.last_id)"
)


def update_allowed(table: str, vendor: str, schema: str = "") -> str:
    """The condition under which a frozen row may be changed: it is erased, and nothing else happens. Empty: never."""
    if table not in BLANK:
        return ""
    key, blank = BLANK[table]
    (model,) = [model for model in apps.get_models() if model._meta.db_table == table]
    others = [str(field.column) for field in model._meta.concrete_fields if field.column not in blank]
    same = "IS" if vendor == "sqlite" else "IS NOT DISTINCT FROM"
    kept = [f"NEW.{column} {same} OLD.{column}" for column in others]
    gone = [f"NEW.{column} = {left}" for column, left in blank.items()]
    return " AND ".join([*kept, *gone, _ERASED.format(schema=schema, key=f"OLD.{key}", **_ages(vendor))])


def delete_allowed(table: str, vendor: str, schema: str = "") -> str:
    """The condition under which a row may be deleted. Empty: never."""
    names = {"schema": schema, **_ages(vendor)}
    if table == EVENTS:
        return _PRUNED.format(row="OLD.id", which=_FACT.format(**names), **names)
    if table != PAYLOADS:
        return ""
    about = "CASE about.object_type WHEN 'submission' THEN CAST(about.object_id AS bigint) END"
    erased = _ERASED.format(key=about, **names)
    which = f"{_EXCHANGE} OR {_FACT}".format(**names)
    return (
        f"EXISTS (SELECT 1 FROM {schema}{EVENTS} about WHERE about.id = OLD.event_id AND {erased})"  # noqa: S608
        f" OR {_PRUNED.format(row='OLD.event_id', which=which, **names)}"
    )


def functions(schema: str) -> list[str]:
    """PostgreSQL: the statements that make the functions behind `give_up` and `let_go`."""
    contents = f"DELETE FROM {schema}{PAYLOADS} WHERE event_id = ANY (targets)"  # noqa: S608
    events = f"DELETE FROM {schema}{EVENTS} WHERE id = ANY (targets)"  # noqa: S608
    count = "GET DIAGNOSTICS number = ROW_COUNT"
    return [
        f"CREATE OR REPLACE FUNCTION {ERASER}(target bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER"
        f" SET search_path = pg_catalog, pg_temp AS $$ BEGIN {'; '.join(_statements('target', schema))}; END $$",
        f"CREATE OR REPLACE FUNCTION {PRUNER}(targets bigint[], facts boolean) RETURNS bigint LANGUAGE plpgsql"
        " SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ DECLARE number bigint;"
        f" BEGIN {contents}; {count}; IF facts THEN {events}; {count}; END IF; RETURN number; END $$",
    ]


def give_up(submission: int) -> None:
    """Blank the content of a submission and of the updates of its case; remove the contents of its events with salts.

    Raises DatabaseError if its erasure is not on the record.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SELECT {ERASER}(%s)", [submission])
            return
        for statement in _statements("%s"):
            cursor.execute(statement, [submission])


def let_go(events: Collection[int], *, facts: bool) -> int:
    """Remove the contents of events with their salts, and with `facts` the events too; gives how many rows of the
    latter kind went, else of the former.

    Raises DatabaseError unless the newest Pruning covers all of them, or if one is not old enough.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SELECT {PRUNER}(%s, %s)", [list(events), facts])
            return int(cursor.fetchone()[0])
        for table, key in ((PAYLOADS, "event_id"), (EVENTS, "id"))[: 2 if facts else 1]:
            statement = f"DELETE FROM {table} WHERE {key} IN (SELECT value FROM json_each(%s))"  # noqa: S608
            cursor.execute(statement, [dumps(list(events))])
        return int(cursor.rowcount)


def _statements(target: str, schema: str = "") -> list[str]:
    changes = [
        f"UPDATE {schema}{table} SET {', '.join(f'{name} = {left}' for name, left in blank.items())}"  # noqa: S608
        f" WHERE {key} = {target}"
        for table, (key, blank) in BLANK.items()
    ]
    events = (
        f"SELECT id FROM {schema}{EVENTS}"  # noqa: S608 - as above, every name is from the tables here
        f" WHERE object_type = 'submission' AND object_id = CAST({target} AS text)"
    )
    return [*changes, f"DELETE FROM {schema}{PAYLOADS} WHERE event_id IN ({events})"]  # noqa: S608


def _ages(vendor: str) -> dict[str, str]:
    """Before when something must have happened to be old enough, as the database says it."""
    template = "datetime('now', '-{} days')" if vendor == "sqlite" else "(now() - interval '{} days')"
    return {f"{kind.value}_age": template.format(days) for kind, days in AT_LEAST.items()}
