"""`manage.py demo`: fill an empty portal with people, reasons and, for practice, past results."""

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from uploads.demonstration import AlreadyInUse, make_past, make_people, make_reasons, make_script


class Command(BaseCommand):
    help = "Make the users agent, agent2, manager and admin and a reason tree. Refuses where other users exist."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--password", default=os.environ.get("DEMO_PASSWORD") or "demo", help="of all demo users")
        parser.add_argument(
            "--past", type=int, default=0, metavar="N",
            help="also invent N past results; only where the simulator on this machine is the target",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        if options["past"] and not settings.PRACTICE:
            raise CommandError(
                "Invented results are only for practice: point CUSTOMERGAUGE_URL at the simulator first."
            )
        try:
            with transaction.atomic():
                people = make_people(options["password"])
        except AlreadyInUse as error:
            raise CommandError(str(error)) from error
        make_reasons()
        make_script()
        made = make_past(people[:2], options["past"]) if options["past"] else 0
        names = ", ".join(user.username for user in people)
        self.stdout.write(f"Demo users: {names}." + (f" {made} past results." if made else ""))
