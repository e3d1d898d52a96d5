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


def remove_exports(**_signal: Any) -> None:
    """Something has been erased: no file that was prepared before may hold it any longer."""
    from .models import ExportFile

    ExportFile.objects.forget()


def prepare_export(**_signal: Any) -> None:
    """A manager has asked for a file of results: let a worker begin at once."""
    from .delivery.jobs import exports_soon  # only now: it opens the queue

    exports_soon()


def carry_on_with_batches(**_signal: Any) -> None:
    """A list of results waits to be checked or saved: let a worker begin at once."""
    from .delivery.jobs import batches_soon  # only now: it opens the queue

    batches_soon()


class UploadsConfig(AppConfig):
    name = "uploads"
    verbose_name = "Survey results"

    def ready(self) -> None:
        from . import checks, signin  # noqa: F401  (they register themselves)
        from .access import factors  # noqa: F401
        from .audit import grants, guards
        from .audit.erase import erased
        from .entry import batch_work
        from .models import batches, search
        from .models.bulk import work_waits
        from .models.exports import file_asked
        from .roles import ensure_roles

        post_migrate.connect(guards.install, sender=self, dispatch_uid="guards")
        post_migrate.connect(search.install, sender=self, dispatch_uid="search")
        post_migrate.connect(ensure_cache_table, sender=self, dispatch_uid="cache")
        post_migrate.connect(ensure_roles, sender=self, dispatch_uid="roles")
        post_migrate.connect(grants.grant, sender=self, dispatch_uid="grants")  # last: on every table there is
        work_waits.connect(carry_on_with_bulk, dispatch_uid="bulk")
        batches.work_waits.connect(carry_on_with_batches, dispatch_uid="batches")
        batches.turn.connect(batch_work.carry_on, dispatch_uid="batches")
        file_asked.connect(prepare_export, dispatch_uid="exports")
        erased.connect(remove_exports, dispatch_uid="exports")
