"""`manage.py generate`: invented results that hold together, and that can never leave."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tests.factories import make_submission
from uploads.audit.seal import seal_now
from uploads.entry.same import identities
from uploads.generate import generate
from uploads.models import (
    FINAL,
    Action,
    Attempt,
    AuditEvent,
    AuditPayload,
    Channel,
    CustomerKey,
    Delivery,
    State,
    Submission,
)


def contents() -> list[tuple[Any, ...]]:
    """What is compared between two runs: not the numbers that the database gave."""
    return list(Submission.objects.order_by("created_at").values_list("uuid", "score", "comment", "customer"))


@pytest.fixture
def invented(db: None) -> None:
    call_command("generate", submissions=200, seed=4, verbosity=0)


def test_each_result_has_its_delivery_its_keys_and_a_story(invented: None) -> None:
    assert Submission.objects.count() == Delivery.objects.count() == 200
    assert AuditEvent.objects.filter(action=Action.SUBMITTED).count() == 200
    assert AuditPayload.objects.count() >= 400
    assert 500 < AuditEvent.objects.count() < 800
    for submission in Submission.objects.select_related("delivery"):
        keys = CustomerKey.objects.filter(submission=submission).values_list("kind", "value")
        assert set(keys) == identities(submission.customer)
        last = AuditEvent.objects.about(submission).exclude(action=Action.VIEWED).last()
        assert last
        assert last.action == f"delivery.{submission.delivery.state}"


def test_two_years_are_filled_and_nothing_lies_in_the_future(invented: None) -> None:
    days = list(Submission.objects.order_by("created_at").values_list("created_at", flat=True))
    now = timezone.now()
    assert timedelta(days=600) < now - days[0] < timedelta(days=732)
    assert days[-1] < now
    assert not AuditEvent.objects.filter(at__gt=now).exists()
    assert not Submission.objects.exclude(completed_at__lt=F("created_at")).exists()


def test_no_worker_ever_takes_any_of_them(invented: None) -> None:
    later = timezone.now() + timedelta(days=10_000)
    waiting = Delivery.objects.exclude(state__in=FINAL)
    assert waiting.exists()
    assert not waiting.filter(state=State.QUEUED, next_at__lt=later).exists()
    assert not waiting.filter(state=State.SENDING, lease_until__lt=later).exists()
    assert not Delivery.objects.filter(lookup_at__isnull=False).exists()
    assert Channel.current().simulated


def test_its_audit_log_can_be_sealed_and_verified(invented: None, capsys: Any) -> None:
    assert seal_now()
    call_command("verify_audit")
    assert "results 200" in capsys.readouterr().out


def test_the_portal_goes_on_numbering_after_it(invented: None) -> None:
    agent = User.objects.get(username="invented-agent-01")
    made = make_submission(agent)
    AuditEvent.objects.record(Action.SUBMITTED, made, actor=agent, body={})
    assert made.pk == max(Submission.objects.values_list("pk", flat=True))


def test_in_an_empty_database_the_same_seed_invents_the_same(db: None) -> None:
    until, found = timezone.now(), []
    for seed in (7, 7, 8):
        with transaction.atomic():
            list(generate(20, seed, until))
            found.append(contents())
            transaction.set_rollback(True)
    assert found[0] == found[1]
    assert not {row[0] for row in found[0]} & {row[0] for row in found[2]}


def test_a_second_time_adds_others(invented: None) -> None:
    call_command("generate", submissions=20, seed=4, verbosity=0)
    assert Submission.objects.count() == 220


def test_nobody_can_sign_in_as_an_invented_person(invented: None) -> None:
    assert not any(user.has_usable_password() for user in User.objects.all())
    assert Attempt.objects.exists()


def test_results_that_people_entered_are_not_mixed_with_invented_ones(agent: User) -> None:
    make_submission(agent)
    with pytest.raises(CommandError, match="People have entered results"):
        call_command("generate", submissions=5, verbosity=0)
    assert Submission.objects.count() == 1


def test_nothing_is_invented_for_a_real_account(db: None, settings: Any) -> None:
    settings.PRACTICE = False
    with pytest.raises(CommandError, match="only invented for practice"):
        call_command("generate", submissions=5, verbosity=0)
    settings.PRACTICE = True
    Channel.current().aim("worker", "https://api.eu.customergauge.com", simulated=False)
    with pytest.raises(CommandError, match="only invented for practice"):
        call_command("generate", submissions=5, verbosity=0)
    assert not Submission.objects.exists()


@pytest.mark.parametrize("number", [0, -3])
def test_nothing_and_less_cannot_be_invented(db: None, number: int) -> None:
    with pytest.raises(CommandError, match="a whole number from 1"):
        call_command("generate", submissions=number, verbosity=0)
