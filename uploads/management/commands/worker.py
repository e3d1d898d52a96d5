"""`manage.py worker`: delivers what agents entered, until it is told to stop."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from uploads.audit import guards
from uploads.delivery.loop import ResultsLost
from uploads.delivery.worker import WorkerProcess


class Command(BaseCommand):
    help = "Deliver saved results to CustomerGauge until SIGTERM or SIGINT."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.CUSTOMERGAUGE_URL:
            raise CommandError("CUSTOMERGAUGE_URL is not set: the worker has nowhere to deliver to.")
        if absent := guards.missing():
            raise CommandError(f"The audit log is not guarded ({', '.join(absent)}): run `manage.py migrate` first.")
        try:
            WorkerProcess().run()
        except ResultsLost as error:
            raise CommandError(str(error)) from error
