"""Start-up of the app: what must be true of the database after each migrate."""

from typing import Any

from django.apps import AppConfig
from django.core.management import call_command
from django.db.models.signals import post_migrate


def ensure_cache_table(using: str, **_signal: Any) -> None:
    """The table behind the shared cache, which has no migration of its own."""
    call_command("createcachetable", database=using, verbosity=0)


class UploadsConfig(AppConfig):
    name = "uploads"
    verbose_name = "Survey results"

    def ready(self) -> None:
        from . import checks, signin  # noqa: F401  (they register themselves)
        from .audit import guards
        from .roles import ensure_roles

        post_migrate.connect(guards.install, sender=self, dispatch_uid="guards")
        post_migrate.connect(ensure_cache_table, sender=self, dispatch_uid="cache")
        post_migrate.connect(ensure_roles, sender=self, dispatch_uid="roles")
