from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("uploads", "0018_batch_zone")]

    operations: list[object] = []
