"""The database itself refuses to change what is written once, on SQLite and on PostgreSQL."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from tests.audit.sealing import seal_all
from tests.factories import make_submission
from uploads.audit import guards, prune
from uploads.models import (
    Action,
    AppendOnlyError,
    Attempt,
    AuditEvent,
    AuditPayload,
    CaseUpdate,
    Delivery,
    Erasure,
    Kept,
    Submission,
)
from uploads.models.questions import Question, Remark


@pytest.fixture
def rows(agent: User) -> dict[str, int]:
    """One frozen row of each guarded table."""
    submission = make_submission(agent)
    attempt = Attempt.objects.create(delivery=submission.delivery, worker="here:1")
    attempt.end(outcome="delivered", evidence="stored", seconds=0.1, status=200, code="")
    event = AuditEvent.objects.record(Action.SUBMITTED, submission, actor=agent, body={"score": 4})
    case = CaseUpdate.objects.create(token=uuid.uuid4(), submission=submission, author=agent, status="CLOSED")
    other = make_submission(agent)
    erased = AuditEvent.objects.record(Action.ERASED, other, actor=agent)
    Erasure.objects.create(submission=other, reason="person_asked", event=erased)
    Question.ask(submission, agent, "Did he say when?")
    return {
        "uploads_remark": Remark.objects.get().pk,
        "uploads_erasure": other.pk,
        "uploads_pruning": prune.record(Kept.EXCHANGES, event.pk, event.pk, 1).pk,
        "uploads_caseupdate": case.pk,
        "uploads_submission": submission.pk,
        "uploads_attempt": Attempt._meta.pk.get_db_prep_value(attempt.pk, connection),
        "uploads_auditevent": event.pk,
        "uploads_auditpayload": event.pk,
        "uploads_auditseal": seal_all().number,
    }


def refused(statement: str, *values: object) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
    except DatabaseError as error:
        return "written once" in str(error)
    return False


LEASE = timezone.now() + timedelta(seconds=60)
COLUMN = {
    "uploads_caseupdate": "comment",
    "uploads_submission": "comment",
    "uploads_attempt": "evidence",
    "uploads_auditevent": "outcome",
    "uploads_auditpayload": "body",
    "uploads_auditseal": "mac",
    "uploads_remark": "text",
    "uploads_erasure": "reason",
    "uploads_pruning": "count",
}
KEY = {
    "uploads_erasure": "submission_id",
    "uploads_pruning": "event_id",
    "uploads_auditpayload": "event_id",
    "uploads_auditseal": "number",
}


@pytest.mark.parametrize("table", guards.FROZEN)
def test_no_statement_changes_or_removes_a_frozen_row(rows: dict[str, int], table: str) -> None:
    key = KEY.get(table, "id")
    column = COLUMN[table]
    assert refused(f"UPDATE {table} SET {column} = {column} WHERE {key} = %s", rows[table])
    assert refused(f"DELETE FROM {table} WHERE {key} = %s", rows[table])
    if connection.vendor == "sqlite":
        assert refused(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE {key} = %s", rows[table])
    else:
        connection.check_constraints()  # PostgreSQL empties no table that has deferred checks to do
        assert refused(f"TRUNCATE {table} CASCADE")


def test_an_attempt_may_be_written_on_until_it_has_ended(agent: User) -> None:
    submission = make_submission(agent)
    attempt = submission.delivery.claim("here:1", LEASE, None)
    assert attempt
    assert submission.delivery.mark_on_wire(attempt)
    attempt.end(outcome="unknown", evidence="read_timeout", seconds=15.0, status=None, code="")
    with pytest.raises(DatabaseError), transaction.atomic():
        attempt.end(outcome="delivered", evidence="stored", seconds=0.1, status=200, code="")


@pytest.mark.parametrize("model", [Submission, AuditEvent, AuditPayload])
def test_the_orm_refuses_before_the_database_has_to(rows: dict[str, int], model: type) -> None:
    row = model.objects.first()
    for attempt in (row.save, row.delete, model.objects.all().delete, lambda: model.objects.update(pk=1)):
        with pytest.raises(AppendOnlyError):
            attempt()


def test_missing_guards_are_noticed_and_put_back(db: None) -> None:
    assert guards.missing() == []
    guards.remove()
    assert len(guards.missing()) == 3 * len(guards.FROZEN)
    call_command("migrate", verbosity=0)
    assert guards.missing() == []


def test_readiness_says_when_a_guard_is_missing(client: Client, db: None) -> None:
    assert client.get("/readyz").status_code == 200
    guards.remove()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    checks = answer.json()
    assert (checks["database"], checks["migrations"], checks["guards"]) == (True, True, False)


def test_a_failed_audit_event_takes_the_change_with_it(agent: User) -> None:
    """No trace, no change: both are one transaction."""
    delivery = make_submission(agent).delivery
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE uploads_auditevent RENAME COLUMN outcome TO gone")
    try:
        with pytest.raises(DatabaseError), transaction.atomic():
            delivery.claim("here:1", LEASE, None)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE uploads_auditevent RENAME COLUMN gone TO outcome")
    assert Delivery.objects.get(pk=delivery.pk).state == "queued"


def test_replacing_a_row_by_another_unique_column_is_refused_too(agent: User) -> None:
    if connection.vendor != "sqlite":
        return  # PostgreSQL knows no REPLACE
    submission = make_submission(agent)
    columns = [field.column for field in Submission._meta.concrete_fields]
    for unique in ("uuid", "submit_token", "reference"):
        values = ", ".join(
            name
            if name == unique
            else f"'{uuid.uuid4().hex}'"
            if name in {"uuid", "submit_token", "reference"}
            else name
            for name in columns
            if name != "id"
        )
        names = ", ".join(name for name in columns if name != "id")
        statement = f"INSERT OR REPLACE INTO uploads_submission ({names}) SELECT {values} FROM uploads_submission"
        assert refused(statement), unique
    assert Submission.objects.get().pk == submission.pk


def test_a_guard_that_was_hollowed_out_is_noticed(db: None) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER uploads_auditevent_no_update")
            cursor.execute(
                "CREATE TRIGGER uploads_auditevent_no_update BEFORE UPDATE ON uploads_auditevent BEGIN SELECT 1; END"
            )
            assert guards.missing() == ["uploads_auditevent_no_update"]
        else:
            cursor.execute(
                "CREATE OR REPLACE FUNCTION cgportal_refuse() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RETURN NEW; END $$"
            )
            assert len(guards.missing()) == 3 * len(guards.FROZEN)
    guards.install()
    assert guards.missing() == []
