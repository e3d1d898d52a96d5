"""`manage.py generate`: fill a practice database with as many invented results as wanted."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from uploads.generate import Refused, generate


class Command(BaseCommand):
    help = "Invent results of two years, with all that belongs to them. Only where the simulator is the target."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--submissions", type=int, required=True, metavar="N", help="how many results")
        parser.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed makes the same results")

    def handle(self, *args: Any, **options: Any) -> None:
        number = options["submissions"]
        if number < 1:
            raise CommandError("Say how many results to invent: --submissions takes a whole number from 1.")
        try:
            for made in generate(number, options["seed"]):
                if made == number or made % 100_000 == 0:
                    self.stdout.write(f"{made:,} of {number:,} results")
        except Refused as error:
            raise CommandError(str(error)) from error
