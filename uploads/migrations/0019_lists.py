import uuid

import django.core.validators as rules
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

FROM = models.DateField(
    "offered from", null=True, blank=True, help_text="The first day, by the portal's clock; empty: at once."
)
TO = models.DateField("offered until", null=True, blank=True, help_text="The last day; empty: for ever.")


def minutes(name, default, help_text):
    limits = [rules.MinValueValidator(1), rules.MaxValueValidator(7 * 24 * 60)]
    return models.PositiveIntegerField(name, default=default, validators=limits, help_text=f"Minutes. {help_text}")


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0018_batch_zone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("reasoncode", "active_from", FROM.clone()),
        migrations.AddField("reasoncode", "active_to", TO.clone()),
        migrations.AddField("workflowstatus", "active_from", FROM.clone()),
        migrations.AddField("workflowstatus", "active_to", TO.clone()),
        migrations.AddField(
            "channel",
            "reasons_asked_at",
            models.DateTimeField(null=True, help_text="Since when CustomerGauge's reasons are wanted."),
        ),
        migrations.CreateModel(
            "ListImport",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("list_name", models.CharField(max_length=32, help_text="The list it is for, e.g. reasoncode.")),
                (
                    "source",
                    models.CharField(
                        max_length=16,
                        choices=[
                            ("file", "a file"),
                            ("customergauge", "CustomerGauge"),
                            ("sample", "the account's sample"),
                        ],
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("rows", models.JSONField(default=list, help_text="[{column: text}] as they came.")),
                (
                    "answered_at",
                    models.DateTimeField(null=True, help_text="When the rows were there; empty: a worker is to ask."),
                ),
                (
                    "evidence",
                    models.CharField(
                        max_length=40, blank=True, help_text="Why CustomerGauge gave no list: a constant."
                    ),
                ),
                ("applied_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        settings.AUTH_USER_MODEL, on_delete=django.db.models.deletion.PROTECT, related_name="+"
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["created_at"], name="list_import_by_age")]},
        ),
        migrations.CreateModel(
            "Thresholds",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "survey_days",
                    models.PositiveSmallIntegerField(
                        "survey long ago",
                        default=30,
                        validators=[rules.MinValueValidator(1), rules.MaxValueValidator(3650)],
                        help_text="Days. The form asks for a second look if the survey was completed longer ago.",
                    ),
                ),
                (
                    "comment_score",
                    models.PositiveSmallIntegerField(
                        "score that wants a comment",
                        default=6,
                        null=True,
                        blank=True,
                        validators=[rules.MaxValueValidator(10)],
                        help_text="Up to this score the form asks for the customer's words. Empty: it never asks.",
                    ),
                ),
                (
                    "slow_minutes",
                    minutes("results wait", 15, "A mail goes out when the oldest result has waited for longer."),
                ),
                (
                    "far_too_slow_minutes",
                    minutes("results wait far too long", 120, "From here on the mail is marked urgent."),
                ),
                (
                    "out_of_reach_minutes",
                    minutes("CustomerGauge out of reach", 15, "A mail goes out when it has lasted for longer."),
                ),
                (
                    "in_doubt_minutes",
                    minutes("unconfirmed results", 60, "A mail goes out when one has stayed so for longer."),
                ),
                (
                    "export_rows",
                    models.PositiveIntegerField(
                        "large export",
                        default=10_000,
                        validators=[rules.MinValueValidator(1), rules.MaxValueValidator(100_000_000)],
                        help_text="Results. A mail goes out when a file with as many was taken out.",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "thresholds",
                "constraints": [models.CheckConstraint(condition=models.Q(pk=1), name="one_row_of_thresholds")],
            },
        ),
    ]
