"""What has been kept for its time goes, on the signed record and in that order; and the log still verifies."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from tests.audit.past import days_ago
from tests.audit.sealing import make_events
from tests.audit.test_erase import ASKED, entered, note_call, now, refused, update_case, whole_database
from tests.history.conftest import LEASE, WORKER, deliver, lose
from uploads.audit import anchors, erase_list, evidence, expire, guards, prune, retention, seal
from uploads.audit.erase import erase, erased
from uploads.audit.report import Report
from uploads.audit.verify import verify
from uploads.models import (
    Action,
    AuditEvent,
    AuditPayload,
    AuditSeal,
    Call,
    CustomerKey,
    Delivery,
    Draft,
    Erasure,
    Kept,
    Pruning,
    RetentionRun,
    State,
    Submission,
)

#: Days: longer than the period of the kind, by default, and no longer than that of the next one.
EXCHANGES, CONTENTS, FACTS = 800, 2000, 4000


def delivered(agent: User, days: float) -> Submission:
    """A result that was entered and delivered so many days ago, and sealed that day."""
    with days_ago(days):
        submission = entered(agent)
        deliver(submission)
        seal.seal_now()
    return Submission.objects.get(pk=submission.pk)


def bodies(submission: Submission) -> set[str]:
    """The actions of its events whose content is still there."""
    return {str(event.action) for event in AuditEvent.objects.about(submission) if hasattr(event, "payload")}


def fine() -> Report:
    seal.seal_now()
    report = verify()
    assert (report.result, report.findings) == ("ok", [])
    return report


def found() -> set[str]:
    return {finding.kind for finding in verify().findings}


# -- requests and replies ------------------------------------------------------------------------------------


def test_requests_and_replies_go_after_their_time_and_facts_stay(agent: User) -> None:
    old, young = delivered(agent, EXCHANGES), delivered(agent, 700)
    events = AuditEvent.objects.count()
    assert retention.run_due() == 2
    assert bodies(old) == {Action.SUBMITTED}
    assert bodies(young) == {Action.SUBMITTED, Action.SENDING, Action.DELIVERED}
    assert Submission.objects.get(pk=old.pk).comment == "Waited too long"
    event = AuditEvent.objects.get(action=Action.PRUNED)
    calls = AuditEvent.objects.about(old).filter(attempt_id__isnull=False).values_list("pk", flat=True)
    assert (event.outcome, event.object_name) == ("exchanges", f"exchanges {calls[0]} to {calls[1]}, 2")
    assert AuditEvent.objects.count() == events + 1
    assert any("2 requests and replies were let go" in note for note in fine().notes)


def test_what_waits_for_somebody_keeps_its_requests_and_replies(agent: User, manager: User) -> None:
    with days_ago(EXCHANGES):
        unclear, changing, asked = entered(agent), entered(agent), entered(agent)
        lose(unclear)
        deliver(changing)
        update_case(changing, manager)
        deliver(asked)
        Delivery.objects.filter(pk=asked.pk).update(lookup_at=timezone.now())
    assert retention.run_due() == 0
    assert all(len(bodies(one)) >= 3 for one in (unclear, changing, asked))


def test_the_database_lets_nothing_young_go(agent: User) -> None:
    submission = delivered(agent, 6)
    calls = [event.pk for event in AuditEvent.objects.about(submission) if event.attempt_id]
    with pytest.raises(DatabaseError, match="written once"):
        prune.exchanges(calls)
    assert len(bodies(submission)) == 3
    assert not Pruning.objects.exists()


def test_the_database_lets_nothing_go_that_the_record_does_not_name(agent: User) -> None:
    first, second = delivered(agent, EXCHANGES), delivered(agent, EXCHANGES)
    events = [event.pk for one in (first, second) for event in AuditEvent.objects.about(one)]
    entered_event, sent, answered = events[:3]
    delete = "DELETE FROM uploads_auditpayload WHERE event_id = %s"
    with transaction.atomic():
        prune.record(Kept.EXCHANGES, sent, answered, 2)
        assert refused(delete, entered_event)
        assert refused(delete, events[4])
        assert refused("DELETE FROM uploads_auditevent WHERE id = %s", sent)
        prune.record(Kept.EXCHANGES, answered, answered, 1)
        assert refused(delete, sent), "only the newest record counts"
        assert not refused(delete, answered)


@pytest.mark.parametrize("wrong", ["outcome", "object_name", "action"])
def test_a_record_whose_event_says_something_else_allows_nothing(agent: User, wrong: str) -> None:
    submission = delivered(agent, EXCHANGES)
    (sent,) = AuditEvent.objects.about(submission).filter(action=Action.SENDING)
    said = {"action": Action.PRUNED, "outcome": "exchanges", "object_name": f"exchanges {sent.pk} to {sent.pk}, 1"}
    event = AuditEvent.objects.create(**said | {wrong: "viewed"})
    Pruning.objects.create(event=event, kind="exchanges", first_id=sent.pk, last_id=sent.pk, count=1, mac=b"")
    assert refused("DELETE FROM uploads_auditpayload WHERE event_id = %s", sent.pk)


# -- what was entered ----------------------------------------------------------------------------------------


def test_what_was_entered_goes_like_an_erasure(agent: User, manager: User) -> None:
    old = delivered(agent, CONTENTS)
    with days_ago(CONTENTS):
        update_case(old, manager, State.DELIVERED)
    told: list[int] = []
    erased.connect(receiver := lambda **_: told.append(1))
    retention.run_due()
    erased.disconnect(receiver)
    assert not any(word in whole_database() for word in ("lee@example", "Klameth", "Waited too long", "Lee is angry"))
    assert (Erasure.objects.get().submission, Erasure.objects.get().reason) == (old, "retention")
    assert not CustomerKey.objects.exists()
    assert told == [1]
    pruned = Pruning.objects.get(kind="contents")
    assert (pruned.first_id, pruned.last_id, pruned.count) == (old.pk, old.pk, 1)
    assert Submission.objects.get(pk=old.pk).score == 4
    fine()


def test_a_result_goes_as_a_whole_or_not_at_all(agent: User) -> None:
    first = delivered(agent, CONTENTS)
    with days_ago(CONTENTS):
        second = entered(agent, State.DELIVERED, revision_of=first)
    with days_ago(40):
        third = entered(agent, State.DELIVERED, revision_of=second)
    retention.run_due()
    assert not Erasure.objects.exists()
    retention.run_due(timezone.now() + timedelta(days=CONTENTS))
    assert Erasure.objects.among([first, second, third]) == {first.pk, second.pk, third.pk}


def test_what_was_entered_stays_while_it_waits_or_is_looked_at(agent: User) -> None:
    with days_ago(CONTENTS):
        waiting, rejected, looked_at = entered(agent), entered(agent, State.REJECTED), entered(agent, State.DELIVERED)
    assert now(looked_at).begin_lookup(WORKER, timezone.now() + LEASE)
    retention.run_due()
    assert not Erasure.objects.exists()
    assert {now(one).state for one in (waiting, rejected)} == {State.QUEUED, State.REJECTED}


def test_an_erasure_for_its_time_allows_nothing_young(agent: User) -> None:
    submission = delivered(agent, 20)
    with transaction.atomic():
        pruning = prune.record(Kept.CONTENTS, submission.pk, submission.pk, 1)
        Erasure.objects.create(submission=submission, reason="retention", event=pruning.event)
        assert refused(
            "UPDATE uploads_submission SET comment='', customer='[]', payload='[]' WHERE id=%s", submission.pk
        )


# -- facts ---------------------------------------------------------------------------------------------------


def many_seals(agent: User, manager: User) -> Submission:
    """Four old seals and a young one; gives a result from the oldest, which a person has erased that day."""
    submission = delivered(agent, FACTS)
    with days_ago(FACTS):
        erase(manager, ASKED, [submission])
        seal.seal_now()
        for _ in range(2):
            make_events(3)
            seal.seal_now()
    make_events(3)
    seal.seal_now()
    return submission


def test_facts_go_under_whole_seals_which_stay(agent: User, manager: User) -> None:
    submission = many_seals(agent, manager)
    kept_elsewhere = anchors.read(anchors.lines())
    seals = list(AuditSeal.objects.order_by("number"))
    gone = retention.run_due()
    fourth = seals[3].last_event
    left = AuditEvent.objects.filter(pk__lte=fourth)
    assert [event.action for event in left] == [Action.ERASED], "what something refers to stays"
    assert gone == sum(one.count for one in seals[:4]) - 1
    assert AuditSeal.objects.count() == 5
    report = fine()
    assert report.let_go == gone
    assert verify(kept_elsewhere).result == "ok"
    assert verify(since=3).result == "ok"
    assert "Let go when their time was over, on the signed record" in report.as_text()
    document = evidence.evidence(submission)
    assert (document["events"], document["events_without_proof"]) == ([], 1)


def test_facts_go_in_batches_and_the_gaps_join(agent: User, manager: User, monkeypatch: pytest.MonkeyPatch) -> None:
    many_seals(agent, manager)
    monkeypatch.setattr(expire, "EVENTS", 4)
    retention.run_due()
    assert Pruning.objects.filter(kind="facts").count() == 4
    fine()


def test_what_is_not_as_it_was_sealed_stays(agent: User, manager: User, caplog: pytest.LogCaptureFixture) -> None:
    many_seals(agent, manager)
    guards.remove()
    sql("UPDATE uploads_auditevent SET outcome = 'better' WHERE id = %s", AuditSeal.objects.get(number=2).first_event)
    guards.install()
    retention.run_due()
    assert not Pruning.objects.filter(kind="facts").exists()
    assert "What seal 2 covers is not as it was sealed" in caplog.text
    assert found() == {"events_changed"}


def test_the_database_lets_facts_go_only_under_whole_seals(agent: User, manager: User) -> None:
    many_seals(agent, manager)
    one, two = AuditSeal.objects.order_by("number")[2:4]
    for first, last in ((one.first_event + 1, two.last_event), (one.first_event, two.last_event - 1)):
        prune.record(Kept.FACTS, first, last, 1)
        assert refused("DELETE FROM uploads_auditpayload WHERE event_id = %s", first)
        assert refused("DELETE FROM uploads_auditevent WHERE id = %s", first)


# -- calls and drafts ----------------------------------------------------------------------------------------


def test_calls_lose_the_person_and_stay_as_facts(agent: User) -> None:
    with days_ago(400):
        made, open_one = note_call(agent), note_call(agent)
        made.settle(agent, "done")
    retention.run_due()
    done, waiting = Call.objects.order_by("pk")
    assert (done.customer, done.note, done.outcome_label) == ([], "", "Call back later")
    assert (done.pk, waiting.pk, waiting.note) == (made.pk, open_one.pk, "Lee is on holiday")
    assert AuditEvent.objects.get(action=Action.PRUNED).object_name == f"calls {done.pk} to {done.pk}, 1"


def test_each_kind_is_looked_through_once_a_day(agent: User) -> None:
    retention.run_due()
    with days_ago(31):
        Draft.objects.create(agent=agent, token=uuid.uuid4())
    assert retention.run_due() == 0
    tomorrow = timezone.now() + timedelta(days=1, minutes=1)
    assert retention.run_due(tomorrow) == 1
    assert RetentionRun.objects.get(kind="drafts").ended_at == tomorrow


def test_a_look_that_was_cut_short_goes_on(agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        delivered(agent, EXCHANGES)
    monkeypatch.setattr(expire, "ROWS", 2)
    real, batches = prune.exchanges, []

    def lose_the_second(events: list[int]) -> None:
        batches.append(events)
        if len(batches) == 2:
            raise KeyboardInterrupt
        real(events)

    monkeypatch.setattr(prune, "exchanges", lose_the_second)
    with pytest.raises(KeyboardInterrupt):
        retention.run_due()
    assert RetentionRun.objects.get(kind="exchanges").reached == batches[0][-1]
    assert retention.run_due() == 4
    assert RetentionRun.objects.get(kind="exchanges").removed == 6
    fine()


@pytest.mark.parametrize(
    "setting", [{"RETENTION": dict.fromkeys(map(str, Kept.values))}, {"AUDIT_SEAL_KEY": ""}], ids=["for ever", "no key"]
)
def test_nothing_signed_goes_without_a_period_or_a_key(
    agent: User, settings: Settings, setting: dict[str, object]
) -> None:
    submission = delivered(agent, FACTS)
    for name, value in setting.items():
        setattr(settings, name, value)
    assert retention.run_due() == 0
    assert len(bodies(submission)) == 3


# -- tampering under the cover of retention ------------------------------------------------------------------


def sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def another_body(log: list[Submission]) -> None:
    """Within the range that was let go, of a result that still waited."""
    sql("DELETE FROM uploads_auditpayload WHERE event_id = %s", AuditEvent.objects.about(log[1])[1].pk)


def another_kind_of_content(log: list[Submission]) -> None:
    sql("DELETE FROM uploads_auditpayload WHERE event_id = %s", AuditEvent.objects.about(log[1])[0].pk)


def a_wider_range(_log: list[Submission]) -> None:
    """The row and its event, but not the signature; the event is not sealed yet."""
    pruning = Pruning.objects.get(kind="exchanges")
    said = f"exchanges {pruning.first_id} to {pruning.last_id + 5}, {pruning.count + 5}"
    sql("UPDATE uploads_auditevent SET object_name = %s WHERE id = %s", said, pruning.pk)
    sql("UPDATE uploads_pruning SET last_id = last_id + 5, count = count + 5")


def a_record_of_ones_own(log: list[Submission]) -> None:
    """All as the portal does it, without the key."""
    events = [event.pk for event in AuditEvent.objects.about(log[1]) if event.attempt_id]
    said = f"exchanges {events[0]} to {events[-1]}, {len(events)}"
    event = AuditEvent.objects.create(
        action=Action.PRUNED, outcome="exchanges", object_name=said, actor_name="retention"
    )
    Pruning.objects.create(
        event=event, kind="exchanges", first_id=events[0], last_id=events[-1], count=len(events), mac=bytes(32)
    )
    sql("DELETE FROM uploads_auditpayload WHERE event_id = %s", events[0])


def no_record(_log: list[Submission]) -> None:
    sql("DELETE FROM uploads_pruning")


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (another_body, {"content_missing"}),
        (another_kind_of_content, {"content_missing"}),
        (a_wider_range, {"pruning_wrong", "content_missing"}),
        (a_record_of_ones_own, {"pruning_wrong", "content_missing"}),
        (no_record, {"content_missing"}),
    ],
)
def test_whoever_uses_the_gap_for_more_is_found(
    agent: User, tamper: Callable[[list[Submission]], None], expected: set[str]
) -> None:
    with days_ago(EXCHANGES):
        log = [entered(agent) for _ in range(3)]
        deliver(log[0])
        lose(log[1])
        deliver(log[2])
        seal.seal_now()
    assert retention.run_due() == 4
    guards.remove()
    tamper(log)
    guards.install()
    assert found() == expected


def an_event_that_stayed_changes() -> None:
    sql("UPDATE uploads_auditevent SET outcome = 'not_needed' WHERE action = 'submission.erased'")


def an_event_that_stayed_goes() -> None:
    sql("DELETE FROM uploads_erasure")
    sql("DELETE FROM uploads_auditevent WHERE action = 'submission.erased'")


def an_event_comes_into_the_gap() -> None:
    AuditEvent(pk=Pruning.objects.get().first_id, action=Action.SIGNED_IN).save(force_insert=True)


def one_more_seal_goes() -> None:
    number = Pruning.objects.get().last_id
    sql("UPDATE uploads_pruning SET last_id = %s", AuditSeal.objects.get(first_event=number + 1).last_event)


def the_next_event_goes_too() -> None:
    event = Pruning.objects.get().last_id + 1
    sql("DELETE FROM uploads_auditpayload WHERE event_id = %s", event)
    sql("DELETE FROM uploads_auditevent WHERE id = %s", event)


def a_seal_of_the_gap_goes() -> None:
    sql("DELETE FROM uploads_auditseal WHERE number = 2")


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (an_event_that_stayed_changes, {"pruning_wrong"}),
        (an_event_that_stayed_goes, {"pruning_wrong"}),
        (an_event_comes_into_the_gap, {"pruning_wrong"}),
        (one_more_seal_goes, {"pruning_wrong", "events_missing"}),
        (the_next_event_goes_too, {"events_missing"}),
        (a_seal_of_the_gap_goes, {"pruning_wrong", "seal_missing"}),
    ],
)
def test_whoever_uses_the_gap_in_the_facts_for_more_is_found(
    agent: User, manager: User, tamper: Callable[[], None], expected: set[str]
) -> None:
    many_seals(agent, manager)
    retention.run_due()
    seal.seal_now()
    guards.remove()
    tamper()
    guards.install()
    assert expected <= found() <= expected | {"events_missing", "delivery_differs"}


def test_a_record_of_contents_that_stands_for_more_results_is_found(agent: User, manager: User) -> None:
    delivered(agent, CONTENTS)
    other = delivered(agent, 1)
    retention.run_due()
    guards.remove()
    Erasure.objects.create(submission=other, reason="retention", event=Pruning.objects.get(kind="contents").event)
    sql("DELETE FROM uploads_auditpayload WHERE event_id = %s", AuditEvent.objects.about(other)[0].pk)
    guards.install()
    assert found() == {"pruning_wrong"}


# -- what comes in late --------------------------------------------------------------------------------------


def test_what_comes_in_late_about_what_was_erased_goes_within_the_hour(agent: User, manager: User) -> None:
    submission, other = entered(agent), entered(agent)
    erase(manager, ASKED, [submission])
    for one in (submission, other):
        AuditEvent.objects.record(Action.ATTEMPT_ENDED_LATE, one, actor=WORKER, body={"body": "Lee"})
    Draft.objects.create(agent=agent, revises=submission, values={"Email": ["lee@example.com"]})
    assert erase_list.complete() == 1
    assert not AuditPayload.objects.filter(event__object_id=str(submission.pk)).exists()
    assert len(bodies(other)) == 2
    assert not Draft.objects.exists()
    assert erase_list.complete() == 0
