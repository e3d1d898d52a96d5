"""Base of every page here: nothing is deleted, and each change goes on the record in its own transaction."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin, ShowFacets
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from ..models import Action, AuditEvent

#: Never written down: a hash is a secret, and the time of the last sign-in is on the record already.
NOT_FACTS = frozenset({"password", "last_login"})

#: Is it a user? → what to call an addition, and a change.
ACTIONS = {
    True: (Action.USER_ADDED, Action.USER_CHANGED),
    False: (Action.LOOKUP_ADDED, Action.LOOKUP_CHANGED),
}

Facts = dict[str, Any]


def facts(row: models.Model) -> Facts:
    """What the row says now, by field name; linked rows by their names."""
    fields = [field for field in row._meta.concrete_fields if field.name not in NOT_FACTS]
    said: Facts = {field.name: field.value_from_object(row) for field in fields}
    for field in row._meta.many_to_many:
        said[field.name] = sorted(str(other) for other in getattr(row, field.name).all())
    return said


def record(row: models.Model, before: Facts | None, actor: Any) -> None:
    """Put an addition (`before` is None) or a change on the record, if anything differs. Call it in the transaction."""
    after = facts(row)
    if before == after:
        return
    added, changed = ACTIONS[isinstance(row, User)]
    action = added if before is None else changed
    AuditEvent.objects.record(action, row, actor=actor, body={"before": before, "after": after})


class ListRowForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class is generic in its stubs only
    """A row edited in the list: a rule about a field that is not in the list speaks for the whole row."""

    def add_error(self, field: str | None, error: Any) -> None:
        if field is None and isinstance(error, ValidationError) and hasattr(error, "error_dict"):
            for name, errors in error.error_dict.items():
                super().add_error(name if name in self.fields else None, ValidationError(errors))
        else:
            super().add_error(field, error)


class AuditedAdmin(ModelAdmin):  # type: ignore[type-arg]  # Django's class is generic in its stubs only
    """Add, change, edit in the list and actions all end in `record`; delete does not exist."""

    show_facets = ShowFacets.NEVER

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """No regular expressions from the address: one of them could keep the database busy for hours."""
        return not lookup.endswith("regex") and super().lookup_allowed(lookup, value, request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Facts | None = None) -> Any:
        title = str(self.opts.verbose_name_plural).capitalize()
        return super().changelist_view(request, {"title": title} | (extra_context or {}))

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_form(request, **({"form": ListRowForm} | kwargs))

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        form.facts_before = facts(self.model._base_manager.get(pk=obj.pk)) if change else None
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The last step of each save, after the links to other rows (a user's role) are written."""
        super().save_related(request, form, formsets, change)
        record(form.instance, form.facts_before, request.user)

    def switch(self, request: HttpRequest, rows: QuerySet[Any], field: str, to: bool) -> None:
        """Set a yes/no field of the chosen rows: the action behind “switch on” and “switch off”."""
        # of itself alone: the order of a list may join a row that is not there, and that cannot be locked
        chosen = rows.exclude(**{field: to}).select_for_update(of=("self",))
        with transaction.atomic():
            changed = [self._switched(request, row, field, to) for row in chosen]
        self.message_user(request, f"{sum(changed)} switched {'on' if to else 'off'}.", messages.SUCCESS)

    def _switched(self, request: HttpRequest, row: models.Model, field: str, to: bool) -> bool:
        before = facts(row)
        setattr(row, field, to)
        try:
            row.clean()
        except ValidationError as error:
            self.message_user(request, f"{row}: {' '.join(error.messages)}", messages.ERROR)
            return False
        row.save(update_fields=[field])
        record(row, before, request.user)
        return True
