"""Fill the database that DATABASE_URL names with results that wait to be delivered.

    python bench/backlog.py ROWS

Migrates first. What is entered is invented but of usual size: ten fields, a comment of some forty words.
"""

import os
import sys
import uuid
from pathlib import Path

import django

COMMENT = "I waited too long on the phone and nobody could tell me when the technician would come. " * 3


def main(rows: int) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ["DJANGO_SETTINGS_MODULE"] = "cgportal.settings"
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from uploads.models import Delivery, Submission

    call_command("migrate", verbosity=0)
    agent = User.objects.create(username="bench")
    fields = [result(agent.pk, number) for number in range(rows)]
    submissions = Submission.objects.bulk_create([Submission(**values) for values in fields], batch_size=500)
    Delivery.objects.bulk_create([Delivery(submission=submission) for submission in submissions], batch_size=500)


def result(agent_id: int, number: int) -> dict[str, object]:
    """The fields of one submission; its reference makes its request body unlike any other."""
    reference = uuid.uuid4().hex
    payload = {
        "CustomerNumber": f"C{number:06}",
        "Email": f"customer{number}@directness.example",
        "FirstName": "Lee",
        "LastName": "Klameth",
        "NetPromoterScore": "4",
        "Comment": COMMENT.strip(),
        "EmailSentDate": "2026-11-02 13:40:00",
        "SurveyCompletedDate": "2026-11-02 13:59:12",
        "workflow_status": "OPEN",
        "cgportal_ref": reference,
    }
    return {
        "submit_token": uuid.uuid4(),
        "reference": reference,
        "agent_id": agent_id,
        "agent_name": "bench",
        "score": 4,
        "comment": payload["Comment"],
        "time_zone": "Europe/Amsterdam",
        "payload": [list(pair) for pair in payload.items()],
    }


if __name__ == "__main__":
    main(int(sys.argv[1]))
