import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0013_retention"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DayTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                (
                    "agent",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("score_0", models.PositiveIntegerField(default=0)),
                ("score_1", models.PositiveIntegerField(default=0)),
                ("score_2", models.PositiveIntegerField(default=0)),
                ("score_3", models.PositiveIntegerField(default=0)),
                ("score_4", models.PositiveIntegerField(default=0)),
                ("score_5", models.PositiveIntegerField(default=0)),
                ("score_6", models.PositiveIntegerField(default=0)),
                ("score_7", models.PositiveIntegerField(default=0)),
                ("score_8", models.PositiveIntegerField(default=0)),
                ("score_9", models.PositiveIntegerField(default=0)),
                ("score_10", models.PositiveIntegerField(default=0)),
                ("contact_detractor", models.PositiveIntegerField(default=0)),
                ("contact_passive", models.PositiveIntegerField(default=0)),
                ("contact_promoter", models.PositiveIntegerField(default=0)),
            ],
            options={
                "indexes": [models.Index(fields=["agent", "day"], name="day_total_by_agent")],
                "constraints": [models.UniqueConstraint(fields=("day", "agent"), name="one_total_a_day")],
            },
        ),
        migrations.CreateModel(
            name="ReasonTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                (
                    "agent",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("code", models.CharField(max_length=64)),
                ("label", models.CharField(help_text="As it was chosen that day.", max_length=128)),
                ("detractor", models.PositiveIntegerField(default=0)),
                ("passive", models.PositiveIntegerField(default=0)),
                ("promoter", models.PositiveIntegerField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["agent", "day"], name="reason_total_by_agent"),
                    models.Index(fields=["day"], name="reason_total_by_day"),
                ],
            },
        ),
        migrations.CreateModel(
            name="TotalsKept",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("through", models.DateField(help_text="The last day that is counted; empty: none is.", null=True)),
                ("zone", models.CharField(blank=True, max_length=64)),
                (
                    "seen",
                    models.PositiveBigIntegerField(
                        default=0, help_text="The highest submission that the last run saw."
                    ),
                ),
                ("run_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="one_row_of_totals_kept")],
            },
        ),
    ]
