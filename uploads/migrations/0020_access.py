from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("uploads", "0019_lists")]

    operations: list[object] = []
