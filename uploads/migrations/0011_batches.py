import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0010_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "token",
                    models.UUIDField(help_text="The form it came from: pressed twice it is still one.", unique=True),
                ),
                ("name", models.CharField(help_text="Of the file, or what it was.", max_length=100)),
                (
                    "first",
                    models.JSONField(default=list, help_text="The titles of the columns; empty texts if it has none."),
                ),
                ("titled", models.BooleanField(default=True, help_text="Whether the first line holds the titles.")),
                (
                    "columns",
                    models.JSONField(default=list, help_text="For each column the input it fills, or an empty text."),
                ),
                (
                    "dates",
                    models.CharField(default="iso", help_text="How dates are written: iso, dmy or mdy.", max_length=3),
                ),
                (
                    "overruled",
                    models.JSONField(
                        default=dict, help_text="{code of a warning: why its rows are saved all the same}"
                    ),
                ),
                ("left_out", models.PositiveIntegerField(default=0)),
                ("request_id", models.CharField(max_length=32)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("columns", "Columns to be named"),
                            ("checking", "Being checked"),
                            ("checked", "Checked"),
                            ("saving", "Being saved"),
                            ("done", "Done"),
                        ],
                        default="columns",
                        max_length=8,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "list of results",
                "verbose_name_plural": "lists of results",
            },
        ),
        migrations.CreateModel(
            name="BatchRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(help_text="Of the line, as a spreadsheet counts them.")),
                ("cells", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "To be checked"),
                            ("good", "Can be saved"),
                            ("warned", "Asks for a decision"),
                            ("bad", "Wrong"),
                            ("chosen", "To be saved"),
                            ("saved", "Saved"),
                        ],
                        default="new",
                        max_length=6,
                    ),
                ),
                (
                    "kinds",
                    models.CharField(blank=True, help_text="Codes of its warnings, with commas.", max_length=100),
                ),
                ("told", models.JSONField(default=list, help_text="[sentence] about what is wrong or unlikely.")),
                (
                    "sameness",
                    models.CharField(blank=True, help_text="Equal for rows that say the same.", max_length=64),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="uploads.batch"
                    ),
                ),
                (
                    "submission",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="uploads.submission",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ColumnMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("titles", models.CharField(help_text="SHA-256 of the titles, in any order.", max_length=64)),
                ("columns", models.JSONField(default=dict, help_text="{title: input, or an empty text}")),
                ("dates", models.CharField(default="iso", max_length=3)),
                ("used_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["agent", "-id"], name="batch_by_agent"),
        ),
        migrations.AddIndex(
            model_name="batchrow",
            index=models.Index(fields=["batch", "state", "number"], name="batch_rows_by_state"),
        ),
        migrations.AddConstraint(
            model_name="batchrow",
            constraint=models.UniqueConstraint(fields=("batch", "number"), name="one_row_of_a_number"),
        ),
        migrations.AddConstraint(
            model_name="columnmapping",
            constraint=models.UniqueConstraint(fields=("agent", "titles"), name="one_mapping_of_titles"),
        ),
    ]
