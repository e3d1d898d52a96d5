"""Start-up of the app: what must be true of the database after each migrate."""

from typing import Any

from django.apps import AppConfig
from django.core.management import call_command
from django.db.models.signals import post_migrate


def ensure_cache_table(using: str, **_signal: Any) -> None:
    """The table behind the shared cache, which has no migration of its own."""
    call_command("createcachetable", database=using, verbosity=0)


def carry_on_with_bulk(**_signal: Any) -> None:
    """A manager has decided about many: let a worker begin at once."""
    from .delivery.jobs import bulk_soon  # only now: it opens the queue

    bulk_soon()


class UploadsConfig(AppConfig):
    name = "uploads"
    verbose_name = "Survey results"

    def ready(self) -> None:
        from . import checks, signin  # noqa: F401  (they register themselves)
        from .audit import grants, guards
        from .models.bulk import work_waits
        from .roles import ensure_roles

        post_migrate.connect(guards.install, sender=self, dispatch_uid="guards")
        post_migrate.connect(ensure_cache_table, sender=self, dispatch_uid="cache")
        post_migrate.connect(ensure_roles, sender=self, dispatch_uid="roles")
        post_migrate.connect(grants.grant, sender=self, dispatch_uid="grants")  # last: on every table there is
        work_waits.connect(carry_on_with_bulk, dispatch_uid="bulk")
