"""The lists every installation starts with: CustomerGauge's standard workflow set and documented upload keys.

Keys and statuses: CustomerGauge API 4.1, POST Response (support article 5000722515) and POST Workflow
(5000722474). Synonyms of the standard set and keys that an account must first map start switched off.
"""

from django.db import migrations

STATUSES = [
    ("OPEN", "Open", True),
    ("IN-PROGRESS", "In progress", True),
    ("CLOSED", "Closed", True),
    ("PROGRESS", "In progress (synonym)", False),
    ("CLOSE", "Closed (synonym)", False),
]
# role, key, label, kind, required, personal, active, longest text, hint
FIELDS = [
    ("customer", "CustomerNumber", "Customer number", "identifier", False, True, True, 128, ""),
    ("customer", "Email", "E-mail", "email", True, True, True, 254, ""),
    ("customer", "FirstName", "First name", "text", False, True, True, 128, ""),
    ("customer", "LastName", "Last name", "text", False, True, True, 128, ""),
    ("customer", "SMS_Telephone", "Phone", "phone", False, True, False, 32, "With country code."),
    ("score", "NetPromoterScore", "Score", "number", True, False, True, 2, ""),
    ("comment", "Comment", "Comment", "text", False, True, True, 4000, "In the customer's own words."),
    ("sent_at", "EmailSentDate", "Invitation sent", "datetime", True, False, True, 19, ""),
    ("completed_at", "SurveyCompletedDate", "Survey completed", "datetime", True, False, True, 19, ""),
    ("contact", "FollowUpRequired", "Wishes to be contacted", "choice", False, False, True, 1, ""),
    ("workflow_status", "WorkflowStatus", "Workflow status", "choice", False, False, True, 32, ""),
    ("reasons", "ReasonCode", "Reasons", "choice", False, False, True, 4000, ""),
    ("reference", "cgportal_ref", "Portal reference", "identifier", False, False, False, 32, ""),
]


def add(apps, schema_editor):
    WorkflowStatus = apps.get_model("uploads", "WorkflowStatus")
    SurveyField = apps.get_model("uploads", "SurveyField")
    for number, (code, label, active) in enumerate(STATUSES, 1):
        WorkflowStatus.objects.create(code=code, label=label, active=active, position=10 * number)
    for number, (role, key, label, kind, required, personal, active, longest, hint) in enumerate(FIELDS, 1):
        SurveyField.objects.create(
            role=role, key=key, label=label, kind=kind, required=required, personal=personal,
            active=active, max_length=longest, help=hint, position=10 * number,
        )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("uploads", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
