from django.conf import settings
from django.db import migrations, models


def of_the_portal(apps, _editor):  # lists that were read in before agents had zones of their own
    apps.get_model("uploads", "Batch").objects.update(time_zone=settings.TIME_ZONE)


class Migration(migrations.Migration):
    dependencies = [("uploads", "0017_anonymise")]

    operations = [
        migrations.AddField(
            "batch",
            "time_zone",
            models.CharField(max_length=64, default="UTC", help_text="Of the clock by which its times were written."),
            preserve_default=False,
        ),
        migrations.RunPython(of_the_portal, migrations.RunPython.noop),
    ]
