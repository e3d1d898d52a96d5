"""`manage.py restored`: the first command after a backup has been restored, before any worker starts."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from uploads.delivery.restored import reconcile
from uploads.models import Worker


class Command(BaseCommand):
    help = "After restoring a backup: pause sending, and mark what may have been sent since as unconfirmed."

    def handle(self, *args: Any, **options: Any) -> None:
        if Worker.objects.heard_of().exists():
            raise CommandError("A worker is running on this database: stop all workers first, then run this again.")
        number = reconcile("manage.py restored")
        self.stdout.write(
            f"Sending is paused, and {number} results that waited are marked as unconfirmed. Start the workers, test"
            " the connection on the health page and resume: each is then looked up at CustomerGauge."
        )
