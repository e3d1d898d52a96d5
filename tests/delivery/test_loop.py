"""The loop's steps against a real server: what is claimed, what leaves, what is written."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.utils import timezone

from tests.factories import make_submission
from uploads.customergauge import ApiKey, Client
from uploads.delivery.loop import Loop
from uploads.models import (
    LEASE,
    PAYLOAD_VERSION,
    Action,
    Attempt,
    AuditEvent,
    Cause,
    Channel,
    Delivery,
    Lane,
    State,
    Submission,
)
from uploads.simulator import Simulator

from .conftest import KEY, drain

PAYLOAD = [
    ["CustomerNumber", "1143"],
    ["Email", "lee@example.com"],
    ["NetPromoterScore", "4"],
    ["Comment", "Waited too long"],
    ["EmailSentDate", "2026-11-02 13:40:00"],
    ["SurveyCompletedDate", "2026-11-02 13:59:12"],
]


def queued(agent: User, comment: str = "Waited too long", **fields: object) -> Submission:
    payload = [[key, comment if key == "Comment" else value] for key, value in PAYLOAD]
    return make_submission(agent, payload=payload, **fields)


def make_due() -> None:
    Delivery.objects.filter(state=State.QUEUED).update(next_at=timezone.now() - timedelta(seconds=1))


def after(submission: Submission) -> Delivery:
    return Delivery.objects.get(pk=submission.pk)


def test_a_due_delivery_arrives_once_and_keeps_the_number(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = queued(agent)
    drain(loop)
    delivery = after(submission)
    assert (delivery.state, delivery.confirmed_by, delivery.evidence) == (State.DELIVERED, "reply", "stored")
    assert [str(number) for number in simulator.records] == [delivery.cg_id]
    assert [list(pair) for pair in simulator.arrivals[0].pairs] == PAYLOAD


def test_what_is_not_due_stays(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = queued(agent, next_at=timezone.now() + timedelta(hours=1))
    drain(loop)
    assert after(submission).state == State.QUEUED
    assert not simulator.arrivals


def test_what_a_newer_release_has_frozen_is_left_for_its_worker(loop: Loop, simulator: Simulator, agent: User) -> None:
    newer = queued(agent, payload_version=PAYLOAD_VERSION + 1)
    known = queued(agent)
    drain(loop)
    assert (after(newer).state, after(known).state) == (State.QUEUED, State.DELIVERED)


def test_the_wire_mark_is_older_than_the_outcome(loop: Loop, agent: User) -> None:
    submission = queued(agent)
    drain(loop)
    attempt = Attempt.objects.get(delivery=submission.pk)
    assert attempt.started_at <= attempt.wire_at <= attempt.ended_at
    assert (attempt.outcome, attempt.status, attempt.worker) == ("delivered", 200, "here:1")


def test_the_story_is_told_in_the_audit_log_without_the_key(loop: Loop, agent: User) -> None:
    submission = queued(agent)
    drain(loop)
    claimed, delivered = AuditEvent.objects.about(submission)
    assert [claimed.action, delivered.action] == [Action.SENDING, Action.DELIVERED]
    request, reply = (json.loads(bytes(event.payload.body)) for event in (claimed, delivered))
    assert request["url"].endswith("/v4.1/transactions/response.json")
    assert "NetPromoterScore=4" in request["body"]
    assert KEY not in json.dumps(request)
    assert '"number_customergauge"' in reply["body"]


@pytest.mark.parametrize(
    ("behaviour", "state", "stored"),
    [
        ("reset-after-body", State.UNCONFIRMED, True),
        ("500", State.UNCONFIRMED, False),
        ("500-stored", State.UNCONFIRMED, True),
        ("204", State.UNCONFIRMED, None),
        ("silence", State.UNCONFIRMED, None),
        ("307", State.QUEUED, False),
        ("garbage", State.UNCONFIRMED, None),
        ("html", State.UNCONFIRMED, None),
    ],
)
def test_misbehaviour_of_the_api_ends_in_an_honest_state(
    loop: Loop, simulator: Simulator, agent: User, behaviour: str, state: State, stored: bool | None
) -> None:
    simulator.behave(behaviour)
    submission = queued(agent)
    drain(loop)
    assert after(submission).state == state
    if stored is not None:
        assert bool(simulator.records) is stored
    simulator.behave_well()
    drain(loop)
    assert len(simulator.records) <= 1, "what may have been processed was sent again"


def test_one_number_for_two_results_keeps_both(loop: Loop, simulator: Simulator, agent: User) -> None:
    simulator.behave("number-repeated")
    first, second = queued(agent), queued(agent)
    drain(loop)
    assert (after(first).state, after(first).cg_id) == (after(second).state, after(second).cg_id)
    assert (after(first).state, after(first).cg_id) == (State.DELIVERED, "1")


@pytest.mark.parametrize("behaviour", ["clock-ahead", "clock-behind"])
def test_a_clock_that_is_a_day_off_is_written_down_and_changes_nothing(
    loop: Loop, simulator: Simulator, agent: User, behaviour: str
) -> None:
    simulator.behave(behaviour)
    submission = queued(agent)
    drain(loop)
    assert after(submission).state == State.DELIVERED
    assert abs(Channel.current().skew) > 80_000


def test_refused_content_is_rejected(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = make_submission(agent, payload=[pair for pair in PAYLOAD if pair[0] != "Email"])
    drain(loop)
    delivery = after(submission)
    assert (delivery.state, delivery.evidence) == (State.REJECTED, "content_refused")
    assert Attempt.objects.get(delivery=delivery).code == "400003"


def test_a_closed_port_costs_a_try_and_is_tried_again_later(loop: Loop, simulator: Simulator, agent: User) -> None:
    simulator.behave("refused")
    submission = queued(agent)
    drain(loop)
    delivery = after(submission)
    assert (delivery.state, delivery.evidence, delivery.tries) == (State.QUEUED, "refused", 1)
    assert delivery.next_at > timezone.now()
    simulator.behave_well()
    make_due()
    loop.hint()
    drain(loop)
    assert after(submission).state == State.DELIVERED
    assert len(simulator.records) == 1


def test_tries_end_after_72_hours(loop: Loop, simulator: Simulator, agent: User) -> None:
    simulator.behave("refused")
    submission = queued(agent)
    Delivery.objects.update(first_failed_at=timezone.now() - timedelta(hours=73))
    drain(loop)
    assert after(submission).state == State.FAILED


def test_a_refused_key_pauses_everything_after_one_call(loop: Loop, simulator: Simulator, agent: User) -> None:
    simulator.behave("401")
    first, second = queued(agent), queued(agent)
    third = queued(agent)
    drain(loop)
    channel = Channel.current()
    assert (channel.paused, channel.evidence) == (True, "credential_refused")
    assert {after(s).state for s in (first, second, third)} == {State.QUEUED}
    assert len(simulator.arrivals) <= 2  # what was already under way
    assert {after(s).tries for s in (first, second, third)} == {0}
    simulator.behave_well()
    channel.resume(agent)
    make_due()
    loop.hint()
    drain(loop)
    assert {after(s).state for s in (first, second, third)} == {State.DELIVERED}
    assert len(simulator.records) == 3


def test_retry_after_makes_the_whole_channel_wait_and_spends_no_try(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    simulator.behave("429-retry-after-120")
    submission = queued(agent)
    drain(loop)
    other = queued(agent)
    loop.hint()
    drain(loop)
    assert {after(submission).state, after(other).state} == {State.QUEUED}
    assert after(submission).tries == 0
    assert len(simulator.arrivals) == 1
    assert Channel.current().wait_until > timezone.now()


def test_what_a_worker_has_in_stock_when_it_stops_goes_back_untouched(simulator: Simulator, agent: User) -> None:
    simulator.latency = 0.3
    loop = Loop(Client(simulator.url, ApiKey(KEY)), "here:1", calls=8)
    submissions = [queued(agent, f"number {number}") for number in range(20)]
    loop.hint()
    loop.step()
    assert loop.in_flight == 12, "two threads more than calls, and two jobs in stock"
    loop.stopping = True
    loop.run()
    states = [after(submission).state for submission in submissions]
    assert states.count(State.DELIVERED) == len(simulator.records) == 10
    assert states.count(State.QUEUED) == 10
    back = Delivery.objects.filter(evidence="given_back")
    assert [(row.tries, row.priority) for row in back] == [(0, Lane.ENTRY)] * 2


def test_no_more_calls_are_under_way_at_once_than_agreed(simulator: Simulator, agent: User) -> None:
    simulator.latency = 0.2
    loop = Loop(Client(simulator.url, ApiKey(KEY)), "here:1", calls=8)
    for number in range(20):
        queued(agent, f"number {number}")
    drain(loop)
    begun = sorted(arrival.at for arrival in simulator.arrivals)
    assert len(begun) == len(simulator.records) == 20
    assert all(ninth - first >= timedelta(seconds=0.2) for first, ninth in zip(begun, begun[8:], strict=False))


def test_a_lease_that_is_over_without_a_mark_goes_back_to_the_queue(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    submission = queued(agent)
    lost = after(submission)
    attempt = lost.claim("gone:7", timezone.now() + LEASE, None)
    Delivery.objects.update(lease_until=Now())
    loop.claims.collect_the_lost()
    loop.hint()
    assert after(submission).state == State.QUEUED
    assert not lost.mark_on_wire(attempt), "the lost worker came back and was allowed to send"
    make_due()
    loop.hint()
    drain(loop)
    assert after(submission).state == State.DELIVERED


def test_a_lease_that_is_over_after_the_mark_is_unconfirmed_and_not_sent_again(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    submission = queued(agent)
    lost = after(submission)
    lost.mark_on_wire(lost.claim("gone:7", timezone.now() + LEASE, None))
    Delivery.objects.update(lease_until=Now())
    loop.claims.collect_the_lost()
    loop.hint()
    loop.hint()
    drain(loop)
    assert (after(submission).state, after(submission).evidence) == (State.UNCONFIRMED, "worker_lost")
    assert not simulator.arrivals


def test_a_row_that_breaks_our_own_code_is_set_aside_and_the_others_go_on(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    poisoned = make_submission(agent, payload=[["Comment"]])
    healthy = queued(agent)
    for _ in range(3):
        make_due()
        loop.hint()
        drain(loop)
    assert (after(poisoned).state, after(poisoned).evidence) == (State.FAILED, "internal")
    assert after(healthy).state == State.DELIVERED


def test_a_late_success_counts_if_nobody_has_decided_meanwhile(loop: Loop, simulator: Simulator, agent: User) -> None:
    simulator.latency = 0.5
    submission = queued(agent)
    loop.step()
    while not Attempt.objects.exclude(wire_at=None).exists():
        loop.step(patience=0.2)
    Delivery.objects.update(lease_until=Now())
    loop.claims.collect_the_lost()
    loop.hint()
    assert after(submission).state == State.UNCONFIRMED
    drain(loop)
    assert after(submission).state == State.DELIVERED


def test_a_late_success_does_not_undo_a_decision(loop: Loop, simulator: Simulator, agent: User) -> None:
    simulator.latency = 0.5
    submission = queued(agent)
    loop.step()
    while not Attempt.objects.exclude(wire_at=None).exists():
        loop.step(patience=0.2)
    Delivery.objects.update(lease_until=Now())
    loop.claims.collect_the_lost()
    loop.hint()
    after(submission).cancel(Cause("mia", evidence="dropped"))
    drain(loop)
    assert after(submission).state == State.CANCELLED
    assert AuditEvent.objects.filter(action=Action.ATTEMPT_ENDED_LATE).count() == 1


def test_five_calls_into_the_void_make_everything_wait_and_one_tries_again(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    simulator.behave("refused")
    submissions = [queued(agent, f"number {number}") for number in range(12)]
    drain(loop)
    channel = Channel.current()
    assert not channel.is_open
    assert channel.is_doubtful
    tried = Delivery.objects.filter(tries=1).count()
    assert 5 <= tried < 12, "the rest of the backlog must not spend its tries"
    events = AuditEvent.objects.filter(object_type="channel")
    assert set(events.values_list("action", flat=True)) == {Action.CHANNEL_DOWN}

    simulator.behave_well()
    Channel.objects.update(wait_until=timezone.now() - timedelta(seconds=1))
    make_due()
    loop.hint()
    loop.step()
    assert loop.in_flight == 1, "a harmless probe goes first"
    assert {arrival.method for arrival in simulator.arrivals} <= {"GET"}
    drain(loop)
    assert {after(submission).state for submission in submissions} == {State.DELIVERED}
    assert len(simulator.records) == 12
    assert (Channel.current().breaks, Channel.current().shut_since) == (0, None)
    assert events.order_by("-id").values_list("action", flat=True)[0] == Action.CHANNEL_BACK


def test_errors_of_the_server_break_the_line_before_they_make_the_whole_backlog_unconfirmed(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    simulator.behave("500")
    for number in range(12):
        queued(agent, f"number {number}")
    drain(loop)
    assert Channel.current().is_doubtful
    assert 5 <= Delivery.objects.filter(state=State.UNCONFIRMED).count() <= 6  # two calls may be under way at once


def test_a_refusal_shows_that_customergauge_is_there(loop: Loop, simulator: Simulator, agent: User) -> None:
    simulator.behave("refused")
    for number in range(4):
        queued(agent, f"number {number}")
    drain(loop)
    Delivery.objects.update(next_at=timezone.now() + timedelta(hours=1))
    simulator.behave_well()
    make_submission(agent, payload=[pair for pair in PAYLOAD if pair[0] != "Email"])
    drain(loop)
    simulator.behave("refused")
    for number in range(4):
        queued(agent, f"again {number}")
    drain(loop)
    assert not Channel.current().is_doubtful


def test_five_refusals_with_one_code_pause_before_the_backlog_is_spoiled(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    wrong = [pair for pair in PAYLOAD if pair[0] != "Email"]
    submissions = [make_submission(agent, payload=wrong) for _ in range(12)]
    drain(loop)
    states = [after(submission).state for submission in submissions]
    assert 5 <= states.count(State.REJECTED) <= 6  # two calls may be under way at once
    assert states.count(State.QUEUED) >= 6
    channel = Channel.current()
    assert (channel.paused, channel.evidence) == (True, "refused_repeatedly")
    good = queued(agent)
    Delivery.objects.filter(pk__in=[s.pk for s in submissions], state=State.QUEUED).update(priority=10)
    channel.resume(agent)
    drain(loop)
    assert after(good).state == State.DELIVERED


def test_a_key_that_the_account_does_not_map_spoils_only_its_own_record(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    unmapped = make_submission(agent, payload=[*PAYLOAD, ["Segment_C", "x"]])
    good = queued(agent)
    drain(loop)
    assert (after(unmapped).state, after(unmapped).evidence) == (State.REJECTED, "fields_refused")
    assert after(good).state == State.DELIVERED
