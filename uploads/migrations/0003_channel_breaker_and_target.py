import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0002_standard_lists"),
    ]

    operations = [
        migrations.AddField(
            model_name="channel",
            name="target",
            field=models.CharField(blank=True, help_text="Where the results go.", max_length=200),
        ),
        migrations.AddField(
            model_name="channel",
            name="simulated",
            field=models.BooleanField(default=False, help_text="Whether that is the simulator."),
        ),
        migrations.AddField(
            model_name="channel",
            name="resumed_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddField(
            model_name="channel",
            name="down_since",
            field=models.DateTimeField(help_text="When the first of them failed.", null=True),
        ),
        migrations.AddField(
            model_name="channel",
            name="failures",
            field=models.PositiveIntegerField(default=0, help_text="Calls in a row that did not reach CustomerGauge."),
        ),
    ]
