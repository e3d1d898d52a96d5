"""`manage.py erasures`: what has been erased, as a list without persons, to be kept beside the backups."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from uploads.audit import erase_list


class Command(BaseCommand):
    help = (
        "Write the list of everything that has been erased, one number a line and nothing about persons. Keep it"
        " elsewhere: after a backup is restored, reapply_erasures erases all of it again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--export", type=Path, metavar="FILE", help="write to a file instead of the screen")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path | None = options["export"]
        if path is None:
            sys.stdout.writelines(erase_list.lines())
            return
        try:
            number = erase_list.write(path)
        except OSError as error:
            raise CommandError(f"{path} cannot be written ({error.strerror}). Choose another place.") from error
        self.stdout.write(f"{path} names {number} erasures.")
