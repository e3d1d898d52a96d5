import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0004_lookups"),
    ]

    operations = [
        migrations.AlterField(
            model_name="reasoncode",
            name="position",
            field=models.PositiveIntegerField(
                default=100,
                help_text="Lower numbers come first.",
                validators=[django.core.validators.MaxValueValidator(1000000)],
            ),
        ),
        migrations.AlterField(
            model_name="surveyfield",
            name="max_length",
            field=models.PositiveSmallIntegerField(
                default=128,
                help_text="Longest text accepted, in characters.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(10000),
                ],
            ),
        ),
        migrations.AlterField(
            model_name="surveyfield",
            name="personal",
            field=models.BooleanField(default=False, help_text="Tells something about a person."),
        ),
        migrations.AlterField(
            model_name="surveyfield",
            name="position",
            field=models.PositiveIntegerField(
                default=100,
                help_text="Lower numbers come first.",
                validators=[django.core.validators.MaxValueValidator(1000000)],
            ),
        ),
        migrations.AlterField(
            model_name="workflowstatus",
            name="position",
            field=models.PositiveIntegerField(
                default=100,
                help_text="Lower numbers come first.",
                validators=[django.core.validators.MaxValueValidator(1000000)],
            ),
        ),
    ]
