"""Mails about what is wrong: each kind is told once, and once when it is over; nothing personal stands in any."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.utils import timezone
from pytest_django import Settings

from tests.factories import make_submission, make_user
from tests.processes import Portal, Template, eventually, portal_for
from uploads.alerts import happenings
from uploads.alerts.rules import RULES, Urgency
from uploads.alerts.situation import Situation, recorded_since
from uploads.alerts.watch import look
from uploads.customergauge import Outcome
from uploads.models import Action, Attempt, AuditEvent, Channel, State, Worker
from uploads.models.audit import compose

from .smtp import inbox
from .trouble import CAUSES, put_right

ROOT = Path(__file__).parents[2]
BY_KIND = {rule.kind: rule for rule in RULES}
AT_ONCE = [rule.kind for rule in RULES if rule.urgency is not Urgency.DAILY]
LASTING_AT_ONCE = [kind for kind in AT_ONCE if BY_KIND[kind].lasts]


@pytest.fixture(autouse=True)
def a_quiet_day(db: None, settings: Settings) -> None:
    """People to tell, a worker that works, and nothing to tell."""
    cache.clear()
    settings.AUDIT_ANCHOR_RECIPIENTS = []
    make_user("anna", "agent", email="anna@example.com")
    make_user("mia", "manager", email="mia@example.com")
    Worker.objects.create(name="here:1")
    put_right()
    look()
    assert mail.outbox == []


def told(kind: str, part: str) -> list[EmailMessage]:
    """The mails whose part of that name is about the kind."""
    found = []
    for message in mail.outbox:
        parts = re.split(r"^(NEW|HAPPENED|STILL SO|OVER)\n", message.body, flags=re.MULTILINE)
        by_name = dict(zip(parts[1::2], parts[2::2], strict=True))
        if re.search(rf"^{re.escape(BY_KIND[kind].title)}[.:]", by_name.get(part, ""), re.MULTILINE):
            found.append(message)
    return found


def news_part(kind: str) -> str:
    return "NEW" if BY_KIND[kind].lasts else "HAPPENED"


def test_every_kind_has_a_test_that_raises_it() -> None:
    assert set(CAUSES) == set(BY_KIND)


@pytest.mark.parametrize("kind", AT_ONCE)
def test_a_kind_is_told_at_once_with_who_should_act(settings: Settings, kind: str) -> None:
    settings.PORTAL_URL = "https://portal.example.com"
    CAUSES[kind]()
    look()
    (message,) = mail.outbox
    rule = BY_KIND[kind]
    assert message.to == ["mia@example.com"]
    assert rule.title in message.subject
    assert ("Urgent" in message.subject) == (rule.urgency is Urgency.NOW)
    assert told(kind, news_part(kind)) == [message]
    assert rule.who in message.body
    assert f"https://portal.example.com/{rule.page}/" in message.body


@pytest.mark.parametrize("kind", list(CAUSES))
def test_no_kind_storms_however_often_it_comes_and_goes(kind: str) -> None:
    """Minutes of trouble and minutes of peace, for almost an hour."""
    now = timezone.now()
    for minute in (0, 2, 28, 56):
        CAUSES[kind]()
        look(now + timedelta(minutes=minute))
        put_right()
        look(now + timedelta(minutes=minute + 1))
    daily = BY_KIND[kind].urgency is Urgency.DAILY
    assert len(told(kind, news_part(kind))) == (0 if daily else 1)
    assert len(told(kind, "OVER")) == (1 if kind in LASTING_AT_ONCE else 0)


@pytest.mark.parametrize("kind", LASTING_AT_ONCE)
def test_what_lasts_is_not_repeated_and_its_end_is_told_once(kind: str) -> None:
    CAUSES[kind]()
    for _ in range(3):
        look()
    assert len(mail.outbox) == 1
    put_right()
    for _ in range(3):
        look()
    assert len(mail.outbox) == 2
    assert told(kind, "OVER") == mail.outbox[1:]


def test_what_came_back_within_the_hour_is_told_when_the_hour_is_over() -> None:
    now = timezone.now()
    for minutes in (0, 2):
        CAUSES["paused"]()
        look(now + timedelta(minutes=minutes))
        if not minutes:
            put_right()
            look(now + timedelta(minutes=1))
    assert [len(told("paused", part)) for part in ("NEW", "OVER")] == [1, 1]
    look(now + timedelta(minutes=61))
    assert len(told("paused", "NEW")) == 2


@pytest.mark.parametrize("kind", ["sign_ins", "roles"])
def test_what_happens_again_within_the_hour_is_told_after_it(kind: str) -> None:
    now = timezone.now()
    for minutes in (0, 1, 61):
        if minutes < 61:
            CAUSES[kind]()
        look(now + timedelta(minutes=minutes))
    assert len(told(kind, "HAPPENED")) == 2


@pytest.mark.parametrize(("hour", "rows", "told_of"), [(3, 1, True), (12, 1, False), (12, 10_000, True)])
def test_a_file_is_unusual_by_its_size_or_by_its_hour(hour: int, rows: int, told_of: bool) -> None:
    at = timezone.localtime().replace(hour=hour)
    event, payload = compose(Action.EXPORTED, "history", "mia", None, "complete", {"results": rows})
    event.at = at
    event.save()
    assert payload
    payload.event = event
    payload.save()
    assert bool(happenings.exports(Situation(now=at, since=at - timedelta(minutes=1)))) == told_of


def eight_o_clock(days: int) -> datetime:
    day = timezone.localdate() + timedelta(days=days)
    return timezone.make_aware(datetime(day.year, day.month, day.day, 8))


@pytest.mark.parametrize("kind", ["failed", "unconfirmed"])
def test_while_something_is_broken_there_is_one_digest_a_day(kind: str) -> None:
    CAUSES[kind]()
    look(eight_o_clock(1) + timedelta(hours=2))
    at_once = 0 if kind == "unconfirmed" else 1
    assert len(mail.outbox) == at_once
    for days in (2, 3):
        for hours in (-0.1, 0.0, 0.1, 5.0):
            look(eight_o_clock(days) + timedelta(hours=hours))
        assert len(told(kind, "STILL SO")) == days - 1
    assert len(mail.outbox) == at_once + 2
    put_right()
    look(eight_o_clock(3) + timedelta(hours=6))
    assert len(told(kind, "OVER")) == 1


def test_a_question_that_cannot_be_answered_silences_no_other() -> None:
    """What the worker reports cannot be read: nothing is known of the disk, and a pause is told all the same."""
    CAUSES["disk"]()
    look()
    Worker.objects.update(metrics="cgportal_disk_free_ratio is not a number\n")
    CAUSES["paused"]()
    look()
    assert [len(told(kind, "NEW")) for kind in ("disk", "paused")] == [1, 1]
    assert told("disk", "OVER") == []


def test_several_kinds_at_once_are_one_mail() -> None:
    for kind in ("paused", "failed", "clock"):
        CAUSES[kind]()
    look()
    (message,) = mail.outbox
    assert message.subject == "[Survey results] Urgent: 3 things to look at"
    assert all(told(kind, "NEW") for kind in ("paused", "failed", "clock"))


def test_a_mail_carries_the_numbers_and_the_cause() -> None:
    anna = User.objects.get(username="anna")
    for _ in range(3):
        make_submission(anna)
    CAUSES["paused"]()
    look()
    assert "3 results are saved and waiting" in mail.outbox[0].body
    assert "certificate is not valid" in mail.outbox[0].body


def test_too_great_a_share_of_unclear_endings_is_told() -> None:
    """Two of fifty are more than 2 %, and one is not."""
    delivery = make_submission(User.objects.get(username="anna"), State.DELIVERED).delivery
    for number in range(50):
        attempt = Attempt.objects.create(delivery=delivery, worker="here:1")
        attempt.end(
            outcome=Outcome.UNKNOWN if number == 0 else Outcome.DELIVERED, evidence="", seconds=1, status=None, code=""
        )
    look()
    assert mail.outbox == []
    attempt = Attempt.objects.create(delivery=delivery, worker="here:1")
    attempt.end(outcome=Outcome.UNKNOWN, evidence="", seconds=1, status=None, code="")
    look()
    assert len(told("many_unconfirmed", "NEW")) == 1


def test_a_wait_that_a_pause_explains_is_not_told_twice() -> None:
    CAUSES["waiting"]()
    CAUSES["paused"]()
    look()
    assert told("waiting", "NEW") == []
    assert len(told("paused", "NEW")) == 1


def test_no_mail_and_no_record_of_one_holds_anything_personal_or_secret() -> None:
    for cause in CAUSES.values():
        cause()
        look()
    put_right()
    look(timezone.now() + timedelta(days=1))
    assert len(mail.outbox) > 10
    said = "".join(f"{message.subject}{message.body}" for message in mail.outbox)
    for word in ("Klameth", "Waited too long", "1143", "anna", "mia", "bram", "root", "canary", "127.0.0.1", "here:1"):
        assert word not in said
    events = AuditEvent.objects.filter(action=Action.ALERTED, payload__isnull=False).select_related("payload")
    kinds = [json.loads(bytes(event.payload.body)) for event in events]
    assert len(kinds) == len(mail.outbox)
    assert {kind for said in kinds for part in said.values() for kind in part} <= set(BY_KIND)


def test_everybody_who_may_see_the_health_page_is_told_and_nobody_else() -> None:
    make_user("ada", "admin", email="ada@example.com")
    make_user("max", "manager")
    make_user("old", "manager", email="old@example.com", is_active=False)
    User.objects.create_superuser("root", email="root@example.com", password="demo")
    CAUSES["paused"]()
    look()
    assert [message.to for message in mail.outbox] == [["ada@example.com"], ["mia@example.com"]]


def test_the_settings_can_name_others(settings: Settings) -> None:
    settings.ALERT_RECIPIENTS = ["ops@example.com"]
    CAUSES["paused"]()
    look()
    assert [message.to for message in mail.outbox] == [["ops@example.com"]]


def test_without_a_mail_server_it_stands_in_the_log_without_addresses(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_CONFIGURED = False
    CAUSES["paused"]()
    for _ in range(3):
        look()
    assert mail.outbox == []
    assert caplog.text.count("Sending is paused.\n") == 1
    assert "@" not in caplog.text


def test_a_mail_that_fails_is_tried_again_and_then_told_once(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    CAUSES["paused"]()
    look()
    assert not AuditEvent.objects.filter(action=Action.ALERTED).exists()
    with inbox() as server:
        settings.EMAIL_PORT = server.server_address[1]
        for _ in range(3):
            look()
    assert server.told() == [("mia@example.com", "[Survey results] Urgent: Sending is paused")]


def test_one_bad_address_stops_none_of_the_others_and_makes_no_storm(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.ALERT_RECIPIENTS = ["no-such@example.com", "ops@example.com"]
    CAUSES["paused"]()
    with inbox() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.server_address[1]
        for _ in range(3):
            look()
    assert [to for to, _ in server.told()] == ["ops@example.com"]


def test_a_worker_that_said_farewell_just_now_may_be_on_its_way_back() -> None:
    Worker.objects.all().delete()
    AuditEvent.objects.record(Action.WORKER_STOPPED, actor="here:1")
    look()
    assert mail.outbox == []
    look(timezone.now() + timedelta(minutes=2))
    assert len(told("no_worker", "NEW")) == 1


def test_nobody_is_stuck_while_the_line_is_shut() -> None:
    CAUSES["no_progress"]()
    Channel.objects.update(wait_until=timezone.now() + timedelta(minutes=5))
    look()
    assert told("no_progress", "NEW") == []


ASK_AT_ONCE = """
import django, threading
django.setup()
from datetime import timedelta
from django.db import connection
from uploads.models import Alert

start, turns = threading.Barrier(8), []
def ask():
    connection.ensure_connection()
    start.wait()
    with Alert.objects.turn(timedelta(minutes=1)) as mine:
        turns.append(mine)
    connection.close()
threads = [threading.Thread(target=ask) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
print(sorted(turns))
"""


@pytest.mark.processes
def test_of_many_that_would_look_one_has_the_turn(quiet_portal: Portal) -> None:
    quiet_portal.env["WEB_THREADS"] = "8"
    for expected in ([False] * 7 + [True], [False] * 8):
        told = quiet_portal.python("-c", ASK_AT_ONCE)
        assert told.stdout == f"{expected}\n", told.stderr


def test_finding_recent_events_reads_the_log_from_the_right_place(
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    old, new = timezone.now() - timedelta(days=2), timezone.now() - timedelta(minutes=1)
    AuditEvent.objects.bulk_create([AuditEvent(action=Action.SIGNED_IN, at=old) for _ in range(2000)])
    fresh = AuditEvent.objects.bulk_create([AuditEvent(action=Action.SIGNED_IN, at=new) for _ in range(7)])
    with django_assert_max_num_queries(26):  # it halves the ids, which on a used server are in the millions
        found = list(recorded_since(timezone.now() - timedelta(minutes=10)).filter(action=Action.SIGNED_IN))
    assert [event.pk for event in found] == [event.pk for event in fresh]


def test_the_manual_explains_each_kind() -> None:
    manual = (ROOT / "docs" / "operator.md").read_text()
    for rule in RULES:
        assert re.search(rf"^\| {re.escape(rule.title)} \| ", manual, re.MULTILINE), rule.title


@pytest.mark.processes
def test_a_dead_worker_is_told_by_the_web_and_a_dead_web_stops_no_alert(
    portal_template: Template, tmp_path: Path
) -> None:
    with inbox() as server:
        mails = {"EMAIL_URL": server.url, "ALERT_RECIPIENTS": "ops@example.com", "ALERT_SECONDS": "1"}
        with portal_for(portal_template, tmp_path, **mails) as portal:
            portal.start_web()
            _arrives(portal, server.told, "Urgent: No worker is running")
            portal.start_worker()
            _arrives(portal, server.told, "Over: No worker is running")
            portal.stop("web")
            portal.sql("UPDATE uploads_channel SET paused = (1 = 1), version = version + 1")
            _arrives(portal, server.told, "Urgent: Sending is paused")
            assert portal.stop("worker") == 0
    assert len(server.told()) == len(set(server.told())), "nothing is told twice"


def _arrives(portal: Portal, told: Callable[[], list[tuple[str, str]]], subject: str) -> None:
    wanted = ("ops@example.com", f"[Survey results] {subject}")
    eventually(f"a mail “{subject}” comes", lambda: wanted in told())
