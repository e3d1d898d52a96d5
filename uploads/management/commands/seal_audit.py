"""`manage.py seal_audit`: seal now, without waiting for a worker; for example before a backup."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from uploads.audit import anchors, seal


class Command(BaseCommand):
    help = "Seal everything that is new in the audit log, and print the seals. Workers do it by themselves."

    def handle(self, *args: Any, **options: Any) -> None:
        if not seal.enabled():
            raise CommandError("AUDIT_SEAL_KEY is not set: there is nothing to seal with (see .env.example).")
        made = seal.seal_now()
        self.stdout.write("\n".join(anchors.line(one) for one in made) or "No new seal was made.")
