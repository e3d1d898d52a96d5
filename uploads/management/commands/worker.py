"""`manage.py worker`: delivers what agents entered, until it is told to stop."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cgportal.logs import catch_the_uncaught
from uploads.audit import guards
from uploads.delivery.loop import DatabaseAway, ResultsLost
from uploads.delivery.target import WrongTarget
from uploads.delivery.worker import WorkerProcess


class Command(BaseCommand):
    help = "Deliver saved results to CustomerGauge until SIGTERM or SIGINT."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.CUSTOMERGAUGE_URL:
            raise CommandError("CUSTOMERGAUGE_URL is not set: the worker has nowhere to deliver to.")
        catch_the_uncaught()
        try:
            if absent := guards.missing():
                raise CommandError(
                    f"The audit log is not guarded ({', '.join(absent)}): run `manage.py migrate` first."
                )
            WorkerProcess().run()
        except (ResultsLost, WrongTarget) as error:
            raise CommandError(str(error)) from error
        except DatabaseAway as error:
            raise CommandError(f"The database does not answer: {str(error).splitlines()[0]}") from error
