"""`manage.py verify_audit`: does the audit log still say what it said when it was sealed?"""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from uploads.audit import anchors, nightly
from uploads.audit.report import Report
from uploads.audit.verify import verify


class Command(BaseCommand):
    """Exits with 0 if all is well, 1 if the log was tampered with, 2 if it could not be checked."""

    help = (
        "Check the audit log against its seals, and against seals kept elsewhere. "
        "Exit status: 0 all is well, 1 tampering, 2 cannot check."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--anchors", type=Path, metavar="FILE", help="seals kept elsewhere: the worker's output, a mail, a download"
        )
        parser.add_argument("--since", type=int, default=1, metavar="N", help="begin at seal N and trust those before")
        parser.add_argument("--record", action="store_true", help="write the result into the log, print nothing")
        parser.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        since = max(1, options["since"])
        report = self._verify(options["anchors"], since)
        if options["record"]:
            nightly.record(report, whole=since == 1)
        else:
            self.stdout.write(json.dumps(report.as_data(), indent=2) if options["json"] else report.as_text())
        if report.status:
            sys.exit(report.status)

    def _verify(self, kept: Path | None, since: int) -> Report:
        report = Report()
        try:
            published = _read(kept) if kept else None
            return verify(published, since)
        except anchors.Forked as fork:
            report.find("forked", str(fork))
        except OSError as error:
            report.obstacles.append(f"{kept} cannot be read ({error.strerror}).")
        except EmptyFile:
            report.obstacles.append(f"{kept} holds no line such as “seal 12 to 3456 count 500 hash …”.")
        except DatabaseError as error:
            report.obstacles.append(f"The database cannot be read: {str(error).splitlines()[0]}.")
        return report


class EmptyFile(ValueError):
    """No anchor in the file that should hold some."""


def _read(path: Path) -> dict[int, bytes]:
    with path.open(encoding="utf-8", errors="replace") as text:
        found = anchors.read(text)
    if not found:
        raise EmptyFile
    return found
