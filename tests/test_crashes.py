"""Real processes, real signals: nothing that was saved is lost, nothing is sent twice without anybody knowing."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from .processes import Portal, eventually

pytestmark = pytest.mark.processes


def invariants_hold(portal: Portal) -> None:
    """Each saved submission exists once, arrived at most once, and says so."""
    for reference, state, comment in portal.sql(
        "SELECT s.reference, d.state, s.comment FROM uploads_submission s"
        " JOIN uploads_delivery d ON d.submission_id = s.id"
    ):
        arrived = sum(("Comment", comment) in record.pairs for record in portal.simulator.records.values())
        assert arrived <= 1, f"{reference} arrived {arrived} times"
        if state == "delivered":
            assert arrived == 1, f"{reference} is called delivered and never arrived"
        if arrived:
            assert state in {"delivered", "unconfirmed"}, f"{reference} arrived, but is {state}"


def test_twenty_posts_of_one_form_at_once_are_one_submission(portal: Portal) -> None:
    agent = portal.browser_session("agent")
    form = agent.form(comment="only once")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: agent.post(form), range(20)))
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert portal.sql("SELECT count(*) FROM uploads_submission") == [(1,)]
    eventually("it is delivered", lambda: portal.states() == {"delivered": 1})
    assert len(portal.simulator.records) == 1


def test_a_worker_killed_between_mark_and_reply_leaves_an_honest_unconfirmed(portal: Portal) -> None:
    portal.simulator.behave("silence-stored")
    agent = portal.browser_session("agent")
    agent.enter(comment="killed in the middle")
    portal.simulator.wait_for_arrivals(1)
    portal.kill("worker")
    portal.simulator.behave_well()
    portal.start_worker()
    eventually("the new worker finds the row", lambda: portal.states() == {"unconfirmed": 1})
    agent.enter(comment="after the restart")
    eventually("everything goes on", lambda: portal.states() == {"unconfirmed": 1, "delivered": 1})
    invariants_hold(portal)


def test_a_worker_killed_before_the_mark_loses_and_repeats_nothing(portal: Portal) -> None:
    portal.simulator.behave("blackhole", seconds=300)
    agent = portal.browser_session("agent")
    agent.enter(comment="killed while connecting")
    eventually("it is claimed", lambda: portal.states() == {"sending": 1})
    portal.kill("worker")
    portal.simulator.behave_well()
    portal.start_worker()
    eventually("it is delivered after the restart", lambda: portal.states() == {"delivered": 1})
    invariants_hold(portal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_stop_finishes_what_is_under_way_and_claims_nothing_new(portal: Portal, number: int) -> None:
    portal.simulator.latency = 1.0
    agent = portal.browser_session("agent")
    for round_ in range(3):
        agent.enter(comment=f"before the stop {round_}")
    portal.simulator.wait_for_arrivals(3)
    assert portal.stop("worker", number) == 0
    assert portal.states() == {"delivered": 3}
    assert portal.sql("SELECT count(*) FROM uploads_worker") == [(0,)]
    agent.enter(comment="after the stop")
    assert portal.states() == {"delivered": 3, "queued": 1}
    invariants_hold(portal)


def test_workers_killed_again_and_again_under_load(portal: Portal) -> None:
    portal.simulator.latency = 0.05
    agent = portal.browser_session("agent")
    with ThreadPoolExecutor(4) as pool:
        entries = [pool.submit(agent.enter, comment=f"load {number}") for number in range(40)]
        for kill in range(3):
            portal.simulator.wait_for_arrivals(6 * (kill + 1))
            portal.kill("worker")
            portal.start_worker()
        for done in entries:
            done.result()
    eventually("everything is settled", lambda: not {"queued", "sending"} & portal.states().keys())
    assert sum(portal.states().values()) == 40
    invariants_hold(portal)


def test_a_killed_web_process_loses_nothing_that_was_answered(portal: Portal) -> None:
    agent = portal.browser_session("agent")
    saved = [agent.enter(comment=f"answered {number}") for number in range(5)]
    portal.kill("web")
    eventually("the port is free again", lambda: not portal._answers("/healthz"))
    portal.start_web(processes=2)
    again = portal.browser_session("agent")
    assert [again.get(path).status_code for path in saved] == [200] * 5
    eventually("all are delivered", lambda: portal.states() == {"delivered": 5})
    invariants_hold(portal)


def test_two_workers_never_send_the_same_result(quiet_portal: Portal) -> None:
    portal = quiet_portal
    portal.start_web(processes=2)
    agent = portal.browser_session("agent")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: agent.enter(comment=f"shared {number}"), range(60)))
    assert portal.states() == {"queued": 60}
    portal.start_worker("one")
    portal.start_worker("two")
    eventually("all are delivered", lambda: portal.states() == {"delivered": 60})
    assert len(portal.simulator.records) == 60
    invariants_hold(portal)


def test_the_key_and_the_customers_words_never_reach_the_log(portal: Portal) -> None:
    agent = portal.browser_session("agent")
    portal.simulator.behave("echo-key", count=1)
    agent.enter(comment="canary-comment-77aa", Email="canary-person@example.com")
    agent.enter(comment="canary-comment-77aa", Email="canary-person@example.com")
    eventually("both are settled", lambda: not {"queued", "sending"} & portal.states().keys())
    for secret in ("canary-key-4d1f7a", "canary-comment-77aa", "canary-person"):
        assert secret not in portal.log()
    stored = portal.sql("SELECT body FROM uploads_auditpayload")
    assert not any(b"canary-key-4d1f7a" in bytes(body) for (body,) in stored)
