"""From evidence to a verdict: the one place that decides what a reply, or its absence, means.

Only the exact success shape is success. Whatever cannot be understood after the wire mark is UNKNOWN: the record may
have been stored, and CustomerGauge neither offers an idempotency key nor removes duplicates of posted responses.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from .calls import ANONYMISE
from .documents import Unreadable, parse
from .evidence import CODES, EVIDENCE, NO_SUCH_ADDRESS, NOT_NOW, STATUSES, Outcome
from .exchange import Exchange, Fault

SHORTEST_WAIT, LONGEST_WAIT = 5.0, 3600.0
MESSAGE_LENGTH = 500

_ID = re.compile(r"(?!-[0-9]+\Z|0+\Z)[A-Za-z0-9_-]{1,64}")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_RAW_CODE = re.compile(rb'"Code"\s*:\s*"?([0-9]{1,9})\b')
_NAMED_FIELD = re.compile(
    r"Field '?(?P<empty>[\w .-]{1,64}?)'? is required but seems to be empty"
    r"|Required field '(?P<missing>[^']{1,64})' not supplied",
    re.IGNORECASE,
)
_ALREADY_THERE = re.compile(r"\bduplicate|\balready (exists|stored|processed)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an exchange means.

    outcome:     what the sender may do next.
    evidence:    the key in EVIDENCE that led there.
    cg_id:       CustomerGauge's record number, set exactly when it stored a record.
    code:        the API's error code, if it gave one.
    message:     the API's message in one line of printable text, or a technical word about a fault; often empty.
    retry_after: seconds to wait, 5 to 3600, if the server said so readably.
    field:       the field an API message names, in CustomerGauge's spelling (which may differ from the key sent).
    """

    outcome: Outcome
    evidence: str
    cg_id: str | None = None
    code: int | None = None
    message: str = ""
    retry_after: float | None = None
    field: str | None = None

    @property
    def sentence(self) -> str:
        """The evidence in plain English."""
        return EVIDENCE[self.evidence].sentence


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a body says: a record number, that a request was taken which gives none, an API error, or nothing."""

    cg_id: str | None = None
    taken: bool = False
    code: int | None = None
    message: str = ""


def judge(exchange: Exchange) -> Verdict:
    """The verdict on a call that writes (POST or PUT of a response, POST of a workflow). Total: never raises.

    Delivered takes a complete 2xx reply whose body is `{"Data": {...}}` with `number_customergauge` or `id`: a positive
    integer, or its text, or 1 to 64 of `A-Z a-z 0-9 _ -`; and no Error, Message or Code beside Data (CustomerGauge,
    POST Response 5000722515 and PUT Response 5000722516). How a success looks in XML is not documented: the same
    shape is accepted, `<Data><number_customergauge>12</number_customergauge></Data>`, bare or inside one root element.

    Of POST Anonymize Contact (5000897828) no success is shown. Whatever it is, it can be repeated; so taken means a
    complete 2xx reply that is a JSON object without an error, a code or a member that is false, or a 204.
    """
    if exchange.fault is not None:
        return _verdict(_of_fault(exchange.fault, wire=exchange.wire), message=_one_line(exchange.detail))
    if exchange.status is None or not exchange.wire:
        return _verdict("contradiction")
    answer = _read(exchange)
    wait = _retry_after(exchange)
    evidence = _of_status(exchange.status, answer, wait)
    return _verdict(
        evidence,
        cg_id=answer.cg_id if evidence == "stored" else None,
        code=answer.code,
        message=answer.message,
        retry_after=wait if evidence == "asked_to_wait" else None,
        field=_named_field(answer.message),
    )


def _verdict(evidence: str, **details: Any) -> Verdict:
    return Verdict(EVIDENCE[evidence].outcome, evidence, **details)


def _of_fault(fault: Fault, *, wire: bool) -> str:
    unsent = EVIDENCE[fault].outcome is not Outcome.UNKNOWN
    return "contradiction" if wire and unsent else fault.value


def _of_status(status: int, answer: _Answer, wait: float | None) -> str:
    if status in STATUSES:
        return STATUSES[status]
    if status in NOT_NOW:
        return NOT_NOW[status][0 if wait is not None else 1]
    match status // 100:
        case 2 if answer.cg_id is not None:
            return "stored"
        case 2 if answer.taken:
            return "taken"
        case 2:
            return "not_understood" if answer.code is None else _of_code(answer)
        case 3:
            return "redirect"
        case 4 | 5 if answer.code is not None and (status < 500 or status in NO_SUCH_ADDRESS):
            return _of_code(answer)
        case 4 | 5 if status in NO_SUCH_ADDRESS:
            return "wrong_address"
        case 4:
            return "not_understood" if answer.cg_id is not None else "status_refused"
        case 5:
            return "server_error"
    return "not_understood"


def _of_code(answer: _Answer) -> str:
    if _ALREADY_THERE.search(answer.message):
        return "duplicate"
    return CODES.get(answer.code or 0, "content_refused")


def _read(exchange: Exchange) -> _Answer:
    if exchange.url.endswith(ANONYMISE) and exchange.status == 204:
        return _Answer(taken=True)
    try:
        document = parse(exchange.body, exchange.format)
    except Unreadable:
        return _salvage(exchange)
    if not isinstance(document, dict):
        return _Answer()
    if exchange.url.endswith(ANONYMISE):
        return replace(_error(document), taken=_approves(document))
    if "Data" not in document:
        return _error(document)
    if speaks_of_an_error(document):
        return _Answer()
    return _Answer(cg_id=_record_number(document["Data"]))


def speaks_of_an_error(document: dict[str, Any]) -> bool:
    """Whether a document has a member that reports an error, in any spelling and whatever else it has."""
    return bool({"error", "errors", "message", "code"} & {str(name).casefold() for name in document})


def _approves(document: dict[str, Any]) -> bool:
    """Whether nothing in a document speaks against success; a message alone may say anything."""
    names = {str(name).casefold() for name in document}
    return not {"error", "errors", "code"} & names and not any(value is False for value in document.values())


def _record_number(data: Any) -> str | None:
    if not isinstance(data, dict) or {"error", "errors"} & {str(name).casefold() for name in data}:
        return None
    numbers = {_identifier(data[name]) for name in ("number_customergauge", "id") if name in data}
    return numbers.pop() if len(numbers) == 1 else None


def _identifier(value: Any) -> str | None:
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return text if _ID.fullmatch(text) else None


def _error(document: dict[str, Any]) -> _Answer:
    """An error object, in its wrapper `Error` or (as documented for an unknown id on PUT) without it."""
    error = document.get("Error", document)
    if not isinstance(error, dict):
        return _Answer(message=_one_line(error))
    return _Answer(code=_code(error.get("Code")), message=_one_line(error.get("Message")))


def _salvage(exchange: Exchange) -> _Answer:
    """The code in a short error body that is not valid JSON: such bodies are printed in CustomerGauge's own pages."""
    refused = exchange.status is not None and exchange.status >= 400
    codes = set(_RAW_CODE.findall(exchange.body)) if refused and len(exchange.body) <= 4096 else set()
    return _Answer(code=int(codes.pop())) if len(codes) == 1 else _Answer()


def _code(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9 else None


def _one_line(value: Any) -> str:
    """Text for a page or a log line: printable, one line, limited. Anything but text counts as none."""
    text = value if isinstance(value, str) else ""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MESSAGE_LENGTH]


def _named_field(message: str) -> str | None:
    found = _NAMED_FIELD.search(message)
    return (found["empty"] or found["missing"]) if found else None


def _retry_after(exchange: Exchange) -> float | None:
    """Seconds of the Retry-After header within 5 s to 1 h, or None if there is none to be understood."""
    text = (exchange.header("Retry-After") or "").strip()
    if _NUMBER.fullmatch(text):
        seconds = float(text)
    elif moment := _http_date(text):
        seconds = (moment - (server_time(exchange) or exchange.started_at)).total_seconds()
    else:
        return None
    return min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)


def server_time(exchange: Exchange) -> datetime | None:
    """The server's own clock where it tells it, so that a wrong clock here does not change a wait."""
    return _http_date(exchange.header("Date") or "")


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
