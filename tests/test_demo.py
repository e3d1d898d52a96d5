"""`manage.py demo`: people, lists and, for practice only, past results that contradict nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.factories import make_user
from uploads.models import AuditEvent, Channel, Delivery, ReasonCode, State, Submission


def test_it_makes_four_people_with_their_roles_and_a_reason_tree(db: None) -> None:
    call_command("demo", password="something", verbosity=0)
    roles = {user.username: [group.name for group in user.groups.all()] for user in User.objects.all()}
    assert roles == {"agent": ["agent"], "agent2": ["agent"], "manager": ["manager"], "admin": ["admin"]}
    assert all(user.check_password("something") for user in User.objects.all())
    assert ReasonCode.objects.filter(parent=None).count() >= 6
    assert ReasonCode.objects.exclude(parent=None).count() >= 12
    assert set(ReasonCode.objects.values_list("side", flat=True)) == {"promoter", "passive_detractor"}
    assert not Submission.objects.exists()


def test_it_refuses_where_other_people_have_accounts(db: None) -> None:
    make_user("somebody")
    with pytest.raises(CommandError, match="has 1 user"):
        call_command("demo", verbosity=0)
    assert User.objects.count() == 1


def test_a_second_time_changes_nothing(db: None) -> None:
    call_command("demo", password="first", past=30, verbosity=0)
    call_command("demo", password="second", past=30, verbosity=0)
    assert User.objects.get(username="agent").check_password("first")
    assert Submission.objects.count() == 30


def test_nothing_is_invented_for_a_real_account(db: None, settings: Any) -> None:
    settings.PRACTICE = False
    with pytest.raises(CommandError, match="only for practice"):
        call_command("demo", past=10, verbosity=0)


def test_past_results_stand_in_every_lasting_state_and_tell_a_possible_story(db: None) -> None:
    call_command("demo", past=200, verbosity=0)
    now = timezone.now()
    states = dict.fromkeys(Delivery.objects.values_list("state", flat=True))
    assert set(states) == set(State) - {State.SENDING}
    assert not Delivery.objects.filter(state=State.QUEUED, submission__created_at__lt=now - timedelta(hours=1)).exists()
    assert not Delivery.objects.filter(
        state=State.FAILED, submission__created_at__gt=now - timedelta(hours=72)
    ).exists()
    assert not AuditEvent.objects.filter(at__gt=now).exists()
    assert Submission.objects.filter(created_at__gt=now).count() == 0
    assert Channel.current().simulated
    for submission in Submission.objects.all():
        assert AuditEvent.objects.about(submission).exists()
