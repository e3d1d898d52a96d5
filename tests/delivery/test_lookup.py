"""What may have arrived is looked up: a hit on our reference counts, likeness is a proposal, nothing proves nothing."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.factories import customer, make_submission
from uploads.customergauge import ApiKey, Client, Timeouts, create
from uploads.delivery.lookup import LookupJob
from uploads.delivery.loop import Loop
from uploads.delivery.matching import WITHIN
from uploads.models import Action, Attempt, AuditEvent, Cause, Channel, Delivery, Lane, State, Submission
from uploads.models.submission import new_reference
from uploads.simulator import Simulator

from .conftest import KEY, drain

PAYLOAD = [
    ["Email", "lee@example.com"],
    ["NetPromoterScore", "4"],
    ["SurveyCompletedDate", "2026-11-02 13:59:12"],
]


def unconfirmed(
    loop: Loop, simulator: Simulator, agent: User, behaviour: str, *, reference: str = "cgportal_ref",
    payload: list[list[str]] = PAYLOAD, **fields: Any,
) -> Submission:  # fmt: skip
    """A submission whose only call ended without a usable answer."""
    mine = new_reference()
    extra = [[reference, mine]] if reference else []
    submission = make_submission(agent, payload=payload + extra, reference=mine, **fields)
    simulator.behave(behaviour)
    drain(loop)
    simulator.behave_well()
    assert now(submission).state == State.UNCONFIRMED
    return submission


def store(simulator: Simulator, count: int = 1, **changes: str) -> None:
    """Records that somebody else has put there."""
    client = Client(simulator.url, ApiKey(KEY), timeouts=Timeouts(connect=2, read=2, deadline=4))
    pairs = tuple((dict(PAYLOAD) | changes).items())
    for _ in range(count):
        client.send(create(pairs), on_wire=lambda: None)


def now(submission: Submission) -> Delivery:
    return Delivery.objects.get(pk=submission.pk)


def look_now(loop: Loop, submission: Submission) -> Delivery:
    Delivery.objects.filter(lookup_at__isnull=False).update(lookup_at=timezone.now() - timedelta(seconds=1))
    drain(loop)
    return now(submission)


def last(submission: Submission) -> AuditEvent:
    event = AuditEvent.objects.about(submission).last()
    assert event
    return event


def body(submission: Submission) -> dict[str, Any]:
    return dict(json.loads(bytes(last(submission).payload.body)))


def looks(simulator: Simulator) -> list[str]:
    return [arrival.path for arrival in simulator.arrivals if arrival.method == "GET"]


# -- by our own reference ---------------------------------------------------------------------------------


def test_a_record_with_our_reference_is_delivered(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored")
    delivery = look_now(loop, submission)
    (number,) = simulator.records
    assert (delivery.state, delivery.confirmed_by, delivery.cg_id) == (State.DELIVERED, "lookup", str(number))
    assert [attempt.kind for attempt in Attempt.objects.all()] == ["send", "lookup"]
    assert last(submission).outcome == "lookup_found"


def test_nothing_found_proves_nothing_and_is_looked_up_five_times(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    submission = unconfirmed(loop, simulator, agent, "500")
    first = now(submission).lookup_at
    assert first
    assert timedelta(seconds=50) < first - timezone.now() <= timedelta(seconds=60)
    waits = []
    for _ in range(5):
        delivery = look_now(loop, submission)
        assert delivery.state == State.UNCONFIRMED
        waits.append(delivery.lookup_at and round((delivery.lookup_at - timezone.now()).total_seconds() / 60))
    assert waits == [5, 30, 120, 720, None]
    delivery = look_now(loop, submission)
    assert (delivery.lookups, delivery.evidence) == (5, "lookup_none")
    assert AuditEvent.objects.filter(action=Action.LOOKED_UP, outcome="lookup_none").count() == 5
    assert not simulator.records, "an unconfirmed result was sent again by itself"


def test_an_answer_that_ignores_the_filter_is_not_believed(loop: Loop, simulator: Simulator, agent: User) -> None:
    other = make_submission(agent, payload=PAYLOAD)
    drain(loop)
    submission = unconfirmed(loop, simulator, agent, "500")
    simulator.behave("lookup-everything")
    delivery = look_now(loop, submission)
    assert (delivery.state, delivery.evidence) == (State.UNCONFIRMED, "lookup_none")
    assert now(other).state == State.DELIVERED


def test_two_records_with_one_reference_are_left_to_a_person(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored")
    twin = make_submission(agent, payload=submission.payload)
    drain(loop)
    assert now(twin).state == State.DELIVERED
    delivery = look_now(loop, submission)
    assert (delivery.state, delivery.evidence) == (State.UNCONFIRMED, "lookup_several")


def test_a_record_whose_number_another_result_has_is_left_to_a_person(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored")
    (number,) = simulator.records
    make_submission(agent, State.DELIVERED, cg_id=str(number))
    delivery = look_now(loop, submission)
    assert (delivery.state, delivery.evidence) == (State.UNCONFIRMED, "lookup_shared")


def test_a_reference_that_the_account_does_not_know_leads_to_a_look_at_the_day(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    submission = unconfirmed(loop, simulator, agent, "500", reference="division")
    store(simulator)
    assert look_now(loop, submission).evidence == "lookup_match"
    assert ["filter_division" in path for path in looks(simulator)] == [True, False]


# -- by likeness ------------------------------------------------------------------------------------------


def test_one_record_that_is_alike_is_a_proposal_and_no_more(loop: Loop, simulator: Simulator, agent: User) -> None:
    store(simulator, Email="somebody.else@example.com")
    submission = unconfirmed(loop, simulator, agent, "500-stored", reference="")
    delivery = look_now(loop, submission)
    assert (delivery.state, delivery.evidence, delivery.cg_id) == (State.UNCONFIRMED, "lookup_match", "")
    assert delivery.lookup_at, "it is looked up again until somebody decides"
    shown = body(submission)
    assert shown["read"] == 2
    assert [record["number_customergauge"] for record in shown["records"]] == ["2"]
    assert "somebody.else" not in json.dumps(shown), "other people's records are kept"


def test_no_address_asked_for_holds_personal_data(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored", reference="")
    look_now(loop, submission)
    asked = looks(simulator)
    assert asked
    assert all("lee" not in path and "example" not in path for path in asked)
    assert "date_range_from=2026-11-01+13%3A59%3A12&date_range_to=2026-11-03+13%3A59%3A12" in asked[0]


@pytest.mark.parametrize(
    ("there", "evidence"),
    [
        ({"Email": "LEE@Example.com"}, "lookup_match"),
        ({"NetPromoterScore": "4.0"}, "lookup_match"),
        ({"Comment": "other words"}, "lookup_match"),
        ({"Email": "lea@example.com"}, "lookup_none"),
        ({"NetPromoterScore": "5"}, "lookup_none"),
        ({"SurveyCompletedDate": "2026-11-02 13:59:13"}, "lookup_none"),
        ({"SurveyCompletedDate": "2026-11-12 13:59:12"}, "lookup_none"),
    ],
)
def test_what_is_alike(loop: Loop, simulator: Simulator, agent: User, there: dict[str, str], evidence: str) -> None:
    submission = unconfirmed(loop, simulator, agent, "500", reference="")
    store(simulator, **there)
    assert look_now(loop, submission).evidence == evidence


def test_several_records_that_are_alike_may_be_a_duplicate(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = unconfirmed(loop, simulator, agent, "500", reference="")
    store(simulator, 2)
    assert look_now(loop, submission).evidence == "lookup_matches"
    assert len(body(submission)["records"]) == 2


def test_a_record_that_belongs_to_another_result_is_not_proposed(loop: Loop, simulator: Simulator, agent: User) -> None:
    make_submission(agent, payload=PAYLOAD)
    drain(loop)
    submission = unconfirmed(loop, simulator, agent, "500", reference="")
    assert look_now(loop, submission).evidence == "lookup_none"
    assert body(submission)["records"] == []


def test_a_record_that_fits_two_results_is_proposed_for_neither(loop: Loop, simulator: Simulator, agent: User) -> None:
    one = unconfirmed(loop, simulator, agent, "500", reference="")
    two = unconfirmed(loop, simulator, agent, "500", reference="")
    store(simulator)
    assert look_now(loop, one).evidence == now(two).evidence == "lookup_shared"


def test_a_record_is_found_on_the_last_page(loop: Loop, simulator: Simulator, agent: User) -> None:
    store(simulator, 85, Email="somebody.else@example.com")
    submission = unconfirmed(loop, simulator, agent, "500-stored", reference="")
    assert look_now(loop, submission).evidence == "lookup_match"
    assert [path.partition("start=")[2] for path in looks(simulator)] == ["0&limit=40", "40&limit=40", "80&limit=40"]
    assert body(submission)["read"] == 86


@pytest.mark.parametrize(
    ("behaviour", "evidence"),
    [
        ("lookup-empty", "lookup_none"),
        ("lookup-400002", "lookup_none"),
        ("lookup-stranger", "lookup_none"),
        ("lookup-anonymised", "lookup_none"),
        ("lookup-twice", "lookup_match"),
        ("lookup-object", "lookup_match"),
        ("lookup-everything", "lookup_match"),
        ("lookup-first-page", "lookup_match"),
        ("lookup-number-alone", "server_error"),
    ],
)
def test_odd_answers_to_a_look_up(loop: Loop, simulator: Simulator, agent: User, behaviour: str, evidence: str) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored", reference="")
    simulator.behave(behaviour)
    delivery = look_now(loop, submission)
    assert (delivery.state, delivery.evidence) == (State.UNCONFIRMED, evidence)


def test_a_period_that_cannot_be_read_to_its_end_says_nothing(loop: Loop, simulator: Simulator, agent: User) -> None:
    store(simulator, 45, Email="somebody.else@example.com")
    submission = unconfirmed(loop, simulator, agent, "500-stored", reference="")
    simulator.behave("lookup-first-page")
    delivery = look_now(loop, submission)
    assert (delivery.evidence, delivery.lookups) == ("server_error", 0)
    assert last(submission).outcome == "lookup_failed"
    assert "records" not in body(submission)


@pytest.mark.parametrize(("ordered", "evidence"), [(True, "lookup_match"), (False, "server_error")])
def test_an_account_that_knows_the_order_date_only_is_asked_by_that(
    loop: Loop, simulator: Simulator, agent: User, ordered: bool, evidence: str
) -> None:
    order = [["OrderDate", "2026-11-02 10:00:00"]] if ordered else []
    submission = unconfirmed(loop, simulator, agent, "500-stored", reference="", payload=PAYLOAD + order)
    simulator.behave("lookup-400001")
    assert look_now(loop, submission).evidence == evidence
    assert last(submission).outcome == ("lookup_match" if ordered else "lookup_failed")


def test_keys_of_another_name_are_understood_by_what_they_carry(loop: Loop, simulator: Simulator, agent: User) -> None:
    renamed = [["Adres", "lee@example.com"], ["Punten", "4"], ["Klaar", "2026-11-02 13:59:12"]]
    fields = [customer("Adres", "E-mail", "email", "lee@example.com")]
    submission = unconfirmed(loop, simulator, agent, "500", reference="", payload=renamed, customer=fields)
    store(simulator)
    assert look_now(loop, submission).evidence == "lookup_match"


@pytest.mark.parametrize("missing", ["Email", "SurveyCompletedDate", "NetPromoterScore"])
def test_without_anything_to_look_for_there_is_no_look_up(
    loop: Loop, simulator: Simulator, agent: User, missing: str
) -> None:
    payload = [pair for pair in PAYLOAD if pair[0] != missing]
    submission = unconfirmed(loop, simulator, agent, "500-stored", reference="", payload=payload)
    delivery = look_now(loop, submission)
    assert (delivery.state, delivery.lookup_at) == (State.UNCONFIRMED, None)
    assert looks(simulator) == []


# -- look-ups that fail -----------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", ["500", "silence", "html", "garbage", "reset-after-body", "lookup-numbers"])
def test_a_look_up_that_fails_changes_nothing_and_does_not_count(
    loop: Loop, simulator: Simulator, agent: User, behaviour: str
) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored")
    simulator.behave(behaviour)
    delivery = look_now(loop, submission)
    assert (delivery.state, delivery.evidence, delivery.lookups) == (State.UNCONFIRMED, "server_error", 0)
    assert delivery.lookup_at
    assert delivery.lookup_at > timezone.now()
    simulator.behave_well()
    assert look_now(loop, submission).state == State.DELIVERED


def claimed(submission: Submission, seconds_ago: float) -> LookupJob:
    """A look-up that has waited for a thread since it was claimed."""
    attempt = now(submission).begin_lookup("here:1", timezone.now() + timedelta(minutes=2))
    assert attempt
    return LookupJob(now(submission), attempt, claimed=time.monotonic() - seconds_ago)


@pytest.mark.parametrize(("left", "asked"), [(-0.1, 0), (0.45, 1), (WITHIN, 3)])
def test_a_look_up_begins_no_call_that_could_outlast_its_lease(
    loop: Loop, simulator: Simulator, agent: User, left: float, asked: int
) -> None:
    store(simulator, 85, Email="somebody.else@example.com")
    submission = unconfirmed(loop, simulator, agent, "500-stored", reference="")
    simulator.latency = 0.5
    job = claimed(submission, WITHIN - left)
    client = Client(simulator.url, ApiKey(KEY), timeouts=Timeouts(connect=2, read=2, deadline=4))
    job.settle(job.call(client, lambda: None), "here:1")
    assert len(looks(simulator)) == asked
    delivery = now(submission)
    outcome = "lookup_match" if asked == 3 else "lookup_failed"
    assert (delivery.state, last(submission).outcome) == (State.UNCONFIRMED, outcome)
    assert delivery.lookup_at, "it is looked up again"


def test_a_peer_that_drips_ends_a_look_up_at_the_deadline_of_its_call(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored")
    simulator.behave("body-drip")
    job = claimed(submission, 0)
    client = Client(simulator.url, ApiKey(KEY), timeouts=Timeouts(connect=2, read=2, deadline=0.5))
    (exchange,) = job.call(client, lambda: None)
    job.settle((exchange,), "here:1")
    assert (exchange.fault, len(looks(simulator))) == ("deadline", 1)
    assert last(submission).outcome == "lookup_failed"
    simulator.behave_well()
    assert look_now(loop, submission).state == State.DELIVERED


def test_look_ups_that_go_on_failing_become_rare(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored")
    simulator.behave("html")
    waits = []
    for hours in (0, 1, 10, 1000):
        Delivery.objects.update(changed_at=timezone.now() - timedelta(hours=hours))
        lookup_at = look_now(loop, submission).lookup_at
        assert lookup_at
        waits.append(round((lookup_at - timezone.now()).total_seconds() / 60))
    assert waits == [1, 30, 300, 720]


def test_a_refused_key_during_a_look_up_pauses_the_channel(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored")
    simulator.behave("401")
    assert look_now(loop, submission).state == State.UNCONFIRMED
    assert Channel.current().paused


def test_a_key_that_may_not_read_stops_the_look_up_and_not_the_sending(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored")
    simulator.behave("403")
    look_now(loop, submission)
    assert last(submission).outcome == "lookup_failed"
    assert not Channel.current().paused


def test_a_plea_to_wait_holds_for_the_whole_channel(loop: Loop, simulator: Simulator, agent: User) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored")
    simulator.behave("429-retry-after-120")
    look_now(loop, submission)
    until = Channel.current().wait_until
    assert until
    assert until > timezone.now() + timedelta(seconds=100)


def test_our_own_fault_in_looking_leaves_it_and_keeps_no_other_from_being_looked_up(
    loop: Loop, simulator: Simulator, agent: User
) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored", reference="")
    bare = make_submission(agent, State.UNCONFIRMED, payload=[["Comment", "x"]])
    Delivery.objects.filter(pk=bare.pk).update(lookup_at=timezone.now())
    assert look_now(loop, submission).evidence == "lookup_match"
    assert (now(bare).state, last(bare).outcome) == (State.UNCONFIRMED, "internal")


# -- a manager wants it sent again -----------------------------------------------------------------------


def ask_again(loop: Loop, submission: Submission, manager: User) -> Delivery:
    assert now(submission).ask_again(Cause(manager, body={"reason": "not there"}), manager)
    drain(loop)
    return now(submission)


def test_what_a_fresh_look_up_does_not_find_is_sent_again(
    loop: Loop, simulator: Simulator, agent: User, manager: User
) -> None:
    submission = unconfirmed(loop, simulator, agent, "500")
    delivery = ask_again(loop, submission, manager)
    assert delivery.state == State.DELIVERED
    assert len(simulator.records) == 1
    queued = AuditEvent.objects.about(submission).get(action=Action.QUEUED)
    assert (queued.actor, queued.outcome) == (manager, "by_person_looked")
    assert delivery.again_by is None
    assert delivery.priority == Lane.RETRY, "it goes behind what agents enter"


def test_what_a_fresh_look_up_finds_by_its_reference_is_delivered_and_not_sent(
    loop: Loop, simulator: Simulator, agent: User, manager: User
) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored")
    assert ask_again(loop, submission, manager).state == State.DELIVERED
    assert len(simulator.records) == 1


@pytest.mark.parametrize(("behaviour", "outcome"), [("ok", "lookup_match"), ("500", "lookup_failed")])
def test_what_a_fresh_look_up_cannot_rule_out_is_not_sent(
    loop: Loop, simulator: Simulator, agent: User, manager: User, behaviour: str, outcome: str
) -> None:
    submission = unconfirmed(loop, simulator, agent, "500-stored", reference="")
    simulator.behave(behaviour)
    delivery = ask_again(loop, submission, manager)
    assert (delivery.state, delivery.again_by) == (State.UNCONFIRMED, None)
    assert last(submission).outcome == outcome
    assert len(simulator.records) == 1
    simulator.behave("lookup-empty")
    assert look_now(loop, submission).state == State.UNCONFIRMED, "an old wish sent it again"


def test_a_wish_that_was_fulfilled_is_not_fulfilled_again(
    loop: Loop, simulator: Simulator, agent: User, manager: User
) -> None:
    submission = unconfirmed(loop, simulator, agent, "500")
    simulator.behave("500", on="POST")
    assert ask_again(loop, submission, manager).state == State.UNCONFIRMED
    assert look_now(loop, submission).state == State.UNCONFIRMED
    assert [arrival.method for arrival in simulator.arrivals].count("POST") == 2
