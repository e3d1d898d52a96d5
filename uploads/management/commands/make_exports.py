"""`manage.py make_exports`: prepares the files of results that managers have asked for. The worker starts it."""

import os
import socket
from typing import Any

from django.core.management.base import BaseCommand

from uploads.history.export_make import make_due

#: Deliveries and the pages of the portal come first.
POLITE = 10


class Command(BaseCommand):
    help = "Prepare the files of results that have been asked for, and end. The worker starts it when there are any."

    def handle(self, *args: Any, **options: Any) -> None:
        os.nice(POLITE)
        make_due(f"{socket.gethostname()}:{os.getpid()}")
