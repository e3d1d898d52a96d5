"""Seals are made when they are due, build on one another, and are published."""

import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tests.factories import make_submission
from tests.processes import PATIENCE, Portal, Template, eventually, portal_for
from uploads.audit import anchors, merkle, seal
from uploads.audit.canonical import entries
from uploads.delivery.jobs import mail_seals, seal_every_minute
from uploads.models import Action, AuditEvent, AuditSeal

from .sealing import make_events, unsealed

SignedIn = Callable[[User], Client]
KEY = "a-key-that-seals-only-the-logs-of-tests"


def facts(event: AuditEvent) -> dict[str, object]:
    """An event as plain data, by the documented rules and by other code than the portal's own."""
    return {
        "id": event.pk,
        "at": event.at.astimezone(UTC).isoformat(sep=" ", timespec="microseconds").removesuffix("+00:00"),
        "action": event.action,
        "actor_id": event.actor_id,
        "actor_name": event.actor_name,
        "object_type": event.object_type,
        "object_id": event.object_id,
        "object_name": event.object_name,
        "attempt_id": event.attempt_id.hex if event.attempt_id else "",
        "outcome": event.outcome,
        "request_id": event.request_id,
        "commitment": bytes(event.commitment).hex(),
    }


def test_an_event_is_sealed_as_sorted_json_of_all_its_facts(agent: User) -> None:
    delivery = make_submission(agent).delivery
    attempt = delivery.claim("host:1", timezone.now() + timedelta(minutes=2), {"method": "POST"})
    assert attempt
    AuditEvent.objects.record(Action.SIGN_IN_REFUSED, 'Zoë "☎" \\ \x1f\u2028', actor="x" * 150, outcome="throttled")
    AuditEvent.objects.record(Action.SIGNED_IN, agent, actor=agent)
    AuditEvent(at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), action=Action.SIGNED_OUT).save()
    lines = [entry.line.decode("ascii") for page in entries() for entry in page]
    expected = [facts(event) for event in AuditEvent.objects.order_by("id")]
    assert len(lines) == 4
    assert lines == [json.dumps(fact, sort_keys=True, separators=(",", ":")) for fact in expected]
    assert {field.name for field in AuditEvent._meta.concrete_fields} == {
        name if name != "actor_id" else "actor" for name in expected[0]
    }, "a new column must be sealed too"


def test_a_seal_commits_to_its_events_and_to_the_seal_before_it(db: None) -> None:
    make_events(3)
    (first,) = seal.seal_now()
    make_events(2)
    (second,) = seal.seal_now()
    ids = list(AuditEvent.objects.order_by("id").values_list("id", flat=True))
    assert (first.number, first.first_event, first.last_event, first.count) == (1, ids[0], ids[2], 3)
    assert (second.number, second.first_event, second.last_event, second.count) == (2, ids[3], ids[4], 2)
    assert bytes(first.previous) == bytes(32)
    assert bytes(second.previous) == bytes(first.hash)
    lines = [entry.line for page in entries(ids[2]) for entry in page]
    assert bytes(second.merkle_root) == merkle.root([merkle.leaf(line) for line in lines])


def test_hash_and_mac_are_what_the_documentation_says(db: None) -> None:
    make_events(1)
    seal.seal_now()
    kept = AuditSeal.objects.get()
    statement = {
        "at": kept.at.strftime("%Y-%m-%d %H:%M:%S.%f"),
        "code_version": "cgp-seal-v1",
        "count": 1,
        "first_event": kept.first_event,
        "last_event": kept.last_event,
        "merkle_root": bytes(kept.merkle_root).hex(),
        "number": 1,
        "previous": "00" * 32,
    }
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"))
    assert bytes(kept.hash) == hashlib.sha256(b"cgp-seal-v1\0" + text.encode()).digest()
    assert bytes(kept.mac) == hmac.new(KEY.encode(), bytes(kept.hash), "sha256").digest()


@pytest.mark.parametrize(
    ("number", "minutes", "sealed"), [(1, 4, False), (1, 5, True), (499, 0, False), (500, 0, True), (0, 9, False)]
)
def test_a_seal_is_due_after_five_minutes_or_five_hundred_events(
    db: None, number: int, minutes: int, sealed: bool
) -> None:
    make_events(number, minutes_ago=minutes)
    assert bool(seal.seal_due()) == sealed
    assert unsealed() == (0 if sealed else number)


def test_a_long_backlog_becomes_several_seals(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uploads.audit.canonical.PAGE", 3)
    monkeypatch.setattr(seal, "MOST", 6)
    make_events(14)
    assert [made.count for made in seal.seal_now()] == [6, 6, 2]
    assert unsealed() == 0


def test_nothing_new_makes_no_seal(db: None) -> None:
    make_events(1)
    assert len(seal.seal_now()) == 1
    assert seal.seal_now() == []


def test_the_lag_is_the_age_of_what_is_not_sealed(db: None, settings: Settings) -> None:
    assert seal.lag() == timedelta(0)
    make_events(1, minutes_ago=20)
    assert timedelta(minutes=20) <= (seal.lag() or timedelta(0)) < timedelta(minutes=21)
    seal.seal_now()
    assert seal.lag() == timedelta(0)
    settings.AUDIT_SEAL_KEY = ""
    assert seal.lag() is None


def test_without_a_key_nothing_is_sealed_and_the_command_says_why(db: None, settings: Settings) -> None:
    settings.AUDIT_SEAL_KEY = ""
    make_events(1)
    assert seal.seal_due() == []
    with pytest.raises(CommandError, match="AUDIT_SEAL_KEY is not set"):
        call_command("seal_audit")
    assert not AuditSeal.objects.exists()


def test_a_new_seal_is_written_to_the_output(db: None, caplog: pytest.LogCaptureFixture) -> None:
    make_events(1)
    with caplog.at_level(logging.INFO):
        seal.seal_due()
    kept = AuditSeal.objects.get()
    assert anchors.read(caplog.messages) == {1: bytes(kept.hash)}
    assert caplog.messages == [f"seal 1 to {kept.last_event} count 1 hash {bytes(kept.hash).hex()}"]


@pytest.mark.parametrize(("job", "times_a_day"), [(seal_every_minute, 24 * 60), (mail_seals, 24)])
def test_workers_look_for_what_is_due_all_day(job: Any, times_a_day: int) -> None:
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    minutes = [midnight + timedelta(minutes=number) for number in range(24 * 60)]
    assert sum(job.task_class().validate_datetime(minute) for minute in minutes) == times_a_day


def test_anchors_are_found_in_any_text_and_two_logs_are_noticed(db: None) -> None:
    text = ["2026-11-23 18:00:00 INFO x seal 7 to 900 count 12 hash " + "ab" * 32, "> seal 8 to 5 count", "hello"]
    assert anchors.read(text) == {7: bytes.fromhex("ab" * 32)}
    with pytest.raises(anchors.Forked, match="two hashes for seal 7"):
        anchors.read([*text, "seal 7 to 900 count 12 hash " + "cd" * 32])


@pytest.fixture
def morning(db: None, settings: Settings) -> datetime:
    cache.clear()
    settings.AUDIT_ANCHOR_RECIPIENTS = ["auditor@example.com"]
    return timezone.localtime().replace(hour=8)


def test_once_a_day_the_seals_go_out_by_mail(morning: datetime) -> None:
    assert not anchors.mail_daily(morning), "there is no seal to tell of"
    make_events(2)
    (made,) = seal.seal_now()
    assert not anchors.mail_daily(morning.replace(hour=6))
    assert anchors.mail_daily(morning)
    assert not anchors.mail_daily(morning.replace(hour=9))
    (letter,) = mail.outbox
    assert letter.to == ["auditor@example.com"]
    assert anchors.read(letter.body.splitlines()) == {1: bytes(made.hash)}
    assert KEY not in letter.body
    assert AuditEvent.objects.filter(action=Action.ALERTED, object_name="audit seals").count() == 1


def test_a_mail_that_cannot_be_sent_is_tried_again(morning: datetime, settings: Settings) -> None:
    make_events(2)
    seal.seal_now()
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1", 9,
    )  # fmt: skip
    assert not anchors.mail_daily(morning)
    settings.EMAIL_BACKEND = working
    assert anchors.mail_daily(morning)


@pytest.mark.parametrize(("recipients", "configured"), [([], True), (["auditor@example.com"], False)])
def test_without_recipients_or_a_mail_server_no_mail_is_said_to_be_sent(
    morning: datetime, settings: Settings, recipients: list[str], configured: bool
) -> None:
    settings.AUDIT_ANCHOR_RECIPIENTS, settings.EMAIL_CONFIGURED = recipients, configured
    make_events(2)
    seal.seal_now()
    assert not anchors.mail_daily(morning)
    assert mail.outbox == []


def test_managers_download_all_seals(signed_in: SignedIn, manager: User) -> None:
    make_events(2)
    made = seal.seal_now()
    answer = signed_in(manager).get("/health/seals.txt")
    assert "attachment" in answer.headers["Content-Disposition"]
    text = b"".join(answer.streaming_content).decode()
    assert anchors.read(text.splitlines()) == {one.number: bytes(one.hash) for one in made}


@pytest.mark.parametrize(
    ("minutes", "key", "words"), [(1, KEY, "Sealed"), (20, KEY, "Seals are late"), (1, "", "Not sealed")]
)
def test_the_health_page_says_whether_the_log_is_sealed(
    signed_in: SignedIn, admin: User, settings: Settings, minutes: int, key: str, words: str
) -> None:
    settings.AUDIT_SEAL_KEY = key
    make_events(1, minutes_ago=minutes)
    page = signed_in(admin).get("/health/").text
    chips = ["Sealed", "Seals are late", "Not sealed"]
    assert [chip for chip in chips if f">{chip}</span>" in page] == [words]


def test_the_check_before_deployment_asks_for_a_key_and_a_mail_server(settings: Settings) -> None:
    from uploads.checks import audit_seals

    assert audit_seals(None) == []
    settings.AUDIT_SEAL_KEY = ""
    assert [message.id for message in audit_seals(None)] == ["uploads.W002"]
    settings.AUDIT_SEAL_KEY, settings.EMAIL_CONFIGURED, settings.AUDIT_ANCHOR_RECIPIENTS = KEY, False, ["a@example.com"]
    assert [message.id for message in audit_seals(None)] == ["uploads.W003"]


def test_the_key_never_enters_the_log(db: None) -> None:
    event = AuditEvent.objects.record(Action.SIGNED_IN, "x", body=f"it says {settings.AUDIT_SEAL_KEY} here".encode())
    assert bytes(event.payload.body) == b"it says *** here"


@pytest.fixture
def sealing_portal(portal_template: Template, tmp_path: Path) -> "Portal":
    with portal_for(portal_template, tmp_path, AUDIT_SEAL_KEY=KEY) as portal:
        yield portal  # type: ignore[misc]


EVENTS = "import django; django.setup(); from tests.audit.sealing import make_events; make_events(30)"
JOB = """
from uploads.delivery.jobs import mail_seals, seal_every_minute
seal_every_minute.call_local(); mail_seals.call_local()
"""


@pytest.mark.processes
def test_several_sealers_at_once_make_one_chain(sealing_portal: Portal) -> None:
    portal = sealing_portal
    assert portal.python("-c", EVENTS).returncode == 0
    processes = [portal.start(f"sealer {number}", "manage.py", "seal_audit") for number in range(3)]
    assert [process.wait(PATIENCE) for process in processes] == [0, 0, 0], portal.log()
    ((sealed,),) = portal.sql("SELECT sum(count) FROM uploads_auditseal")
    assert [(sealed,)] == portal.sql("SELECT count(*) FROM uploads_auditevent")
    assert portal.manage("verify_audit").returncode == 0


@pytest.mark.processes
def test_the_job_of_every_minute_seals(sealing_portal: Portal) -> None:
    done = sealing_portal.python("-c", EVENTS + JOB)
    assert done.returncode == 0, done.stderr
    assert sealing_portal.sql("SELECT number FROM uploads_auditseal") == [(1,)]
    assert len(anchors.read(done.stdout.splitlines())) == 1


@pytest.mark.processes
def test_what_is_entered_in_a_portal_can_be_verified_while_it_runs(sealing_portal: Portal) -> None:
    portal = sealing_portal
    portal.start_web()
    portal.start_worker()
    agent = portal.browser_session("agent")
    path = agent.enter(comment="to be sealed")
    eventually("it is delivered", lambda: 'data-state="delivered"' in agent.get(path).text)
    printed = portal.manage("seal_audit").stdout
    kept = portal.var / "kept.txt"
    kept.write_text(printed)
    verified = portal.manage("verify_audit", "--anchors", str(kept))
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "Nothing was changed since it was sealed." in verified.stdout
