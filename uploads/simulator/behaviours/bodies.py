"""Answers that look like success and are not, or not quite."""

from collections.abc import Iterator
from email.utils import formatdate
from time import time

from ..http import message
from ..script import Behaviour, Call, Script, Step
from .statuses import page

GROUP = "Success, wrongly said"
_NUMBER = b'{"Data":{"number_customergauge":%s}}'

#: Name: (what it is, body); ``%s`` stands for the record's number.
_SHAPES: dict[str, tuple[str, bytes]] = {
    "body-null": ("null", b"null"),
    "body-true": ("true", b"true"),
    "body-text": ("“ok” as a JSON text", b'"ok"'),
    "body-number": ("a bare number", b"%s"),
    "body-list": ("an empty list", b"[]"),
    "body-object": ("an empty object", b"{}"),
    "data-null": ("Data that is null", b'{"Data":null}'),
    "data-true": ("Data that is true", b'{"Data":true}'),
    "data-empty": ("Data that is an empty object", b'{"Data":{}}'),
    "data-list": ("Data that is a list with the number", b'{"Data":[{"number_customergauge":%s}]}'),
    "data-lower-case": ("data in lower case", b'{"data":{"number_customergauge":%s}}'),
    "data-and-error": (
        "both Data and Error",
        b'{"Data":{"number_customergauge":%s},"Error":{"Message":"Could not insert record","Code":400003}}',
    ),
    "number-only": ("the number without Data", b'{"number_customergauge":%s}'),
    "number-empty": ("an empty number", _NUMBER % b'""'),
    "number-null": ("a number that is null", _NUMBER % b"null"),
    "number-true": ("a number that is true", _NUMBER % b"true"),
    "number-fraction": ("a number of 1.5", _NUMBER % b"1.5"),
    "number-zero": ("a number of 0", _NUMBER % b"0"),
    "number-negative": ("a number of -1", _NUMBER % b"-1"),
    "number-object": ("a number that is an object", _NUMBER % b"{}"),
    "number-long": ("a number of 400 characters", _NUMBER % (b'"' + b"9" * 400 + b'"')),
    "number-5000-digits": ("a number of 5000 digits", _NUMBER % (b"9" * 5000)),
    "number-nan": ("a number that is NaN", _NUMBER % b"NaN"),
    "number-infinity": ("a number that is Infinity", _NUMBER % b"Infinity"),
    "number-repeated": ("number 1, whatever was stored", _NUMBER % b"1"),
    "number-as-text": ("the number as text (seen in the documentation)", b'{"Data":{"number_customergauge":"%s"}}'),
    "number-as-id": ("the number under the key id (as PUT has it)", b'{"Data":{"id":%s}}'),
    "duplicate-keys": ("Data twice, the second null", b'{"Data":{"number_customergauge":%s},"Data":null}'),
    "duplicate-numbers": ("two numbers", b'{"Data":{"number_customergauge":%s,"number_customergauge":2}}'),
    "deep": ("100,000 lists within each other", b"[" * 100_000 + b"]" * 100_000),
    "trailing-comma": ("a trailing comma", b'{"Data":{"number_customergauge":%s,}}'),
    "two-documents": ("two documents", b'{"Data":{"number_customergauge":%s}}{"Data":null}'),
    "unfinished": ("JSON that is not finished", b'{"Data":{"number_customergauge":%s'),
}


def _shape(body: bytes) -> Script:
    def script(call: Call) -> Iterator[Step]:
        number = b"%d" % (call.answer.number or 12)
        yield message(200, body.replace(b"%s", number), content_type="application/json; charset=utf-8")

    return script


def _typed(content_type: str) -> Script:
    def script(call: Call) -> Iterator[Step]:
        yield message(call.answer.status, call.answer.body, content_type=content_type)

    return script


def _status(status: int, *, body: bool) -> Script:
    def script(call: Call) -> Iterator[Step]:
        sent = call.answer.body if body else b""
        yield message(status, sent, content_type=call.answer.content_type)

    return script


def _dated(days: int) -> Script:
    def script(call: Call) -> Iterator[Step]:
        date = formatdate(time() + days * 86_400, usegmt=True)
        yield message(call.answer.status, call.answer.body, content_type=call.answer.content_type, date=date)

    return script


def _html(_: Call) -> Iterator[Step]:
    yield page(200)


ROWS = (
    Behaviour("html", GROUP, "200 with an HTML page.", _html),
    Behaviour("wrong-type", GROUP, "The right body, said to be text/html.", _typed("text/html"), True),
    Behaviour("no-type", GROUP, "The right body without a Content-Type.", _typed(""), True),
    Behaviour("empty", GROUP, "200 with an empty body.", _status(200, body=False), True),
    Behaviour("204", GROUP, "204 No Content.", _status(204, body=False), True),
    Behaviour("201", GROUP, "201 Created with the right body.", _status(201, body=True), True),
    Behaviour("202", GROUP, "202 Accepted with the right body.", _status(202, body=True), True),
    Behaviour("clock-ahead", GROUP, "The right answer, dated one day ahead.", _dated(1), True),
    Behaviour("clock-behind", GROUP, "The right answer, dated one day ago.", _dated(-1), True),
    *(Behaviour(name, GROUP, f"200 with {text}.", _shape(body), True) for name, (text, body) in _SHAPES.items()),
)
