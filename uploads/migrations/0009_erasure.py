from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0008_entry"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="erasure",
            options={"permissions": [("erase_person", "Can erase what is kept about a person")]},
        ),
    ]
