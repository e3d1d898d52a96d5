"""`manage.py make_exports`: prepares the files of results that managers have asked for. The worker starts it."""

import os
import socket
from typing import Any

from django.core.management.base import BaseCommand

from uploads.history.export_make import make_due


class Command(BaseCommand):
    help = "Prepare the files of results that have been asked for, and end. The worker starts it when there are any."

    def handle(self, *args: Any, **options: Any) -> None:
        make_due(f"{socket.gethostname()}:{os.getpid()}")
