"""`manage.py reset_second_factor`: for somebody who has lost theirs, and the recovery codes too."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from uploads.access.ending import end_all
from uploads.access.factors import reset


class Command(BaseCommand):
    help = "Remove all second factors of an account and end its sessions. Be sure who is asking."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = User.objects.get(username=options["username"])
        except User.DoesNotExist as error:
            raise CommandError(f"There is no account called “{options['username']}”.") from error
        with transaction.atomic():
            count = reset(user, "command line")
            end_all(user, "command line", "by_superuser")
        if not count:
            raise CommandError(f"“{user}” has no second factor.")
        self.stdout.write(f"Removed {count} of “{user}”, whose next sign-in is with the password alone.")
