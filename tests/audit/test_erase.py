"""What erasing takes away and what it leaves, what the database lets nobody do, and a log that still verifies."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from tests.factories import customer, make_submission
from tests.history.conftest import LEASE, WORKER, claim, deliver, end, lose, refuse, reject
from tests.processes import Portal, eventually
from uploads.audit import guards, seal
from uploads.audit.erasable import give_up
from uploads.audit.erase import InHand, erase
from uploads.audit.verify import verify
from uploads.models import (
    Action,
    AuditEvent,
    AuditPayload,
    Call,
    CallOutcome,
    CaseDelivery,
    CaseUpdate,
    CustomerKey,
    Delivery,
    Draft,
    Erasure,
    State,
    Submission,
)
from uploads.models.erasure import ErasureReason

ASKED = ErasureReason.PERSON_ASKED


def entered(agent: User, state: State = State.QUEUED, **fields: Any) -> Submission:
    """A result as saving makes it: with the event that holds what was entered, and with its keys."""
    submission = make_submission(agent, state, **fields)
    AuditEvent.objects.record(Action.SUBMITTED, submission, actor=agent, body={"customer": submission.customer})
    for field in submission.customer:
        if field["kind"] in {"email", "identifier", "phone"}:
            value = CustomerKey.normal(field["kind"], field["value"])
            CustomerKey.objects.create(submission=submission, kind=field["kind"], value=value)
    return submission


def update_case(submission: Submission, author: User, state: State = State.QUEUED) -> CaseUpdate:
    update = CaseUpdate.objects.create(
        token=uuid.uuid4(), submission=submission, author=author, author_name="mia", status="CLOSED",
        status_label="Closed", comment="Lee is angry", assigned_to="bo@example.com",
    )  # fmt: skip
    CaseDelivery.objects.create(case_update=update, result=submission, state=state)
    AuditEvent.objects.record(Action.CASE_ASKED, submission, actor=author, body={"comment": "Lee is angry"})
    return update


def note_call(agent: User) -> Call:
    fields = [customer("Email", "E-mail", "email", "lee@example.com")]
    outcome = CallOutcome.objects.get(label="Call back later")
    return Call.objects.note(
        agent, uuid.uuid4(), outcome, customer=fields, note="Lee is on holiday", call_back_at=timezone.now()
    )


def whole_database() -> str:
    """Every row of every table of ours, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith("uploads_"):
                cursor.execute(f"SELECT * FROM {table}")
                for row in cursor.fetchall():
                    found += [
                        bytes(v).decode("utf-8", "replace") if isinstance(v, bytes | memoryview) else str(v)
                        for v in row
                    ]
    return "\n".join(found)


def refused(statement: str, *values: object) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
    except DatabaseError as error:
        return "written once" in str(error)
    return False


def now(submission: Submission) -> Delivery:
    return Delivery.objects.get(pk=submission.pk)


# -- what goes, and what stays -------------------------------------------------------------------------------


def test_nothing_in_the_database_names_the_person_afterwards(agent: User, manager: User) -> None:
    submission = entered(agent)
    deliver(submission)
    update_case(submission, manager)
    call = note_call(agent)
    draft = Draft.objects.create(agent=agent, revises=submission, values={"Email": ["lee@example.com"]})
    before = whole_database()
    words = ("lee@example.com", "Klameth", "Waited too long", "1143", "Lee is angry", "bo@example.com", "holiday")
    assert all(word in before for word in words)
    erase(manager, ASKED, [submission], [call], [draft])
    after = whole_database()
    assert [word for word in words if word in after] == []


def test_facts_stay(agent: User, manager: User) -> None:
    submission = entered(agent)
    deliver(submission, "77")
    erase(manager, ASKED, [submission])
    left = Submission.objects.get(pk=submission.pk)
    for name in (
        "uuid",
        "score",
        "agent",
        "agent_name",
        "created_at",
        "completed_at",
        "sent_at",
        "reasons",
        "reference",
    ):
        assert getattr(left, name) == getattr(submission, name), name
    assert (left.comment, left.customer, left.payload) == ("", [], [])
    assert (now(submission).state, now(submission).cg_id) == (State.DELIVERED, "77")
    assert AuditEvent.objects.about(submission).filter(action=Action.DELIVERED).exists()


def test_the_record_of_it_holds_numbers_and_a_constant(agent: User, manager: User) -> None:
    submission, call = entered(agent), note_call(agent)
    whole = erase(manager, ASKED, [submission], [call])
    assert whole
    told = bytes(whole.payload.body).decode()
    assert (whole.actor, whole.outcome) == (manager, "person_asked")
    assert told == f'{{"calls":["{call.uuid}"],"drafts":0,"results":["{submission.uuid}"]}}'
    erasure = Erasure.objects.get()
    assert (erasure.submission, erasure.reason) == (submission, "person_asked")
    assert (erasure.event.action, erasure.event.object_id) == (Action.ERASED, str(submission.pk))
    assert not AuditPayload.objects.filter(event=erasure.event).exists()


def test_all_versions_of_a_result_go_together(agent: User, manager: User) -> None:
    first = entered(agent, State.DELIVERED)
    second = entered(agent, State.DELIVERED, revision_of=first, cg_id="")
    other = entered(agent)
    erase(manager, ASKED, [first])
    assert Erasure.objects.among([first, second, other]) == {first.pk, second.pk}
    assert Submission.objects.get(pk=other.pk).comment == "Waited too long"


def test_erasing_twice_adds_nothing(agent: User, manager: User) -> None:
    submission, call = entered(agent), note_call(agent)
    assert erase(manager, ASKED, [submission], [call])
    events = AuditEvent.objects.count()
    assert erase(manager, ASKED, [submission], [call]) is None
    assert AuditEvent.objects.count() == events


def test_what_came_in_after_the_erasure_goes_with_the_next_one(agent: User, manager: User) -> None:
    submission = entered(agent)
    erase(manager, ASKED, [submission])
    late = AuditEvent.objects.record(Action.ATTEMPT_ENDED_LATE, submission, actor=WORKER, body={"body": "Lee"})
    call_command("reapply_erasures")
    assert not AuditPayload.objects.filter(event=late).exists()


def test_a_call_is_taken_off_the_list_of_calls_to_make(agent: User, manager: User) -> None:
    call = note_call(agent)
    assert Call.objects.to_call_back(agent).exists()
    erase(manager, ASKED, [], [call])
    call.refresh_from_db()
    assert (call.customer, call.note, call.outcome_label) == ([], "", "Call back later")
    assert not Call.objects.to_call_back(agent).exists()


# -- what is on its way --------------------------------------------------------------------------------------


def play_rejected(submission: Submission) -> None:
    reject(submission, "no")


def play_failed(submission: Submission) -> None:
    refuse(submission)
    assert submission.delivery.fail(end(claim(submission, wire=False), "refused", None))


@pytest.mark.parametrize("play", [lambda _submission: None, refuse, lose, play_rejected, play_failed])
def test_what_waits_is_cancelled(agent: User, manager: User, play: Callable[[Submission], None]) -> None:
    submission = entered(agent)
    play(submission)
    erase(manager, ASKED, [submission])
    assert (now(submission).state, now(submission).evidence) == (State.CANCELLED, "erased")


def test_what_is_being_sent_is_not_erased(agent: User, manager: User) -> None:
    other, submission = entered(agent), entered(agent)
    claim(submission)
    with pytest.raises(InHand, match=r"right now\. Nothing was erased\. Wait two minutes"):
        erase(manager, ASKED, [other, submission])
    assert not Erasure.objects.exists()
    assert now(other).state == State.QUEUED


def test_what_is_being_looked_up_is_not_erased(agent: User, manager: User) -> None:
    submission = entered(agent)
    lose(submission)
    delivery = now(submission)
    assert delivery.begin_lookup(WORKER, timezone.now() + LEASE)
    with pytest.raises(InHand):
        erase(manager, ASKED, [submission])


def test_a_worker_that_read_it_before_cannot_take_it_any_more(agent: User, manager: User) -> None:
    waiting, delivered = entered(agent), entered(agent, State.DELIVERED)
    Delivery.objects.filter(pk=delivered.pk).update(lookup_at=timezone.now())
    read_before = [now(waiting), now(delivered)]
    erase(manager, ASKED, [waiting, delivered])
    assert read_before[0].claim(WORKER, timezone.now() + LEASE, {"body": "Lee"}) is None
    assert read_before[1].begin_lookup(WORKER, timezone.now() + LEASE) is None
    assert not Delivery.objects.lookups_due().exists()


def test_a_change_of_its_case_is_not_sent_any_more(agent: User, manager: User) -> None:
    submission = entered(agent, State.DELIVERED)
    waiting, done = update_case(submission, manager), update_case(submission, manager, State.DELIVERED)
    erase(manager, ASKED, [submission])
    states = dict(CaseDelivery.objects.values_list("case_update_id", "state"))
    assert states == {waiting.pk: State.CANCELLED, done.pk: State.DELIVERED}
    waiting.refresh_from_db()
    assert (waiting.comment, waiting.assigned_to, waiting.status) == ("", "", "CLOSED")


# -- what the database itself refuses ------------------------------------------------------------------------


def test_without_an_erasure_nothing_can_be_given_up(agent: User, manager: User) -> None:
    erased, kept = entered(agent), entered(agent)
    update_case(kept, manager)
    erase(manager, ASKED, [erased])
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
        give_up(kept.pk)
    assert Submission.objects.get(pk=kept.pk).comment == "Waited too long"


def test_an_erasure_with_another_event_counts_for_nothing(agent: User) -> None:
    mine, other = entered(agent), entered(agent)
    viewed = AuditEvent.objects.record(Action.VIEWED, mine, actor=agent)
    Erasure.objects.create(submission=mine, reason="person_asked", event=viewed)
    about_another = AuditEvent.objects.record(Action.ERASED, mine, actor=agent)
    Erasure.objects.create(submission=other, reason="person_asked", event=about_another)
    for submission in (mine, other):
        with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
            give_up(submission.pk)


ATTEMPTS = [
    "UPDATE uploads_submission SET comment = 'Better' WHERE id = %s",
    "UPDATE uploads_submission SET comment = '', customer = '[]', payload = '[]', score = 10 WHERE id = %s",
    "UPDATE uploads_submission SET comment = '', customer = '[]', payload = '[]', agent_name = 'x' WHERE id = %s",
    "UPDATE uploads_submission SET payload = '[[1, 2]]' WHERE id = %s",
    "UPDATE uploads_caseupdate SET comment = 'Better' WHERE submission_id = %s",
    "UPDATE uploads_caseupdate SET status = '' WHERE submission_id = %s",
    "DELETE FROM uploads_submission WHERE id = %s",
    "DELETE FROM uploads_caseupdate WHERE submission_id = %s",
    "DELETE FROM uploads_erasure WHERE submission_id = %s",
    "UPDATE uploads_erasure SET reason = 'other' WHERE submission_id = %s",
]


@pytest.mark.parametrize("statement", ATTEMPTS)
def test_what_is_erased_can_only_be_blanked(agent: User, manager: User, statement: str) -> None:
    submission = entered(agent, State.DELIVERED)
    update_case(submission, manager, State.DELIVERED)
    erase(manager, ASKED, [submission])
    assert refused(statement, submission.pk)


def test_the_content_of_an_erased_result_goes_and_none_is_changed(agent: User, manager: User) -> None:
    submission, other = entered(agent), entered(agent)
    erase(manager, ASKED, [submission])
    late = AuditEvent.objects.record(Action.VIEWED, submission, actor=agent, body={"late": 1})
    assert refused("UPDATE uploads_auditpayload SET body = salt WHERE event_id = %s", late.pk)
    others = AuditEvent.objects.about(other).values_list("pk", flat=True)
    assert refused("DELETE FROM uploads_auditpayload WHERE event_id = %s", others[0])
    assert not refused("DELETE FROM uploads_auditpayload WHERE event_id = %s", late.pk)
    assert guards.missing() == []


# -- the log afterwards --------------------------------------------------------------------------------------


def test_the_chain_is_still_valid_and_the_erasure_is_named(agent: User, manager: User) -> None:
    submission = entered(agent)
    deliver(submission)
    seal.seal_now()
    erase(manager, ASKED, [submission])
    seal.seal_now()
    report = verify()
    assert (report.result, report.findings) == ("ok", [])
    assert any("of 1 results are gone because these were erased" in note for note in report.notes)


def test_content_that_goes_without_an_erasure_is_still_found(agent: User, manager: User) -> None:
    erased, other = entered(agent), entered(agent)
    seal.seal_now()
    erase(manager, ASKED, [erased])
    guards.remove()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM uploads_auditpayload")
    guards.install()
    seal.seal_now()
    lost = {finding.event for finding in verify().findings if finding.kind == "content_missing"}
    assert lost == {
        *AuditEvent.objects.about(other).values_list("pk", flat=True),
        *AuditEvent.objects.filter(action=Action.PERSON_ERASED).values_list("pk", flat=True),
    }


def test_a_forged_erasure_excuses_nothing(agent: User) -> None:
    submission = entered(agent)
    seal.seal_now()
    event = AuditEvent.objects.record(Action.VIEWED, submission, actor=agent)
    guards.remove()
    Erasure.objects.create(submission=submission, reason="person_asked", event=event)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM uploads_auditpayload")
    guards.install()
    assert [finding.kind for finding in verify().findings] == ["content_missing"]


# -- after a backup ------------------------------------------------------------------------------------------


def test_the_list_holds_numbers_and_erases_again(
    agent: User, manager: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submission, call = entered(agent, State.FAILED), note_call(agent)
    absent = uuid.uuid4()
    path = tmp_path / "erased.txt"
    path.write_text(f"result {submission.uuid}\ncall {call.uuid}\nresult {absent}\n")
    call_command("reapply_erasures", str(path))
    assert "Erased again: 2. Erased already: 0. Not in this database: 1." in capsys.readouterr().out
    assert Erasure.objects.get().reason == "reapplied"
    assert now(submission).state == State.CANCELLED
    written = tmp_path / "written.txt"
    call_command("erasures", "--export", str(written))
    assert written.read_text() == f"result {submission.uuid}\ncall {call.uuid}\n"
    call_command("reapply_erasures", str(written))
    assert "Erased again: 0. Erased already: 2." in capsys.readouterr().out


def test_a_file_that_is_no_list_is_refused_whole(agent: User, tmp_path: Path) -> None:
    submission = entered(agent)
    path = tmp_path / "erased.txt"
    path.write_text(f"result {submission.uuid}\nlee@example.com\n")
    with pytest.raises(CommandError, match="Line 2 is not"):
        call_command("reapply_erasures", str(path))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("reapply_erasures", str(tmp_path / "none"))
    assert not Erasure.objects.exists()


def test_what_a_backup_left_under_way_must_be_settled_first(agent: User, tmp_path: Path) -> None:
    submission = entered(agent)
    claim(submission)
    path = tmp_path / "erased.txt"
    path.write_text(f"result {submission.uuid}\n")
    with pytest.raises(CommandError, match=r"run `manage\.py restored` first"):
        call_command("reapply_erasures", str(path))


# -- in real processes ---------------------------------------------------------------------------------------


@pytest.mark.processes
def test_the_files_of_the_database_hold_nothing_of_the_person(portal: Portal) -> None:
    """SQLite: neither the database nor its log; elsewhere VACUUM has the last word, so only the rows are looked at."""
    agent = portal.browser_session("agent")
    path = agent.enter(comment="unmistakable-words", Email="unmistakable@example.com")
    eventually("it is delivered", lambda: 'data-state="delivered"' in agent.get(path).text)
    portal.stop("worker")
    erased = portal.var / "erased.txt"
    erased.write_text(f"result {path.split('/')[-2]}\n")
    done = portal.manage("reapply_erasures", str(erased))
    assert done.returncode == 0, done.stdout + done.stderr
    assert portal.sql("SELECT count(*) FROM uploads_submission WHERE comment LIKE '%unmistakable%'") == [(0,)]
    for file in portal.var.glob("portal.sqlite3*"):
        assert b"unmistakable" not in file.read_bytes(), file.name
    assert portal.manage("verify_audit").returncode in (0, 2)
