"""The circuit breaker, pauses, waits and the agreed rate, played through the loop against a real server."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.factories import make_submission
from uploads.customergauge import ApiKey, Client, Timeouts
from uploads.delivery.loop import Loop
from uploads.models import Action, Attempt, AttemptKind, AuditEvent, Channel, Delivery, Lane, State, Submission
from uploads.simulator import Simulator

from .conftest import KEY, drain

PAYLOAD = [["Email", "lee@example.com"], ["NetPromoterScore", "4"], ["SurveyCompletedDate", "2026-11-02 13:59:12"]]
REFUSED = PAYLOAD[1:]  # without an e-mail
Enter = Callable[..., list[Submission]]


@pytest.fixture
def enter(agent: User) -> Enter:
    """Queues so many results that are due."""

    def queue(count: int = 1, payload: list[list[str]] = PAYLOAD, **fields: object) -> list[Submission]:
        return [make_submission(agent, payload=payload, **fields) for _ in range(count)]

    return queue


@pytest.fixture
def second(simulator: Simulator, db: None) -> Loop:
    """Another worker at the same database."""
    return Loop(Client(simulator.url, ApiKey(KEY), timeouts=Timeouts(1, 1, 2)), "there:2", calls=2)


def single(simulator: Simulator) -> Loop:
    """A worker that makes one call at a time, so that the order of calls is certain."""
    return Loop(Client(simulator.url, ApiKey(KEY), timeouts=Timeouts(1, 1, 2)), "here:1", calls=1)


def methods(simulator: Simulator) -> list[str]:
    return [arrival.method for arrival in simulator.arrivals]


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def make_due() -> None:
    Delivery.objects.filter(state=State.QUEUED).update(next_at=timezone.now() - timedelta(seconds=1))


def end_the_wait() -> None:
    Channel.objects.update(wait_until=timezone.now() - timedelta(seconds=1))
    make_due()


def wait() -> float:
    """Seconds for which nothing is sent."""
    until = Channel.current().wait_until
    return (until - timezone.now()).total_seconds() if until else 0.0


def break_the_line(loop: Loop, simulator: Simulator, enter: Enter) -> None:
    simulator.behave("refused")
    enter(6)
    drain(loop)
    assert Channel.current().is_doubtful


# -- the breaker opens ---------------------------------------------------------------------------------------


def test_five_failures_in_a_row_open_the_breaker_and_four_do_not(simulator: Simulator, enter: Enter, db: None) -> None:
    simulator.behave("refused")
    enter(4)
    drain(single(simulator))
    assert not Channel.current().breaks
    enter(1)
    drain(single(simulator))
    assert (Channel.current().breaks, Channel.current().evidence) == (1, "refused")


def test_half_of_the_last_twenty_open_the_breaker(simulator: Simulator, enter: Enter, db: None) -> None:
    loop = single(simulator)
    for turn in range(10):
        assert not Channel.current().breaks, turn
        simulator.behave_well()
        enter(1)
        drain(loop)
        simulator.behave("500")
        enter(1)
        drain(loop)
    assert Channel.current().breaks == 1


def test_two_workers_that_fail_at_once_open_it_once(
    loop: Loop, second: Loop, simulator: Simulator, enter: Enter
) -> None:
    stale = Channel.current()
    break_the_line(loop, simulator, enter)
    assert not stale.trip("there:2", "refused")
    assert Channel.current().breaks == 1
    assert AuditEvent.objects.filter(action=Action.CHANNEL_DOWN).count() == 1


def test_a_pause_is_not_lost_because_somebody_else_wrote_a_moment_before(db: None, manager: User) -> None:
    stale = Channel.current()
    Channel.current().note_skew(90)
    assert stale.pause(manager, "by_person")
    assert (Channel.current().paused, Channel.current().skew) == (True, 90)


# -- half-open -----------------------------------------------------------------------------------------------


def test_half_open_only_a_get_leaves_then_one_delivery_then_the_rest(
    loop: Loop, simulator: Simulator, enter: Enter
) -> None:
    break_the_line(loop, simulator, enter)
    simulator.behave_well()
    end_the_wait()
    loop.hint()
    loop.step()
    assert loop.in_flight == 1
    loop.step(patience=2.0)  # the probe is answered; in the same round one delivery is claimed
    assert methods(simulator)[0] == "GET"
    assert Channel.current().ramp == 1
    assert Delivery.objects.filter(state=State.SENDING).count() == 1
    drain(loop)
    assert methods(simulator) == ["GET", *["POST"] * 6]
    assert (Channel.current().breaks, set(states())) == (0, {State.DELIVERED})


def test_of_two_workers_one_probes_and_one_delivery_goes(
    loop: Loop, second: Loop, simulator: Simulator, enter: Enter
) -> None:
    break_the_line(loop, simulator, enter)
    simulator.behave_well()
    simulator.latency = 0.3
    end_the_wait()
    for each in (loop, second):
        each.hint()
        each.step()
    assert (loop.in_flight, second.in_flight) == (1, 0)
    loop.step(patience=2.0)
    for each in (second, loop):
        each.hint()
        each.step()
    assert Delivery.objects.filter(state=State.SENDING).count() == 1
    drain(loop)
    drain(second)
    assert methods(simulator).count("GET") == 1
    assert set(states()) == {State.DELIVERED}


def test_the_slow_start_doubles_with_each_success(simulator: Simulator, enter: Enter, db: None) -> None:
    loop = single(simulator)
    Channel.current().pause("mia", "by_person")
    Channel.current().resume("mia")
    seen = []
    for _ in range(7):
        seen.append(Channel.current().ramp)
        enter(1)
        drain(loop)
    assert seen == [1, 2, 4, 8, 16, 32, None]


@pytest.mark.parametrize("behaviour", ["refused", "500", "html", "503"])
def test_a_probe_that_is_not_answered_makes_everything_wait_longer(
    loop: Loop, simulator: Simulator, enter: Enter, behaviour: str
) -> None:
    break_the_line(loop, simulator, enter)
    simulator.behave(behaviour)
    waits = [round(wait() / 60)]
    for _ in range(5):
        end_the_wait()
        drain(loop)
        waits.append(round(wait() / 60))
    assert waits == [1, 2, 4, 8, 15, 15]
    assert set(methods(simulator)) <= {"GET"}
    assert set(states()) == {State.QUEUED}


def test_a_delivery_that_tries_in_vain_opens_the_breaker_again(loop: Loop, simulator: Simulator, enter: Enter) -> None:
    break_the_line(loop, simulator, enter)
    simulator.behave_well()
    simulator.behave("500", on="POST")
    end_the_wait()
    drain(loop)
    channel = Channel.current()
    assert (channel.breaks, channel.is_doubtful, round(wait() / 60)) == (2, True, 2)
    assert methods(simulator) == ["GET", "POST"]
    assert states().count(State.UNCONFIRMED) == 1


@pytest.mark.parametrize("behaviour", ["ok", "500"])
def test_a_call_that_began_before_the_breaker_opened_changes_nothing_when_it_ends(
    loop: Loop, simulator: Simulator, enter: Enter, behaviour: str
) -> None:
    simulator.latency = 0.5
    simulator.behave(behaviour)
    enter(1)
    loop.hint()
    loop.step()
    while not Attempt.objects.exclude(wire_at=None).exists():
        loop.step(patience=0.2)
    Channel.current().trip("there:2", "refused")
    Channel.current().probed("there:2", "", answered=True)
    drain(loop)
    assert (Channel.current().breaks, Channel.current().ramp) == (1, 1)


def test_a_late_answer_to_a_probe_does_not_matter_any_more(db: None, manager: User) -> None:
    channel = Channel.current()
    channel.trip("here:1", "refused")
    assert channel.probed("here:1", "", answered=True)
    assert not Channel.current().probed("there:2", "refused", answered=False)
    channel.pause(manager, "by_person")
    assert not Channel.current().probed("there:2", "refused", answered=False)
    assert not Channel.current().trip("there:2", "refused")
    assert Channel.current().evidence == "by_person"


def test_a_pause_while_half_open_stops_the_probes_too(
    loop: Loop, simulator: Simulator, enter: Enter, manager: User
) -> None:
    break_the_line(loop, simulator, enter)
    Channel.current().pause(manager, "by_person")
    simulator.behave_well()
    end_the_wait()
    drain(loop)
    assert methods(simulator) == []
    Channel.current().resume(manager)
    drain(loop)
    assert set(states()) == {State.DELIVERED}


def test_a_worker_that_vanishes_with_the_one_delivery_does_not_block_for_ever(
    loop: Loop, second: Loop, simulator: Simulator, enter: Enter
) -> None:
    break_the_line(loop, simulator, enter)
    simulator.behave_well()
    end_the_wait()
    assert Channel.current().probed("gone:3", "", answered=True)
    lost = Delivery.objects.filter(state=State.QUEUED).earliest("pk")
    assert lost.claim("gone:3", timezone.now() - timedelta(seconds=1), None)
    second.hint()
    second.step()
    assert second.in_flight == 1, "the lease was over, so it is taken back, and one delivery goes"
    drain(second)
    assert set(states()) == {State.DELIVERED}


# -- pauses --------------------------------------------------------------------------------------------------


def test_three_web_pages_in_a_row_in_place_of_an_answer_pause(simulator: Simulator, enter: Enter, db: None) -> None:
    simulator.behave("html")
    enter(5)
    drain(single(simulator))
    assert (Channel.current().paused, Channel.current().evidence) == (True, "not_understood")
    assert states() == [State.UNCONFIRMED] * 3 + [State.QUEUED] * 2


def test_access_forbidden_for_one_record_rejects_that_one_and_goes_on(simulator: Simulator, enter: Enter) -> None:
    loop = single(simulator)
    simulator.behave("403", count=1, on="POST")
    enter(3)
    drain(loop)
    assert (states(), Channel.current().paused) == ([State.REJECTED, State.DELIVERED, State.DELIVERED], False)
    assert Delivery.objects.earliest("pk").evidence == "blocked"


def test_access_forbidden_for_all_pauses_and_rejects_nothing(simulator: Simulator, enter: Enter) -> None:
    simulator.behave("403")
    enter(3)
    drain(single(simulator))
    assert (Channel.current().paused, Channel.current().evidence) == (True, "forbidden")
    assert set(states()) == {State.QUEUED}
    assert set(Delivery.objects.values_list("tries", flat=True)) == {0}


@pytest.mark.parametrize(
    ("behaviour", "on", "evidence"),
    [("400", None, "content_refused"), ("413", None, "status_refused"), ("403", "POST", "blocked")],
)
def test_five_refusals_alike_pause_whether_they_carry_a_code_or_not(
    simulator: Simulator, enter: Enter, behaviour: str, on: str | None, evidence: str
) -> None:
    simulator.behave(behaviour, on=on)
    enter(8)
    drain(single(simulator))
    assert (Channel.current().paused, Channel.current().evidence) == (True, "refused_repeatedly")
    assert states() == [State.REJECTED] * 5 + [State.QUEUED] * 3
    assert set(Attempt.objects.filter(outcome="rejected").values_list("evidence", flat=True)) == {evidence}


def test_refusals_of_yesterday_do_not_count(simulator: Simulator, enter: Enter) -> None:
    loop = single(simulator)
    enter(4, REFUSED)
    drain(loop)
    Channel.objects.update(resumed_at=timezone.now())
    enter(4, REFUSED)
    drain(loop)
    assert not Channel.current().paused


def test_a_pause_by_a_person_holds_all_and_spends_nothing(
    loop: Loop, simulator: Simulator, enter: Enter, manager: User
) -> None:
    Channel.current().pause(manager, "by_person")
    enter(3)
    drain(loop)
    assert not simulator.arrivals
    assert set(Delivery.objects.values_list("state", "tries")) == {(State.QUEUED, 0)}


def test_after_a_resume_one_goes_first_and_a_standing_mistake_spoils_one_more(
    loop: Loop, second: Loop, simulator: Simulator, enter: Enter, manager: User
) -> None:
    Channel.current().pause("here:1", "credential_refused")
    simulator.behave("401")
    enter(6)
    Channel.current().resume(manager)
    for each in (loop, second):
        each.hint()
        each.step()
    assert loop.in_flight + second.in_flight == 1
    drain(loop)
    drain(second)
    assert Channel.current().paused
    assert len(simulator.arrivals) == 1


# -- waits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "least", "most"),
    [
        ("429-retry-after-120", 110, 120),
        ("503-retry-after-120", 110, 120),
        ("429-retry-after-1", 1, 5),
        ("429-retry-after-zero", 1, 5),
        ("429-retry-after-negative", 1, 5),
        ("429-retry-after-past", 1, 5),
        ("429-retry-after-date", 30, 60),
        ("429-retry-after-huge", 3500, 3600),
        ("429-retry-after-exponent", 3500, 3600),
        ("429-retry-after-garbage", 1, 30),
        ("429", 1, 30),
    ],
)
def test_being_asked_to_wait_holds_the_whole_channel_and_spends_no_try(
    loop: Loop, simulator: Simulator, enter: Enter, behaviour: str, least: float, most: float
) -> None:
    simulator.behave(behaviour)
    enter(1)
    drain(loop)
    assert least <= wait() <= most
    enter(1)
    drain(loop)
    assert len(simulator.arrivals) == 1
    assert set(Delivery.objects.values_list("state", "tries")) == {(State.QUEUED, 0)}
    assert AuditEvent.objects.filter(action=Action.CHANNEL_WAITING).count() == 1


def test_a_longer_wait_that_is_agreed_stays(db: None) -> None:
    channel, now = Channel.current(), timezone.now()
    channel.wait("here:1", now + timedelta(minutes=10), "asked_to_wait")
    assert not Channel.current().wait("there:2", now + timedelta(minutes=1), "asked_to_wait")
    assert wait() > 590


def test_a_wait_is_kept_when_a_person_ends_a_pause(
    loop: Loop, simulator: Simulator, enter: Enter, manager: User
) -> None:
    channel = Channel.current()
    channel.wait("here:1", timezone.now() + timedelta(minutes=10), "asked_to_wait")
    channel.pause(manager, "by_person")
    channel.resume(manager)
    enter(1)
    drain(loop)
    assert not simulator.arrivals


def test_a_probe_that_is_asked_to_wait_shows_that_somebody_is_there(
    loop: Loop, simulator: Simulator, enter: Enter
) -> None:
    break_the_line(loop, simulator, enter)
    simulator.behave_well()
    simulator.behave("429-retry-after-120", on="GET")
    end_the_wait()
    drain(loop)
    channel = Channel.current()
    assert (channel.is_doubtful, channel.ramp, 110 <= wait() <= 120) == (False, 1, True)
    assert methods(simulator) == ["GET"]


# -- lanes and rate ------------------------------------------------------------------------------------------


def test_what_is_entered_now_goes_before_the_backlog_and_bulk_work_goes_last(
    simulator: Simulator, enter: Enter
) -> None:
    now = timezone.now()
    bulk, old = enter(1, next_at=now - timedelta(hours=3)), enter(1, next_at=now - timedelta(hours=2))
    retry, fresh = enter(1, next_at=now - timedelta(seconds=9)), enter(1)
    Delivery.objects.filter(pk=bulk[0].pk).update(priority=Lane.BULK)
    Delivery.objects.filter(pk=retry[0].pk).update(priority=Lane.RETRY)
    drain(single(simulator))
    order = Attempt.objects.filter(kind=AttemptKind.SEND).order_by("started_at").values_list("delivery_id", flat=True)
    assert list(order) == [row.pk for (row,) in (fresh, old, retry, bulk)]


def test_two_workers_share_one_rate(
    loop: Loop, second: Loop, simulator: Simulator, enter: Enter, settings: Any
) -> None:
    settings.CUSTOMERGAUGE_RATE = 3
    enter(8)
    began = timezone.now()
    for _ in range(3):
        for each in (loop, second):
            each.hint()
            each.step()
    passed = (timezone.now() - began).total_seconds()
    assert 3 <= Attempt.objects.count() <= 3 + int(3 * passed)
    drain(loop)
    drain(second)
    while State.QUEUED in states():
        drain(loop)
    passed = (timezone.now() - began).total_seconds()
    assert 3 + 3 * passed >= 8, "more calls began than were agreed"
    assert set(states()) == {State.DELIVERED}


@pytest.mark.parametrize("rate", [0.5, 1, 20])
def test_the_rate_grants_a_second_s_worth_and_at_least_one_call(db: None, rate: float) -> None:
    Channel.current()
    assert Channel.allot(100, rate) == max(1, rate)
    assert Channel.allot(1, rate * 1e-6) == 0


def test_a_level_that_lies_in_the_future_grants_nothing_instead_of_everything(db: None) -> None:
    Channel.current()
    Channel.objects.update(rate_at=timezone.now() + timedelta(seconds=9))
    assert Channel.allot(100, 10) == 0
    assert Channel.allot(100, 0) == 100


# -- the test of the connection ------------------------------------------------------------------------------


def test_a_test_runs_while_sending_is_paused_and_is_recorded_once(
    loop: Loop, second: Loop, simulator: Simulator, enter: Enter, manager: User
) -> None:
    channel = Channel.current()
    channel.pause("here:1", "certificate")
    enter(1)
    channel.ask_test(manager)
    for each in (loop, second):
        drain(each)
    assert set(methods(simulator)) == {"GET"}
    assert AuditEvent.objects.filter(action=Action.CHANNEL_TESTED).count() == 1
    channel = Channel.current()
    assert (channel.test_passed, channel.test_wanted, channel.may_resume, channel.paused) == (True, False, True, True)


@pytest.mark.parametrize("behaviour", ["401", "500", "refused", "html"])
def test_a_test_that_fails_allows_no_resume(loop: Loop, simulator: Simulator, manager: User, behaviour: str) -> None:
    channel = Channel.current()
    channel.pause("here:1", "credential_refused")
    channel.ask_test(manager)
    simulator.behave(behaviour)
    drain(loop)
    channel = Channel.current()
    assert channel.tested_at
    assert (channel.test_passed, channel.may_resume) == (False, False)


def test_a_test_from_before_the_pause_does_not_count(loop: Loop, manager: User) -> None:
    channel = Channel.current()
    channel.ask_test(manager)
    drain(loop)
    assert Channel.current().test_passed
    Channel.current().pause("here:1", "credential_refused")
    assert not Channel.current().may_resume
