"""The records of a reply to a call that reads: lookups of responses and the list of reasons."""

from dataclasses import replace
from typing import Any

from .documents import Unreadable, parse
from .evidence import Outcome
from .exchange import Exchange
from .replies import Verdict, judge, speaks_of_an_error

NO_SUCH_RECORD = 400002

Row = dict[str, str]


class NotListed(Exception):
    """The reply holds no list. A read changes nothing, so it may always be repeated.

    verdict: why; its outcome is NOT_SENT wherever a write's would be UNKNOWN, with the same evidence.
    """

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.sentence)
        self.verdict = verdict


def rows(exchange: Exchange) -> tuple[Row, ...]:
    """The records in a reply, each as key → text; nested values are left out, and a missing record is an empty list.

    Accepts `{"Data": [...]}`, `{"Data": {...}}` with one record, and the same in XML. Raises NotListed.
    """
    verdict = judge(exchange)
    if verdict.code == NO_SUCH_RECORD and verdict.outcome is Outcome.REJECTED:
        return ()
    data = _data(exchange)
    if data is None:
        raise NotListed(_repeatable(verdict))
    return tuple(_row(record) for record in data)


def _data(exchange: Exchange) -> list[dict[str, Any]] | None:
    if exchange.fault or exchange.status is None or exchange.status // 100 != 2:
        return None
    try:
        document = parse(exchange.body, exchange.format)
    except Unreadable:
        return None
    if not isinstance(document, dict) or speaks_of_an_error(document):
        return None
    data = document.get("Data")
    if exchange.format == "xml":
        data = _xml_list(data)
    records = [data] if isinstance(data, dict) else data
    complete = isinstance(records, list) and all(isinstance(record, dict) for record in records)
    return records if complete else None


def _xml_list(data: Any) -> Any:
    """A list in XML is one element per record: read as a dict of one member, which holds them all (or nothing)."""
    inside = list(data.values()) if isinstance(data, dict) else [[]] if data == "" else []
    return inside[0] if len(inside) == 1 and isinstance(inside[0], (dict, list)) else data


def _row(record: dict[str, Any]) -> Row:
    return {key: str(value) for key, value in record.items() if _plain(value)}


def _plain(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _repeatable(verdict: Verdict) -> Verdict:
    return replace(verdict, outcome=Outcome.NOT_SENT) if verdict.outcome is Outcome.UNKNOWN else verdict
