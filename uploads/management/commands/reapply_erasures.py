"""`manage.py reapply_erasures`: after a backup has been restored, erase again what had been erased."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from uploads.audit import erase_list
from uploads.audit.erase import InHand, clean_disk

ACTOR = "manage.py reapply_erasures"


class Command(BaseCommand):
    help = (
        "Erase again everything that is on a list of `manage.py erasures`. Without a list: complete the erasures that"
        " this database knows of, and clear what is left of them on the disk."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("list", type=Path, nargs="?", metavar="FILE", help="what `manage.py erasures` wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path | None = options["list"]
        try:
            named = erase_list.read(path) if path else erase_list.known()
            done = erase_list.reapply(named, ACTOR)
        except OSError as error:
            raise CommandError(f"{path} cannot be read ({error.strerror}).") from error
        except erase_list.NotAList as error:
            raise CommandError(f"{path}: {error}") from error
        except InHand as error:
            raise CommandError(f"{error} If a backup was restored, run `manage.py restored` first.") from error
        self.stdout.write(
            f"Erased again: {done.erased}. Erased already: {done.already}. Not in this database: {done.absent}."
        )
        if not clean_disk():
            raise CommandError("Somebody is reading the database: stop web and workers, and run this again.")
