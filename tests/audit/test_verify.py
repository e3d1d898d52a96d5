"""Whoever changes the log is found out, and the exit status says so. Each case tampers as a database's owner could."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from tests.factories import make_submission
from uploads.audit import anchors, guards, nightly, seal
from uploads.audit.report import KEPT
from uploads.audit.verify import verify
from uploads.models import Action, AuditEvent, Cause

from .sealing import make_events


def sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def log(db: None) -> list[int]:
    """Three seals over four events each, and two events that are not sealed; the ids of all events."""
    for _ in range(3):
        make_events(4)
        seal.seal_now()
    make_events(2)
    return list(AuditEvent.objects.order_by("id").values_list("id", flat=True))


@pytest.fixture
def owner(log: list[int]) -> Any:
    """Somebody who owns the database takes the guards away, and puts them back afterwards."""
    guards.remove()
    yield
    guards.install()


@pytest.fixture
def kept(log: list[int], tmp_path: Path) -> Path:
    """The seals as an auditor has kept them since before anybody tampered."""
    path = tmp_path / "seals.txt"
    path.write_text("".join(anchors.lines()))
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any]]:
    """The command as a person runs it: exit status, and what it says as data."""
    status = 0
    try:
        call_command("verify_audit", "--json", *map(str, arguments))
    except SystemExit as end:
        status = int(str(end.code))
    return status, json.loads(capsys.readouterr().out)


def kinds(data: dict[str, Any]) -> set[str]:
    return {finding["kind"] for finding in data["findings"]}


def test_an_untouched_log_is_fine_and_its_unsealed_end_is_named(
    log: list[int], kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, data = run(capsys, "--anchors", kept)
    assert (status, data["result"], data["findings"]) == (0, "ok", [])
    assert (data["seals"], data["events"], data["unsealed"]) == (3, 12, 2)
    call_command("verify_audit")
    told = capsys.readouterr().out
    assert "Checked: seals 3, events under them 12, results 0." in told
    assert "Not sealed yet: events 2, the oldest from 20" in told
    assert "Nothing was changed since it was sealed." in told


def test_gaps_between_ids_are_normal(log: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    event = AuditEvent(pk=log[-1] + 500, action=Action.SIGNED_IN)
    event.save(force_insert=True)
    seal.seal_now()
    assert run(capsys)[0] == 0


def reseal(key: str | None) -> None:
    """Make all seals anew over what is there now, with a guessed key or (None) the real one."""
    from django.conf import settings

    real = settings.AUDIT_SEAL_KEY
    sql("DELETE FROM uploads_auditseal")
    settings.AUDIT_SEAL_KEY = key or real
    try:
        seal.seal_now()
    finally:
        settings.AUDIT_SEAL_KEY = real


def edit_event(log: list[int]) -> None:
    sql("UPDATE uploads_auditevent SET outcome = 'better' WHERE id = %s", log[5])


def edit_actor(log: list[int]) -> None:
    sql("UPDATE uploads_auditevent SET actor_name = 'bram' WHERE id = %s", log[0])


def edit_payload(log: list[int]) -> None:
    sql("UPDATE uploads_auditpayload SET body = %s WHERE event_id = %s", b'{"n":7}', log[5])


def forge_payload_and_commitment(log: list[int]) -> None:
    from uploads.models.audit import commitment

    sql("UPDATE uploads_auditpayload SET body = %s, salt = %s WHERE event_id = %s", b"{}", bytes(32), log[5])
    sql("UPDATE uploads_auditevent SET commitment = %s WHERE id = %s", commitment(bytes(32), b"{}"), log[5])


def drop_payload(log: list[int]) -> None:
    sql("DELETE FROM uploads_auditpayload WHERE event_id = %s", log[5])


def drop_event(log: list[int]) -> None:
    drop_payload(log)
    sql("DELETE FROM uploads_auditevent WHERE id = %s", log[5])


def insert_event(log: list[int]) -> None:
    """Into the sealed range: a number that was free is needed, so one is made free first."""
    drop_event(log)
    AuditEvent(pk=log[5], action=Action.SIGNED_OUT).save(force_insert=True)


def shift_seal(log: list[int]) -> None:
    sql("UPDATE uploads_auditseal SET last_event = last_event - 1, first_event = first_event - 1 WHERE number = 2")


def exchange_order(log: list[int]) -> None:
    drop_payload(log)
    sql("DELETE FROM uploads_auditpayload WHERE event_id = %s", log[6])
    for old, new in ((log[5], 10**9), (log[6], log[5]), (10**9, log[6])):
        sql("UPDATE uploads_auditevent SET id = %s WHERE id = %s", new, old)


def drop_seal(log: list[int]) -> None:
    sql("DELETE FROM uploads_auditseal WHERE number = 2")


def edit_seal(log: list[int]) -> None:
    sql("UPDATE uploads_auditseal SET code_version = 'cgp-seal-v0' WHERE number = 2")


def build_on_another_seal(log: list[int]) -> None:
    """A seal of one's own between two others, well-formed in itself."""
    from uploads.models import AuditSeal

    second = AuditSeal.objects.get(number=2)
    second.previous = bytes(32)
    second.hash = seal.digest(second)
    sql("UPDATE uploads_auditseal SET previous = %s, hash = %s WHERE number = 2", second.previous, second.hash)


def edit_tail_payload(log: list[int]) -> None:
    sql("UPDATE uploads_auditpayload SET body = %s WHERE event_id = %s", b'{"n":7}', log[-1])


def reseal_without_the_key(log: list[int]) -> None:
    edit_event(log)
    reseal("a-guess-at-the-key-that-seals-the-logs")


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (edit_event, {"events_changed"}),
        (edit_actor, {"events_changed"}),
        (edit_payload, {"content_changed"}),
        (forge_payload_and_commitment, {"events_changed"}),
        (drop_payload, {"content_missing"}),
        (drop_event, {"events_missing"}),
        (insert_event, {"events_changed"}),
        (exchange_order, {"events_changed", "content_missing"}),
        (shift_seal, {"seal_changed", "range_wrong", "events_missing", "events_added"}),
        (drop_seal, {"seal_missing", "events_added"}),
        (edit_seal, {"seal_changed"}),
        (build_on_another_seal, {"chain_broken", "mac_wrong"}),
        (reseal_without_the_key, {"mac_wrong"}),
        (edit_tail_payload, {"content_changed"}),
    ],
)
def test_tampering_is_found(
    log: list[int], owner: None, capsys: pytest.CaptureFixture[str], tamper: Callable[[list[int]], None],
    found: set[str],
) -> None:  # fmt: skip
    tamper(log)
    guards.install()
    status, data = run(capsys)
    assert (status, data["result"]) == (1, "tampering")
    assert kinds(data) == found
    assert len(data["findings"]) == data["found"]


def test_an_event_slipped_into_a_gap_of_a_sealed_range_is_found(
    log: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody needs to take a guard away for this: inserting is allowed."""
    AuditEvent(pk=log[-1] + 10, action=Action.SIGNED_IN).save(force_insert=True)
    seal.seal_now()
    AuditEvent(pk=log[-1] + 5, action=Action.SIGNED_IN).save(force_insert=True)
    status, data = run(capsys)
    assert (status, kinds(data)) == (1, {"events_added"})
    assert "1 came in later" in data["findings"][0]["sentence"]


def cut_the_end_with_its_seal(log: list[int]) -> None:
    sql("DELETE FROM uploads_auditpayload WHERE event_id >= %s", log[8])
    sql("DELETE FROM uploads_auditevent WHERE id >= %s", log[8])
    sql("DELETE FROM uploads_auditseal WHERE number = 3")


def restore_an_old_backup(log: list[int]) -> None:
    """What was after it is gone, and the portal goes on sealing."""
    cut_the_end_with_its_seal(log)
    make_events(5)
    seal.seal_now()


def rewrite_all_with_the_key(log: list[int]) -> None:
    edit_event(log)
    reseal(None)


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (cut_the_end_with_its_seal, {"seal_cut"}),
        (restore_an_old_backup, {"anchor_differs"}),
        (rewrite_all_with_the_key, {"anchor_differs", "seal_cut"}),
    ],
)
def test_what_only_a_seal_kept_elsewhere_reveals(
    log: list[int], owner: None, kept: Path, capsys: pytest.CaptureFixture[str],
    tamper: Callable[[list[int]], None], found: set[str],
) -> None:  # fmt: skip
    tamper(log)
    guards.install()
    assert run(capsys)[0] == 0, "without an anchor this cannot be seen; docs/security.md says so"
    status, data = run(capsys, "--anchors", kept)
    assert (status, kinds(data)) == (1, found)


def test_two_different_published_logs_are_a_finding(
    log: list[int], kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept.write_text(kept.read_text() + f"seal 2 to 9 count 4 hash {'0' * 64}\n")
    status, data = run(capsys, "--anchors", kept)
    assert (status, kinds(data)) == (1, {"forked"})


def test_a_missing_guard_is_a_finding(log: list[int], owner: None, capsys: pytest.CaptureFixture[str]) -> None:
    status, data = run(capsys)
    assert (status, kinds(data)) == (1, {"guard_missing"})


def test_checking_from_a_seal_on_trusts_what_is_before_it(
    log: list[int], owner: None, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_actor(log)
    guards.install()
    status, data = run(capsys, "--since", 2, "--anchors", kept)
    assert (status, data["seals"], data["events"], data["unsealed"]) == (0, 2, 8, 2)
    assert run(capsys, "--since", 1)[0] == 1
    edit = run(capsys, "--since", 4)
    assert (edit[0], edit[1]["seals"], edit[1]["unsealed"]) == (0, 0, 2)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--since", "9"], "There is no seal 8 to start from"),
        (["--anchors", "/nowhere/seals.txt"], "/nowhere/seals.txt cannot be read"),
        (["--anchors", os.devnull], "holds no line such as"),
    ],
)
def test_what_cannot_be_checked_is_said(
    log: list[int], capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    status, data = run(capsys, *arguments)
    assert (status, data["result"]) == (2, "cannot_check")
    assert sentence in data["obstacles"][0]


def test_without_the_key_the_rest_is_still_checked(
    log: list[int], owner: None, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.AUDIT_SEAL_KEY = ""
    guards.install()
    status, data = run(capsys)
    assert (status, data["seals"]) == (2, 3)
    assert "AUDIT_SEAL_KEY is not set" in data["obstacles"][0]
    guards.remove()
    edit_event(log)
    guards.install()
    assert run(capsys)[0] == 1


def test_a_log_that_was_never_sealed_cannot_be_checked(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    make_events(1)
    status, data = run(capsys)
    assert (status, data["obstacles"]) == (2, ["Nothing is sealed."])


def test_a_database_that_cannot_be_read_is_no_traceback(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    sql("ALTER TABLE uploads_auditseal RENAME TO gone")
    try:
        status, data = run(capsys)
    finally:
        connection.needs_rollback = False
        if connection.vendor == "sqlite":
            sql("ALTER TABLE gone RENAME TO uploads_auditseal")
    assert status == 2
    assert "The database cannot be read" in data["obstacles"][0]


@pytest.mark.parametrize("change", ["edit the tail", "cut the tail", "add a lie"])
def test_what_no_seal_covers_yet_is_not_detected(
    log: list[int], owner: None, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    """The honest limits, as docs/security.md states them: should one of these be found one day, correct that page."""
    if change == "edit the tail":
        sql("UPDATE uploads_auditevent SET outcome = 'better' WHERE id = %s", log[-1])
    elif change == "cut the tail":
        sql("DELETE FROM uploads_auditpayload WHERE event_id = %s", log[-1])
        sql("DELETE FROM uploads_auditevent WHERE id = %s", log[-1])
    else:
        AuditEvent(action=Action.SIGNED_IN, actor_name="bram").save()
    guards.install()
    assert run(capsys)[0] == 0


def test_a_result_whose_state_was_changed_by_hand_is_found(
    agent: User, log: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    fine, forged = make_submission(agent), make_submission(agent)
    for submission in (fine, forged):
        submission.delivery.cancel(Cause(agent, evidence="undone"))
    seal.seal_now()
    assert run(capsys)[0] == 0
    sql("UPDATE uploads_delivery SET state = 'delivered' WHERE submission_id = %s", forged.pk)
    status, data = run(capsys)
    assert (status, kinds(data)) == (1, {"delivery_differs"})
    sentence = f"Result {forged.pk} is delivered, but what was recorded last is cancelled."
    assert data["findings"][0]["sentence"] == sentence


def test_a_log_rewritten_as_a_whole_still_fits_into_the_report(db: None, owner: None) -> None:
    make_events(KEPT + 50)
    seal.seal_now()
    guards.remove()
    sql("DELETE FROM uploads_auditpayload")
    guards.install()
    report = verify()
    assert len(report.findings) == KEPT
    assert report.found == AuditEvent.objects.count()
    assert f"and {report.found - KEPT} more" in report.as_text()


@pytest.mark.parametrize("column", ["action", "actor_id", "at", "attempt_id", "object_name", "commitment"])
def test_any_type_of_value_in_any_column_is_a_finding_and_no_crash(
    log: list[int], owner: None, capsys: pytest.CaptureFixture[str], column: str
) -> None:
    if connection.vendor != "sqlite":
        return  # only SQLite stores any type anywhere
    for value in ("'☎'", "x'414243'", "7.5"):
        sql(f"UPDATE uploads_auditevent SET {column} = {value} WHERE id = {log[5]}")
        status, data = run(capsys)
        assert status == 1
        assert "events_changed" in kinds(data)
    sql(f"UPDATE uploads_auditevent SET actor_id = NULL WHERE id = {log[5]}")  # it must fit a user again


def test_what_a_check_found_stands_in_the_log_for_the_alerts(log: list[int]) -> None:
    call_command("verify_audit", "--record")
    assert nightly.last_result() == "ok"
    guards.remove()
    sql("UPDATE uploads_auditevent SET actor_name = 'somebody else' WHERE id = %s", log[0])
    guards.install()
    with pytest.raises(SystemExit) as end:
        call_command("verify_audit", "--record")
    assert end.value.code == 1
    assert nightly.last_result() == "tampering"
    newest = seal.newest()
    assert newest
    call_command("verify_audit", "--record", "--since", str(newest.number))
    assert nightly.last_result() == "tampering", "that the newest part is in order takes nothing back"


def test_the_check_of_an_hour_is_begun_once_and_never_without_a_key(log: list[int], settings: Settings) -> None:
    cache.clear()
    settings.AUDIT_SEAL_KEY = ""
    assert not nightly.check_hourly()
    assert not AuditEvent.objects.filter(action=Action.AUDIT_CHECKED).exists()
