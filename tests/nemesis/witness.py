"""Gathers what the judge needs: from the database, from the simulator's ledger, and from the managers' pages."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

from uploads.simulator import Arrival as Received
from uploads.simulator import Simulator

from ..processes import Session
from .history import Arrival, Attempt, Entry, History, Result

Sql = Callable[[str], list[tuple[Any, ...]]]

#: What makes a comment ours; it ends with a letter so that one key is never the beginning of another.
KEY = re.compile(r"entry-[0-9a-z-]+z")


def key_of(text: str) -> str:
    """The key in a comment, or nothing."""
    found = KEY.search(text)
    return found[0] if found else ""


def history(entries: Iterable[Entry], sql: Sql, simulator: Simulator, **more: Any) -> History:
    """Everything as it stands now; `more` are further fields of the history."""
    arrivals = [Arrival(carried(each.pairs), each.at, unprocessed(each)) for each in simulator.arrivals]
    records = {number: carried(record.pairs) for number, record in simulator.records.items()}
    ours = tuple(each for each in arrivals if each.key)
    return History(tuple(entries), tuple(results(sql)), ours, records, **more)


def carried(pairs: Iterable[tuple[str, str]]) -> str:
    """The key of what was posted; look-ups carry none."""
    return key_of(dict(pairs).get("Comment", ""))


def unprocessed(received: Received) -> bool:
    """Whether the answer said beyond doubt that nothing was stored: it was refused, redirected or told to wait."""
    head, _, body = received.reply.partition(b"\r\n\r\n")
    match received.status:
        case _ if received.record is not None:
            return False
        case None | 303 | 409:
            return False
        case 408 | 503:
            return b"\r\nretry-after:" in head.lower()
        case status if 200 <= status <= 299:
            return b'"Code"' in body
        case status:
            return 300 <= status <= 499 or status == 501


def results(sql: Sql) -> list[Result]:
    """The saved results with their calls and events."""
    attempts: dict[int, list[Attempt]] = defaultdict(list)
    words: dict[str, str] = {}
    again: dict[str, int] = defaultdict(int)
    events = sql("SELECT object_id, action, actor_id, attempt_id FROM uploads_auditevent ORDER BY id")
    audited = {plain(attempt) for _, _, _, attempt in events if attempt}
    for owner, pk, wire_at in sql("SELECT delivery_id, id, wire_at FROM uploads_attempt WHERE kind = 'send'"):
        attempts[owner].append(Attempt(moment(wire_at), plain(pk) in audited))
    for about, action, person, _ in events:
        kind, _, word = action.partition(".")
        if action == "submission.created":
            words[about] = "queued"
        elif kind == "delivery":
            words[about] = word
            again[about] += word == "queued" and person is not None
    rows = sql(
        "SELECT s.id, s.comment, s.uuid, d.state, d.cg_id, d.confirmed_by"
        " FROM uploads_submission s LEFT JOIN uploads_delivery d ON d.submission_id = s.id"
    )
    return [
        Result(
            key_of(comment), str(UUID(plain(uuid))), str(state), cg_id or "", confirmed_by or "",
            words.get(str(pk), ""), again[str(pk)], tuple(attempts[pk]),
        )
        for pk, comment, uuid, state, cg_id, confirmed_by in rows
    ]  # fmt: skip


def listed(manager: Session) -> frozenset[str]:
    """The names on the lists of what needs a person and of what waits."""
    return frozenset({*pages(manager, "/attention/"), *pages(manager, "/history/?state=queued")})


def pages(manager: Session, path: str) -> set[str]:
    """The results that a list leads to, from the page at `path` to its last."""
    names: set[str] = set()
    seen: set[str] = set()
    while path not in seen:
        seen.add(path)
        page = manager.get(path)
        assert page.status_code == 200, f"{path} answered {page.status_code}"
        names |= set(re.findall(r'href="/history/([0-9a-f-]{36})/', page.text))
        onward = re.search(r'href="([^"]*)" rel="next"', page.text)
        path = urljoin(path, onward[1].replace("&amp;", "&")) if onward else path
    return names


def moment(value: Any) -> datetime | None:
    """A time as either database gives it, in UTC."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)


def plain(uuid: Any) -> str:
    """An identifier as either database gives it, in 32 digits."""
    return str(uuid).replace("-", "")
