"""Rows that are written once: what an agent entered, and what the audit log says of it."""

from typing import Any, NoReturn, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class AppendOnlyError(TypeError):
    """Somebody tried to change or delete a row that is kept as it was written."""

    def __init__(self, model: type[models.Model]) -> None:
        super().__init__(f"{model._meta.verbose_name} rows are written once and never changed or deleted.")


class AppendOnlyQuerySet(models.QuerySet[Row]):
    """Refuses in Python what the triggers refuse in the database, so that the mistake shows early."""

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise AppendOnlyError(self.model)

    update = _refuse
    delete = _refuse
    bulk_update = _refuse
    update_or_create = _refuse


class AppendOnly(models.Model):
    """Base of tables whose rows are inserted and then only read."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError(type(self))
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError(type(self))
