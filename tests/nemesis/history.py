"""The judge: what clients were told, what reached CustomerGauge, what the database says, held against the promises.

Pure: no process, no network, no database, and nothing of the product. Every promise is one function that gives a
sentence for each time it was broken; `broken` gives them all.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

FINAL = {"delivered", "cancelled"}
STATES = FINAL | {"queued", "sending", "rejected", "failed", "unconfirmed"}


@dataclass(frozen=True, slots=True)
class Entry:
    """What a client knows of one form: the key it typed, and the name of the result that it was told is saved.

    Without a name no answer ever came: it may be saved or not, and neither is a fault.
    """

    key: str
    saved_as: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A result that CustomerGauge received; `unprocessed` if its answer said so beyond doubt."""

    key: str
    at: datetime
    unprocessed: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call as the database tells it."""

    wire_at: datetime | None
    audited: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """A saved result as the database tells it.

    last_word:    the state that its latest audit event tells.
    sends_again:  how often a person had it sent again.
    attempts:     the calls that sent it (not those that only asked).
    """

    key: str
    name: str
    state: str
    cg_id: str = ""
    confirmed_by: str = ""
    last_word: str = ""
    sends_again: int = 0
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """All that was seen of one run after everything was healed and nothing is under way.

    records: CustomerGauge's numbers with the key that each record carries.
    listed:  the names on the managers' lists; None if nobody looked.
    log:     what all processes wrote.  secrets: what must not stand in it.
    """

    entries: tuple[Entry, ...]
    results: tuple[Result, ...]
    arrivals: tuple[Arrival, ...]
    records: Mapping[int, str]
    listed: frozenset[str] | None = None
    log: str = ""
    secrets: tuple[str, ...] = field(default=())


def broken(history: History) -> list[str]:
    """A sentence for each promise that was broken; empty if all held."""
    return [f"{promise.__name__}: {what}" for promise in PROMISES for what in promise(history)]


def saved_once(history: History) -> Iterator[str]:
    """What a client was told is saved exists, under that name and only once; what was never answered at most once."""
    names = defaultdict(list)
    for result in history.results:
        names[result.key].append(result.name)
    for entry in history.entries:
        found = names.pop(entry.key, [])
        if len(found) > 1:
            yield f"{entry.key} was saved {len(found)} times"
        elif entry.saved_as and not found:
            yield f"{entry.key} was told to be saved and is gone"
        elif entry.saved_as and found != [entry.saved_as]:
            yield f"{entry.key} was told to be {entry.saved_as} and is {found[0]}"
    yield from (f"{key} is saved and nobody entered it" for key in names)


def sent_once(history: History) -> Iterator[str]:
    """One result is one record, but for each time that a person had it sent again."""
    stored = Counter(history.records.values())
    for result in history.results:
        if stored[result.key] > 1 + result.sends_again:
            yield f"{result.key} was stored {stored[result.key]} times"


def sent_again_only_if_unprocessed(history: History) -> Iterator[str]:
    """After an arrival whose fate is unknown nothing is sent again by itself."""
    doubtful = Counter(arrival.key for arrival in history.arrivals if not arrival.unprocessed)
    for result in history.results:
        if doubtful[result.key] > 1 + result.sends_again:
            yield f"{result.key} arrived {doubtful[result.key]} times without a refusal in between"


def delivered_is_true(history: History) -> Iterator[str]:
    """Delivered means that CustomerGauge has it, under that number."""
    for result in history.results:
        if result.state != "delivered" or result.confirmed_by == "person":
            continue
        if not result.cg_id.isdigit() or history.records.get(int(result.cg_id)) != result.key:
            yield f"{result.key} is called delivered as {result.cg_id or 'nothing'} and is not there"


def stored_is_known(history: History) -> Iterator[str]:
    """What CustomerGauge has is delivered or unconfirmed, never something that will be sent by itself."""
    stored = set(history.records.values())
    states = {result.key: result.state for result in history.results}
    for key in sorted(stored):
        if key not in states:
            yield f"{key} was sent and is not saved"
        elif states[key] not in {"delivered", "unconfirmed"}:
            yield f"{key} was stored, but is {states[key]}"


def marked_before_sent(history: History) -> Iterator[str]:
    """Each arrival has a wire mark of its own that is older."""
    arrived = defaultdict(list)
    for arrival in history.arrivals:
        arrived[arrival.key].append(arrival.at)
    for result in history.results:
        marks = sorted(attempt.wire_at for attempt in result.attempts if attempt.wire_at)
        times = sorted(arrived[result.key])
        if len(marks) < len(times):
            yield f"{result.key} arrived {len(times)} times with {len(marks)} wire marks"
        elif any(at < mark for at, mark in zip(times, marks, strict=False)):
            yield f"{result.key} arrived before its wire mark"


def audited(history: History) -> Iterator[str]:
    """Each call has its audit event, and the last event tells the state."""
    for result in history.results:
        silent = sum(not attempt.audited for attempt in result.attempts)
        if silent:
            yield f"{result.key} has {silent} calls without an audit event"
        if result.last_word != result.state:
            yield f"{result.key} is {result.state}, but its audit events end with {result.last_word or 'nothing'}"


def nothing_is_stuck(history: History) -> Iterator[str]:
    """Nothing is left in sending, and there is no state that nobody knows."""
    for result in history.results:
        if result.state == "sending" or result.state not in STATES:
            yield f"{result.key} is left in {result.state}"


def secrets_are_kept(history: History) -> Iterator[str]:
    """Neither a credential nor a customer's words reach a log."""
    yield from (f"“{secret}” stands in a log" for secret in history.secrets if secret in history.log)


def open_ones_are_listed(history: History) -> Iterator[str]:
    """Whatever is not final stands on a manager's list."""
    for result in history.results:
        if history.listed is not None and result.state not in FINAL and result.name not in history.listed:
            yield f"{result.key} is {result.state} and on no list"


PROMISES: tuple[Callable[[History], Iterator[str]], ...] = (
    saved_once, sent_once, sent_again_only_if_unprocessed, delivered_is_true, stored_is_known, marked_before_sent,
    audited, nothing_is_stuck, secrets_are_kept, open_ones_are_listed,
)  # fmt: skip
