
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import uploads.models.submission
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('send', 'Send')], default='send', max_length=8)),
                ('worker', models.CharField(max_length=100)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('wire_at', models.DateTimeField(help_text='Committed after connecting, before the first byte left.', null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('seconds', models.FloatField(null=True)),
                ('status', models.PositiveSmallIntegerField(help_text='HTTP status, if one came.', null=True)),
                ('code', models.CharField(blank=True, help_text="CustomerGauge's error code, if one came.", max_length=16)),
                ('outcome', models.CharField(blank=True, max_length=20)),
                ('evidence', models.CharField(blank=True, max_length=40)),
            ],
            options={
                'ordering': ['started_at'],
            },
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('action', models.CharField(max_length=32)),
                ('actor_name', models.CharField(blank=True, max_length=150)),
                ('object_type', models.CharField(blank=True, max_length=32)),
                ('object_id', models.CharField(blank=True, max_length=40)),
                ('object_name', models.CharField(blank=True, max_length=200)),
                ('attempt_id', models.UUIDField(null=True)),
                ('outcome', models.CharField(blank=True, max_length=40)),
                ('request_id', models.CharField(blank=True, max_length=32)),
                ('commitment', models.BinaryField(default=b'')),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('submit_token', models.UUIDField(help_text='The form it came from: one form is one submission.', unique=True)),
                ('reference', models.CharField(default=uploads.models.submission.new_reference, max_length=32, unique=True)),
                ('agent_name', models.CharField(max_length=150)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('score', models.PositiveSmallIntegerField()),
                ('comment', models.TextField(blank=True)),
                ('sent_at', models.DateTimeField(null=True)),
                ('completed_at', models.DateTimeField(null=True)),
                ('time_zone', models.CharField(help_text='The zone the dates were entered in.', max_length=64)),
                ('contact', models.CharField(blank=True, choices=[(None, 'Not asked'), ('Y', 'Yes'), ('N', 'No')], max_length=1)),
                ('workflow_status', models.CharField(blank=True, max_length=32)),
                ('workflow_status_label', models.CharField(blank=True, max_length=64)),
                ('reasons', models.JSONField(default=list, help_text='[{code, label}] as chosen.')),
                ('customer', models.JSONField(default=list, help_text='[{key, label, kind, value, personal}] as filled in.')),
                ('payload', models.JSONField(help_text='[[key, value]] in the order sent.')),
                ('payload_version', models.PositiveSmallIntegerField(default=1)),
                ('agent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to=settings.AUTH_USER_MODEL)),
                ('revision_of', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='revision', to='uploads.submission')),
            ],
            options={
                'permissions': [('enter_submission', 'Can enter survey results and see their own'), ('review_submission', "Can review everybody's submissions")],
            },
        ),
        migrations.CreateModel(
            name='Worker',
            fields=[
                ('name', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('beat_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('progress_at', models.DateTimeField(default=django.utils.timezone.now, help_text='When it last finished a round of work.')),
            ],
        ),
        migrations.CreateModel(
            name='AuditPayload',
            fields=[
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='payload', serialize=False, to='uploads.auditevent')),
                ('salt', models.BinaryField()),
                ('body', models.BinaryField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Channel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('paused', models.BooleanField(default=False)),
                ('evidence', models.CharField(blank=True, help_text='Why it is paused: a constant.', max_length=40)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('wait_until', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=0)),
            ],
            options={
                'permissions': [('pause_channel', 'Can pause and resume sending'), ('see_health', 'Can see the health page')],
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='one_channel')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('submission', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='delivery', serialize=False, to='uploads.submission')),
                ('state', models.CharField(choices=[('queued', 'Waiting'), ('sending', 'Sending'), ('delivered', 'Delivered'), ('rejected', 'Rejected'), ('failed', 'Failed'), ('unconfirmed', 'Unconfirmed'), ('cancelled', 'Cancelled')], default='queued', max_length=12)),
                ('version', models.PositiveIntegerField(default=0)),
                ('priority', models.PositiveSmallIntegerField(choices=[(0, 'entry'), (10, 'bulk')], default=0)),
                ('next_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('crashes', models.PositiveSmallIntegerField(default=0, help_text='How often our own code failed on this row.')),
                ('first_failed_at', models.DateTimeField(null=True)),
                ('owner', models.CharField(blank=True, help_text='The worker that holds the lease.', max_length=100)),
                ('lease_until', models.DateTimeField(null=True)),
                ('evidence', models.CharField(blank=True, help_text='Why it is in this state: a constant.', max_length=40)),
                ('cg_id', models.CharField(blank=True, max_length=64)),
                ('confirmed_by', models.CharField(blank=True, choices=[('reply', 'its reply'), ('lookup', 'a lookup'), ('person', 'a person')], max_length=8)),
            ],
            options={
                'verbose_name_plural': 'deliveries',
            },
        ),
        migrations.CreateModel(
            name='ReasonCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(default=100, help_text='Lower numbers come first.')),
                ('active', models.BooleanField(default=True, help_text='Switched off, it stays in old entries and leaves new ones.')),
                ('code', models.CharField(help_text='Exactly as CustomerGauge gave it.', max_length=64, unique=True, validators=[django.core.validators.RegexValidator('\\A[A-Za-z0-9._-]{1,64}\\Z', 'Use letters, digits, dot, hyphen and underscore only (at most 64).')])),
                ('label', models.CharField(max_length=128)),
                ('promoter_label', models.CharField(blank=True, help_text='Optional other wording shown when the score is 9 or 10.', max_length=128)),
                ('side', models.CharField(choices=[('any', 'Any score'), ('promoter', 'Promoters (9–10)'), ('passive_detractor', 'Passives and detractors (0–8)')], default='any', max_length=20, verbose_name='offered for')),
                ('parent', models.ForeignKey(blank=True, help_text='Empty for a primary reason; else the primary this one belongs to.', limit_choices_to={'parent': None}, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='uploads.reasoncode', verbose_name='primary reason')),
            ],
            options={
                'ordering': ['position', 'code'],
            },
        ),
        migrations.CreateModel(
            name='SurveyField',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(default=100, help_text='Lower numbers come first.')),
                ('active', models.BooleanField(default=True, help_text='Switched off, it stays in old entries and leaves new ones.')),
                ('role', models.CharField(choices=[('score', 'Score'), ('comment', 'Comment'), ('sent_at', 'Invitation sent at'), ('completed_at', 'Survey completed at'), ('contact', 'Contact wished'), ('workflow_status', 'Workflow status'), ('reasons', 'Reason codes'), ('reference', 'Our own reference (not asked)'), ('customer', 'Customer field')], default='customer', max_length=20)),
                ('key', models.CharField(help_text='Upper and lower case matter.', max_length=64, unique=True, validators=[django.core.validators.RegexValidator('\\A[A-Za-z][A-Za-z0-9_]{0,63}\\Z', 'Start with a letter; then letters, digits and underscore only.')])),
                ('label', models.CharField(max_length=64)),
                ('help', models.CharField(blank=True, help_text='A short hint below the field.', max_length=200)),
                ('kind', models.CharField(choices=[('text', 'Text'), ('identifier', 'Number or code of a customer'), ('email', 'E-mail address'), ('phone', 'Phone number'), ('number', 'Whole number'), ('date', 'Date'), ('datetime', 'Date and time'), ('choice', 'Choice from a list')], default='text', max_length=16)),
                ('required', models.BooleanField(default=False)),
                ('max_length', models.PositiveSmallIntegerField(default=128, help_text='Longest text accepted, in characters.')),
                ('pattern', models.CharField(blank=True, help_text='Optional regular expression the whole text must match.', max_length=200)),
                ('choices', models.TextField(blank=True, help_text='For a choice: one per line, as sent.')),
                ('personal', models.BooleanField(default=False, help_text='Tells something about a person: masked and erasable.')),
            ],
            options={
                'ordering': ['position', 'key'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('role', 'customer'), _negated=True), fields=('role',), name='one_field_per_fixed_role', violation_error_message='There is a field with this role already; change that one instead.')],
            },
        ),
        migrations.CreateModel(
            name='WorkflowStatus',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(default=100, help_text='Lower numbers come first.')),
                ('active', models.BooleanField(default=True, help_text='Switched off, it stays in old entries and leaves new ones.')),
                ('code', models.CharField(help_text='Exactly as it is sent.', max_length=32, unique=True, validators=[django.core.validators.RegexValidator('\\A[A-Za-z0-9._-]{1,64}\\Z', 'Use letters, digits, dot, hyphen and underscore only (at most 64).')])),
                ('label', models.CharField(max_length=64)),
                ('default', models.BooleanField(default=False, help_text='Chosen beforehand on the entry form. One status at most.')),
            ],
            options={
                'verbose_name_plural': 'workflow statuses',
                'ordering': ['position', 'code'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('default', True)), fields=('default',), name='one_default_status', violation_error_message='Another status is the default already; switch that one off first.')],
            },
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['object_type', 'object_id', 'id'], name='audit_by_object'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['state', 'priority', 'next_at', 'submission'], name='delivery_due'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['state', '-submission'], name='delivery_by_state'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('cg_id', ''), _negated=True), fields=['cg_id'], name='delivery_by_cg_id'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='delivery',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='uploads.delivery'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['created_at', 'id'], name='submission_newest'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['agent', 'created_at', 'id'], name='submission_by_agent'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.CheckConstraint(condition=models.Q(('score__range', (0, 10))), name='score_from_0_to_10'),
        ),
    ]
