"""What rows that were read in would change, and changing it: one way for both, so that what was seen is done."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from import_export.fields import Field
from import_export.resources import ModelResource, modelresource_factory
from import_export.results import RowResult
from tablib import Dataset

from ..models import Lookup
from .audited import Facts, facts, record
from .columns import COLUMNS, title, widget_of
from .tables import NUMBER, shown

KINDS = {
    RowResult.IMPORT_TYPE_NEW: "new",
    RowResult.IMPORT_TYPE_UPDATE: "changed",
    RowResult.IMPORT_TYPE_SKIP: "same",
    RowResult.IMPORT_TYPE_INVALID: "wrong",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a row that is added or changed."""

    title: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one row. number: its place in what was read. kind: new, changed, same or wrong."""

    number: int
    name: str
    kind: str
    cells: Sequence[Cell] = ()
    problems: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of all rows."""

    changes: Sequence[Change] = field(default_factory=list)

    def of(self, kind: str) -> list[Change]:
        """The rows of one kind."""
        return [change for change in self.changes if change.kind == kind]

    @property
    def wrong(self) -> list[Change]:
        """Rows that break a rule: as long as there is one, nothing is applied."""
        return self.of("wrong")

    @property
    def effective(self) -> list[Change]:
        """Rows that add or change something."""
        return [*self.of("new"), *self.of("changed")]

    @property
    def same(self) -> list[Change]:
        """Rows that are in the list as they stand."""
        return self.of("same")

    @property
    def may_apply(self) -> bool:
        """Whether there is something to do, and nothing against it."""
        return bool(self.effective) and not self.wrong

    @property
    def seen(self) -> str:
        """Differs whenever something else would be changed."""
        return hashlib.sha256(repr(self.changes).encode()).hexdigest()[:16]


class NotAsSeen(Exception):
    """What would be changed is not what the person has looked at; nothing was changed."""


class ListResource(ModelResource):  # type: ignore[misc]  # the library has no types
    """A list as the import library sees it. Each row that is saved goes on the record, in the same transaction."""

    def __init__(self, actor: User) -> None:
        super().__init__()
        self.actor = actor
        self._before: Facts | None = None

    def before_save_instance(self, instance: Any, row: Any, **_kwargs: Any) -> None:
        old = type(instance)._base_manager.filter(pk=instance.pk).first() if instance.pk else None
        self._before = facts(old) if old else None

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        if not kwargs["dry_run"]:
            record(instance, self._before, self.actor)


def look(model: type[Lookup], rows: Sequence[Mapping[str, str]], actor: User) -> Plan:
    """What the rows would change; changes nothing. rows: {column: text} with their NUMBER."""
    return _run(model, rows, actor, dry_run=True)


def apply(model: type[Lookup], rows: Sequence[Mapping[str, str]], actor: User, seen: str) -> Plan:
    """Change it, all or nothing. seen: that of the plan the person has looked at. Raises NotAsSeen."""
    with transaction.atomic():
        plan = _run(model, rows, actor, dry_run=False)
        if plan.seen != seen or not plan.may_apply:
            raise NotAsSeen
    return plan


def _run(model: type[Lookup], rows: Sequence[Mapping[str, str]], actor: User, *, dry_run: bool) -> Plan:
    twice = list(_twice(model, rows))
    if twice:
        return Plan(twice)
    ordered = sorted(rows, key=lambda row: bool(row.get("parent")))  # a primary reason before those below it
    names = [name for name in COLUMNS[model] if rows and name in rows[0]]
    data = Dataset(*([row.get(name, "") for name in names] for row in ordered), headers=names)
    result = _resource(model)(actor).import_data(data, dry_run=dry_run, rollback_on_validation_errors=True)
    for broken in result.rows:
        for error in broken.errors:  # our own fault, or the database's: not for the person to mend
            raise error.error
    changes = [_change(model, names, row, done) for row, done in zip(ordered, result.rows, strict=True)]
    return Plan(sorted(changes, key=lambda change: change.number))


def _resource(model: type[Lookup]) -> Any:
    columns = {
        name: Field(attribute=name, column_name=name, widget=widget_of(model._meta.get_field(name)))  # type: ignore[arg-type]
        for name in COLUMNS[model]
    }
    meta = {
        "fields": COLUMNS[model], "import_id_fields": COLUMNS[model][:1], "skip_unchanged": True,
        "skip_html_diff": True, "clean_model_instances": True, "use_transactions": True, "store_instance": True,
    }  # fmt: skip
    return modelresource_factory(model, ListResource, meta_options=meta, custom_fields=columns)


def _twice(model: type[Lookup], rows: Sequence[Mapping[str, str]]) -> Iterator[Change]:
    """Rows that mean the same row of the list: which of them counts nobody could say."""
    key = COLUMNS[model][0]
    numbers: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        numbers[row[key].strip()].append(row[NUMBER])
    for name, places in numbers.items():
        if len(places) > 1:
            where = f"{', '.join(places[:-1])} and {places[-1]}"
            problem = f"{title(model, key)} “{name}” stands in the rows {where}. Keep one of them."
            yield Change(int(places[0]), name, "wrong", problems=[problem])


def _change(model: type[Lookup], names: Sequence[str], row: Mapping[str, str], done: Any) -> Change:
    kind, number, name = KINDS[done.import_type], int(row[NUMBER]), row[COLUMNS[model][0]]
    if kind == "wrong":
        return Change(number, name, kind, problems=list(_problems(model, done.validation_error)))
    if kind == "same":
        return Change(number, str(done.instance), kind)
    before = {column: shown(done.original, column) if kind == "changed" else "" for column in names}
    after = {column: shown(done.instance, column) for column in names}
    cells = [Cell(title(model, column), before[column], after[column]) for column in names]
    return Change(number, str(done.instance), kind, [cell for cell in cells if cell.before != cell.after])


def _problems(model: type[Lookup], error: ValidationError) -> Iterator[str]:
    if not hasattr(error, "error_dict"):
        yield from error.messages
        return
    for name, messages in error.message_dict.items():
        lead = "" if name == NON_FIELD_ERRORS else f"{title(model, name)}: "
        yield from (f"{lead}{message}" for message in messages)
