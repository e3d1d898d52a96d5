from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0003_channel_breaker_and_target"),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="lookup_at",
            field=models.DateTimeField(help_text="When to look next whether CustomerGauge has it.", null=True),
        ),
        migrations.AddField(
            model_name="delivery",
            name="lookups",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="attempt",
            name="kind",
            field=models.CharField(choices=[("send", "Send"), ("lookup", "Look up")], default="send", max_length=8),
        ),
    ]
