"""Fetching CustomerGauge's own list of reasons for an administrator."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from tests.delivery.conftest import drain
from uploads.delivery.loop import Loop
from uploads.models import Action, AuditEvent, Channel, ListImport
from uploads.simulator import Simulator


def ask(admin: User) -> ListImport:
    Channel.current().ask_reasons(admin)
    return ListImport.objects.create(list_name="reasoncode", source=ListImport.Source.CUSTOMERGAUGE, by=admin)


def test_a_worker_fetches_the_reasons_once_and_records_it_even_while_sending_is_paused(
    loop: Loop, simulator: Simulator, admin: User
) -> None:
    Channel.current().pause(admin, "by_person")
    wanted = ask(admin)
    drain(loop)
    wanted.refresh_from_db()
    assert wanted.answered_at
    assert not wanted.evidence
    assert {"reason_code": "10010", "label": "Friendly on the phone"}.items() <= wanted.rows[1].items()
    assert AuditEvent.objects.filter(action=Action.REASONS_LISTED, outcome="").count() == 1
    asked = wanted.answered_at
    drain(loop)
    wanted.refresh_from_db()
    assert wanted.answered_at == asked


def test_a_list_that_cannot_be_had_is_answered_with_the_cause(loop: Loop, simulator: Simulator, admin: User) -> None:
    simulator.behave("500")
    wanted = ask(admin)
    drain(loop)
    wanted.refresh_from_db()
    assert (wanted.rows, bool(wanted.answered_at)) == ([], True)
    assert AuditEvent.objects.get(action=Action.REASONS_LISTED).outcome == wanted.evidence != ""


def test_what_nobody_applied_for_a_week_is_forgotten(admin: User) -> None:
    kept, old = ask(admin), ask(admin)
    ListImport.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    ListImport.objects.forget_old()
    assert list(ListImport.objects.all()) == [kept]
