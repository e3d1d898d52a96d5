"""`manage.py rebuild_totals`: count the daily totals behind the trends anew."""

from typing import Any

from django.core.management.base import BaseCommand

from uploads.models.totals import DayTotal, TotalsKept, rebuild_totals


class Command(BaseCommand):
    help = "Count the daily totals behind the trends anew. May run beside the portal; the trends stay readable."

    def handle(self, *args: Any, **options: Any) -> None:
        rebuild_totals()
        through = TotalsKept.known_through()
        self.stdout.write(f"{DayTotal.objects.count():,} totals, complete through {through:%Y-%m-%d}.")
