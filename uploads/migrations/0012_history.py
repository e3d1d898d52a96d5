import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL), ("uploads", "0011_batches")]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                ("query", models.CharField(max_length=1000)),
                ("shared", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("owner", "name"), name="one_view_of_a_name")],
            },
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["code", "delivery"], name="attempt_by_code"),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(fields=["workflow_status", "created_at", "id"], name="submission_by_workflow"),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(fields=["contact", "created_at", "id"], name="submission_by_contact"),
        ),
    ]
