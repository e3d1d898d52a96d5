import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def by(name: str, *fields: str) -> migrations.AddIndex:
    return migrations.AddIndex(model_name="auditevent", index=models.Index(fields=[*fields, "at", "id"], name=name))


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("uploads", "0014_totals"),
    ]

    operations = [
        by("audit_newest"),
        by("audit_by_action", "action"),
        by("audit_by_actor", "actor_name"),
        by("audit_by_request", "request_id"),
        by("audit_by_outcome", "outcome"),
        migrations.CreateModel(
            name="ExportFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=40)),
                ("kind", models.CharField(help_text="Its format: csv, xlsx or jsonl.", max_length=10)),
                (
                    "filter",
                    models.JSONField(
                        default=dict, help_text="As it stood in the address; empty when it is needed no more."
                    ),
                ),
                (
                    "recorded",
                    models.JSONField(default=dict, help_text="The filter without the words that were searched for."),
                ),
                ("include", models.JSONField(default=list)),
                ("request_id", models.CharField(blank=True, max_length=32)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Being prepared"),
                            ("ready", "Ready"),
                            ("failed", "Failed"),
                            ("gone", "Removed"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                (
                    "why",
                    models.CharField(blank=True, help_text="Why it failed or is gone: a constant.", max_length=40),
                ),
                (
                    "expected",
                    models.PositiveIntegerField(help_text="Results that were counted when it was begun.", null=True),
                ),
                ("results", models.PositiveIntegerField(default=0)),
                ("size", models.PositiveBigIntegerField(default=0, help_text="Bytes, unpacked.")),
                ("pieces_made", models.PositiveIntegerField(default=0)),
                ("maker", models.CharField(blank=True, max_length=100)),
                ("beat_at", models.DateTimeField(null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "erasures",
                    models.PositiveBigIntegerField(default=0, help_text="How many there were when it was begun."),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ExportPiece",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("packed", models.BinaryField()),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="pieces", to="uploads.exportfile"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("file", "number"), name="export_piece_once")],
            },
        ),
    ]
