from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("uploads", "0010_words")]

    operations = []
