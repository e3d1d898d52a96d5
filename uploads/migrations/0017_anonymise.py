import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

STATES = [
    ("queued", "Waiting"),
    ("sending", "Sending"),
    ("delivered", "Delivered"),
    ("rejected", "Rejected"),
    ("failed", "Failed"),
    ("unconfirmed", "Unconfirmed"),
    ("cancelled", "Cancelled"),
]


class Migration(migrations.Migration):
    dependencies = [("uploads", "0016_questions")]

    operations = [
        migrations.CreateModel(
            name="Anonymisation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(choices=STATES, default="queued", max_length=12)),
                ("version", models.PositiveIntegerField(default=0)),
                (
                    "priority",
                    models.PositiveSmallIntegerField(choices=[(0, "entry"), (5, "retry"), (10, "bulk")], default=0),
                ),
                ("next_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "changed_at",
                    models.DateTimeField(default=django.utils.timezone.now, help_text="When it came into its state."),
                ),
                ("tries", models.PositiveIntegerField(default=0)),
                (
                    "crashes",
                    models.PositiveSmallIntegerField(default=0, help_text="How often our own code failed on this row."),
                ),
                ("first_failed_at", models.DateTimeField(null=True)),
                (
                    "owner",
                    models.CharField(blank=True, help_text="The worker that holds the lease.", max_length=100),
                ),
                ("lease_until", models.DateTimeField(null=True)),
                (
                    "evidence",
                    models.CharField(blank=True, help_text="Why it is in this state: a constant.", max_length=40),
                ),
                (
                    "certificate",
                    models.BigIntegerField(db_index=True, help_text="Number of the certificate: the event's key."),
                ),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "email",
                    models.EmailField(blank=True, help_text="Empty once the row is through.", max_length=254),
                ),
                (
                    "submission",
                    models.ForeignKey(
                        help_text="The newest erased result that carried the address; its story tells of it.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="anonymisations",
                        to="uploads.submission",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["state", "priority", "next_at"], name="anonymisation_due")],
            },
        ),
        migrations.RemoveConstraint(model_name="attempt", name="attempt_of_one"),
        migrations.AlterField(
            model_name="attempt",
            name="kind",
            field=models.CharField(
                choices=[
                    ("send", "Send"),
                    ("correct", "Correct"),
                    ("case", "Update the case"),
                    ("anon", "Anonymise"),
                    ("lookup", "Look up"),
                    ("read", "Compare"),
                ],
                default="send",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="attempt",
            name="anonymisation",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attempts",
                to="uploads.anonymisation",
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=models.Q(anonymisation__isnull=True, case__isnull=True, delivery__isnull=False)
                | models.Q(anonymisation__isnull=True, case__isnull=False, delivery__isnull=True)
                | models.Q(anonymisation__isnull=False, case__isnull=True, delivery__isnull=True),
                name="attempt_of_one",
            ),
        ),
    ]
