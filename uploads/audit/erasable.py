"""The one exception of the guards: the content of a submission whose erasure is on the record may be given up.

What may go is a table. The guards refuse whatever is not in it: another column, another row, or no erasure.
"""

from django.apps import apps
from django.db import connection

from ..models import Action

#: Table → the column that names the submission, and what erasing leaves of its columns.
BLANK: dict[str, tuple[str, dict[str, str]]] = {
    "uploads_submission": ("id", {"comment": "''", "customer": "'[]'", "payload": "'[]'"}),
    "uploads_caseupdate": ("submission_id", {"comment": "''", "assigned_to": "''"}),
}
#: The table whose rows go as a whole, each with its event's salt.
PAYLOADS = "uploads_auditpayload"
#: PostgreSQL: does it with the rights of the owner, so that who runs the portal needs none to change or delete.
ERASER = "cgportal_erase"

_ON_RECORD = (  # every name is a constant of this module or of the models
    "EXISTS (SELECT 1 FROM {schema}uploads_erasure x JOIN {schema}uploads_auditevent said ON said.id = x.event_id"  # noqa: S608
    f" WHERE x.submission_id = {{key}} AND said.action = '{Action.ERASED.value}' AND said.object_type = 'submission'"
    " AND said.object_id = CAST(x.submission_id AS text))"
)
_ABOUT = (
    "EXISTS (SELECT 1 FROM {schema}uploads_auditevent about WHERE about.id = OLD.event_id AND {on_record})",
    "CASE about.object_type WHEN 'submission' THEN CAST(about.object_id AS bigint) END",
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
    return " AND ".join([*kept, *gone, _ON_RECORD.format(schema=schema, key=f"OLD.{key}")])


def delete_allowed(table: str, schema: str = "") -> str:
    """The condition under which a row may be deleted. Empty: never."""
    if table != PAYLOADS:
        return ""
    condition, key = _ABOUT
    return condition.format(schema=schema, on_record=_ON_RECORD.format(schema=schema, key=key))


def eraser(schema: str) -> str:
    """PostgreSQL: the statement that makes the function behind `give_up`."""
    body = "; ".join(_statements("target", schema))
    return (
        f"CREATE OR REPLACE FUNCTION {ERASER}(target bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER"
        f" SET search_path = pg_catalog, pg_temp AS $$ BEGIN {body}; END $$"
    )


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


def _statements(target: str, schema: str = "") -> list[str]:
    changes = [
        f"UPDATE {schema}{table} SET {', '.join(f'{name} = {left}' for name, left in blank.items())}"  # noqa: S608
        f" WHERE {key} = {target}"
        for table, (key, blank) in BLANK.items()
    ]
    events = (
        f"SELECT id FROM {schema}uploads_auditevent"  # noqa: S608 - as above, every name is from the tables here
        f" WHERE object_type = 'submission' AND object_id = CAST({target} AS text)"
    )
    return [*changes, f"DELETE FROM {schema}{PAYLOADS} WHERE event_id IN ({events})"]  # noqa: S608
