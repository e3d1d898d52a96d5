"""The judge catches each kind of lie, and lets an honest history pass."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .history import Arrival, Attempt, Entry, History, Result, broken

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(seconds=1)

DELIVERED = Result("a", "name-a", "delivered", "1", "reply", "delivered", attempts=(Attempt(NOON),))
UNCONFIRMED = Result("b", "name-b", "unconfirmed", last_word="unconfirmed", attempts=(Attempt(NOON),))
QUEUED = Result("c", "name-c", "queued", last_word="queued", attempts=(Attempt(None), Attempt(NOON)))
HONEST = History(
    entries=(Entry("a", "name-a"), Entry("b", "name-b"), Entry("c", "name-c"), Entry("never answered")),
    results=(DELIVERED, UNCONFIRMED, QUEUED),
    arrivals=(Arrival("a", LATER), Arrival("b", LATER), Arrival("c", LATER, unprocessed=True)),
    records={1: "a", 2: "b"},
    listed=frozenset({"name-b", "name-c"}),
    log="worker started",
    secrets=("canary",),
)


def with_result(number: int, **changes: Any) -> History:
    results = list(HONEST.results)
    results[number] = replace(results[number], **changes)
    return replace(HONEST, results=tuple(results))


def test_an_honest_history_passes() -> None:
    assert broken(HONEST) == []


def test_an_entry_that_was_never_answered_may_be_saved_or_not() -> None:
    entries = (replace(HONEST.entries[0], saved_as=""), *HONEST.entries[1:])
    assert broken(replace(HONEST, entries=entries)) == []


def test_a_person_may_vouch_for_it_without_a_number_and_send_it_again() -> None:
    assert broken(with_result(1, state="delivered", last_word="delivered", confirmed_by="person")) == []
    twice = replace(HONEST, arrivals=(*HONEST.arrivals, Arrival("b", LATER)), records={1: "a", 2: "b", 3: "b"})
    again = replace(UNCONFIRMED, sends_again=1, attempts=(Attempt(NOON), Attempt(NOON)))
    assert broken(replace(twice, results=(DELIVERED, again, QUEUED))) == []


@pytest.mark.parametrize(
    ("lie", "promise"),
    [
        (replace(HONEST, results=(DELIVERED, UNCONFIRMED)), "saved_once: c was told to be saved and is gone"),
        (replace(HONEST, results=(*HONEST.results, replace(QUEUED, name="x"))), "saved_once: c was saved 2 times"),
        (with_result(2, name="x"), "saved_once: c was told to be name-c and is x"),
        (replace(HONEST, entries=HONEST.entries[1:]), "saved_once: a is saved and nobody entered it"),
        (replace(HONEST, records={1: "a", 2: "a"}), "sent_once: a was stored 2 times"),
        (
            replace(HONEST, arrivals=(*HONEST.arrivals, Arrival("b", LATER))),
            "sent_again_only_if_unprocessed: b arrived 2 times without a refusal in between",
        ),
        (replace(HONEST, records={2: "b"}), "delivered_is_true: a is called delivered as 1 and is not there"),
        (with_result(0, cg_id="2"), "delivered_is_true: a is called delivered as 2 and is not there"),
        (with_result(0, cg_id=""), "delivered_is_true: a is called delivered as nothing and is not there"),
        (with_result(1, state="queued"), "stored_is_known: b was stored, but is queued"),
        (with_result(1, state="rejected"), "stored_is_known: b was stored, but is rejected"),
        (replace(HONEST, records={1: "a", 9: "z"}), "stored_is_known: z was sent and is not saved"),
        (with_result(0, attempts=(Attempt(None),)), "marked_before_sent: a arrived 1 times with 0 wire marks"),
        (with_result(0, attempts=(Attempt(LATER + (LATER - NOON)),)), "marked_before_sent: a arrived before its wire"),
        (with_result(0, attempts=(Attempt(NOON, audited=False),)), "audited: a has 1 calls without an audit event"),
        (with_result(0, last_word="sending"), "audited: a is delivered, but its audit events end with sending"),
        (with_result(2, state="sending"), "nothing_is_stuck: c is left in sending"),
        (with_result(2, state="limbo"), "nothing_is_stuck: c is left in limbo"),
        (replace(HONEST, log="key=canary"), "secrets_are_kept: “canary” stands in a log"),
        (replace(HONEST, listed=frozenset({"name-c"})), "open_ones_are_listed: b is unconfirmed and on no list"),
    ],
)
def test_each_lie_is_caught(lie: History, promise: str) -> None:
    assert any(found.startswith(promise) for found in broken(lie)), broken(lie)
