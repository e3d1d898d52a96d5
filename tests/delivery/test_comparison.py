"""What CustomerGauge stored is compared with what was sent: verified, or what differs, or not found."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from tests.factories import customer, make_submission
from uploads.audit.comparison import ComparedField, comparison_of, same
from uploads.customergauge import ApiKey, Client, Timeouts, correct
from uploads.delivery.loop import Loop
from uploads.models import Action, AuditEvent, Cause, Delivery, ReadBack, State, Submission
from uploads.simulator import Simulator

from .conftest import KEY, drain

PAYLOAD = [
    ["CustomerNumber", "1143"],
    ["Email", "lee@example.com"],
    ["FirstName", "Lee"],
    ["NetPromoterScore", "4"],
    ["Comment", "Waited too long"],
    ["SurveyCompletedDate", "2026-11-02 13:59:12"],
    ["FollowUpRequired", "Y"],
    ["ReasonCode", "10020"],
]


def delivered(loop: Loop, agent: User, **fields: Any) -> Submission:
    submission = make_submission(agent, payload=PAYLOAD, **fields)
    drain(loop)
    assert now(submission).state == State.DELIVERED
    return submission


def now(submission: Submission) -> Delivery:
    return Delivery.objects.select_related("submission").get(pk=submission.pk)


def compare(loop: Loop, submission: Submission, manager: User) -> Delivery:
    assert now(submission).ask_comparison(Cause(manager))
    drain(loop)
    return now(submission)


def change(simulator: Simulator, **values: str) -> None:
    """Somebody corrects record 1 at CustomerGauge."""
    client = Client(simulator.url, ApiKey(KEY), timeouts=Timeouts(connect=2, read=2, deadline=4))
    client.send(correct("1", tuple(values.items())), on_wire=lambda: None)


def last(submission: Submission) -> AuditEvent:
    event = AuditEvent.objects.about(submission).last()
    assert event
    return event


def rows(submission: Submission) -> dict[str, ComparedField]:
    compared = comparison_of(now(submission))
    assert compared is not None
    return {row.key: row for row in compared}


def test_what_is_there_as_it_was_sent_is_verified(loop: Loop, simulator: Simulator, agent: User, manager: User) -> None:
    submission = delivered(loop, agent)
    assert comparison_of(now(submission)) is None
    delivery = compare(loop, submission, manager)
    assert (delivery.state, delivery.read_back, delivery.lookup_at) == (State.DELIVERED, "verified", None)
    assert [row.verdict for row in rows(submission).values()] == ["same"] * len(PAYLOAD)
    assert rows(submission)["Email"] == ("Email", "E-mail", "lee@example.com", "lee@example.com", "same")
    assert rows(submission)["NetPromoterScore"].label == "Score"


def test_what_differs_is_named_with_both_values(loop: Loop, simulator: Simulator, agent: User, manager: User) -> None:
    submission = delivered(loop, agent)
    change(simulator, Comment="Waited", Email="lea@example.com")
    assert compare(loop, submission, manager).read_back == ReadBack.DIFFERS
    body = json.loads(bytes(last(submission).payload.body))
    assert body["differs"] == {
        "Comment": ["Waited too long", "Waited"],
        "E-mail": ["lee@example.com", "lea@example.com"],
    }
    change(simulator, Comment="Waited too long", Email="lee@example.com")
    assert compare(loop, submission, manager).read_back == ReadBack.VERIFIED


def test_what_was_anonymised_there_does_not_differ(
    loop: Loop, simulator: Simulator, agent: User, manager: User
) -> None:
    submission = delivered(loop, agent)
    simulator.behave("lookup-anonymised", on="GET")
    assert compare(loop, submission, manager).read_back == ReadBack.VERIFIED
    assert last(submission).outcome == "compare_anonymised"
    verdicts = {key: row.verdict for key, row in rows(submission).items()}
    assert (verdicts["Email"], verdicts["FirstName"], verdicts["NetPromoterScore"]) == ("anonymised",) * 2 + ("same",)


def test_what_is_not_shown_does_not_differ_and_nothing_shown_verifies_nothing(
    loop: Loop, simulator: Simulator, agent: User, manager: User
) -> None:
    submission = delivered(loop, agent)
    simulator.behave("lookup-number-alone", on="GET")
    assert compare(loop, submission, manager).read_back == ""
    assert last(submission).outcome == "compare_empty"
    assert {row.verdict for row in rows(submission).values()} == {"not_shown"}


def test_a_record_that_is_gone_is_said_to_be_gone(loop: Loop, simulator: Simulator, agent: User, manager: User) -> None:
    submission = delivered(loop, agent)
    simulator.behave("lookup-empty", on="GET")
    delivery = compare(loop, submission, manager)
    assert (delivery.read_back, delivery.lookup_at) == (ReadBack.ABSENT, None)


@pytest.mark.parametrize("behaviour", ["500", "html", "silence", "403"])
def test_a_comparison_that_fails_leaves_what_an_earlier_one_showed(
    loop: Loop, simulator: Simulator, agent: User, manager: User, behaviour: str
) -> None:
    submission = delivered(loop, agent)
    compare(loop, submission, manager)
    simulator.behave(behaviour, on="GET")
    delivery = compare(loop, submission, manager)
    assert (delivery.read_back, last(submission).outcome) == (ReadBack.VERIFIED, "compare_failed")
    assert comparison_of(delivery) is not None


def test_only_its_own_record_is_compared_whatever_comes_back(
    loop: Loop, simulator: Simulator, agent: User, manager: User
) -> None:
    submission = delivered(loop, agent)
    simulator.behave("lookup-stranger", on="GET")
    assert compare(loop, submission, manager).read_back == ReadBack.ABSENT
    simulator.behave("lookup-everything", on="GET")
    other = make_submission(agent, payload=[[key, value.replace("lee@", "ann@")] for key, value in PAYLOAD])
    drain(loop)
    assert compare(loop, other, manager).read_back == ReadBack.VERIFIED
    assert "lee@" not in bytes(last(other).payload.body).decode()


def test_a_correction_that_arrived_is_part_of_what_should_be_there(
    loop: Loop, simulator: Simulator, agent: User, manager: User
) -> None:
    first = delivered(loop, agent)
    fields = [customer("Email", "E-mail", "email", "lee@example.com")]
    second = make_submission(
        agent, revision_of=first, payload=[["Comment", "Waited"]], comment="Waited", customer=fields
    )
    Delivery.objects.filter(pk=second.pk).update(amends="1")
    drain(loop)
    assert compare(loop, second, manager).read_back == ReadBack.VERIFIED
    assert rows(second)["Comment"] == ("Comment", "Comment", "Waited", "Waited", "same")
    assert rows(second)["Email"].verdict == "same"


def test_read_back_compares_by_itself_after_a_while(
    loop: Loop, simulator: Simulator, agent: User, settings: Settings
) -> None:
    settings.CUSTOMERGAUGE_READ_BACK = True
    submission = delivered(loop, agent)
    due = now(submission).lookup_at
    assert due
    assert timedelta(minutes=1) < due - timezone.now() <= timedelta(minutes=2)
    Delivery.objects.update(lookup_at=timezone.now())
    drain(loop)
    assert now(submission).read_back == ReadBack.VERIFIED


def test_read_back_does_not_say_too_soon_that_it_is_absent(
    loop: Loop, simulator: Simulator, agent: User, settings: Settings
) -> None:
    settings.CUSTOMERGAUGE_READ_BACK = True
    submission = delivered(loop, agent)
    simulator.behave("lookup-empty", on="GET")
    seen = []
    for _ in range(3):
        Delivery.objects.update(lookup_at=timezone.now())
        drain(loop)
        delivery = now(submission)
        wait = delivery.lookup_at and round((delivery.lookup_at - timezone.now()).total_seconds() / 60)
        seen.append((wait, delivery.read_back))
    assert seen == [(5, ""), (30, ""), (None, "absent")]


def test_without_the_setting_nothing_is_read_back(loop: Loop, simulator: Simulator, agent: User) -> None:
    assert now(delivered(loop, agent)).lookup_at is None
    assert not AuditEvent.objects.filter(action=Action.COMPARED).exists()


@pytest.mark.parametrize(
    ("kind", "ours", "theirs", "expected"),
    [
        ("score", "4", "4.0", True),
        ("score", "4", "sNaN", False),
        ("score", "10", "1", False),
        ("email", "Lee@example.com", "lee@EXAMPLE.com ", True),
        ("phone", "+31 6 123", "316123", True),
        ("identifier", "007", "7", False),
        ("number", "7", "7.0", True),
        ("comment", "one\r\ntwo", "one two", True),
        ("comment", "One", "one", False),
        ("completed_at", "2026-11-02 13:59:12", "2026-11-02T13:59:12Z", True),
        ("completed_at", "2026-11-02 13:59:12", "2026-11-02 13:59:13", False),
        ("reasons", "10000,10020", "10020, 10000", True),
        ("reasons", "10000", "10000,10020", False),
        ("contact", "Y", "y", True),
        ("", "x", "x", True),
    ],
)
def test_two_texts_are_compared_by_what_they_are(kind: str, ours: str, theirs: str, expected: bool) -> None:
    assert same(kind, ours, theirs) is expected
