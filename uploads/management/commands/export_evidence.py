"""`manage.py export_evidence`: the record of one result as a file that an outsider can check."""

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from uploads.audit.evidence import evidence
from uploads.models import Action, AuditEvent, Submission


class Command(BaseCommand):
    help = (
        "Write the events of one result, with proofs that seals cover them, as JSON. "
        "Anybody can check the file with docs/check_audit.py and a published seal."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("result", type=UUID, help="the long number in the address of the result's page")
        parser.add_argument("--content", action="store_true", help="with what was entered, sent and answered")
        parser.add_argument(
            "--chain", action="store_true", help="with all later seals: then any seal published since will do"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        submission = Submission.objects.filter(uuid=options["result"]).first()
        if submission is None:
            raise CommandError(f"There is no result {options['result']}: copy the number from the address of its page.")
        data = evidence(submission, content=options["content"], chain=options["chain"])
        if options["content"]:
            AuditEvent.objects.record(Action.VIEWED, submission, actor="manage.py export_evidence")
        self.stdout.write(json.dumps(data, indent=1))
