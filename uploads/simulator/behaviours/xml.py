"""XML that must not be believed, whatever format was asked for."""

from collections.abc import Iterator
from functools import cache

from ..http import message
from ..script import Behaviour, Call, Script, Step

GROUP = "XML"
_TYPE = "application/xml; charset=utf-8"
_DATA = b"<Data><number_customergauge>12</number_customergauge></Data>"


@cache
def _laughs() -> bytes:
    """Ten entities, each ten times the one before: 10^9 times three letters."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<!DOCTYPE Data [<!ENTITY l0 "lol">{entities}]><Data><number_customergauge>&l9;</number_customergauge></Data>'
    ).encode()


@cache
def _quadratic() -> bytes:
    """One long entity, used often."""
    return b'<!DOCTYPE Data [<!ENTITY a "' + b"a" * 20_000 + b'">]><Data>' + b"&a;" * 2_000 + b"</Data>"


_BODIES: dict[str, tuple[str, bytes]] = {
    "xml-laughs": ("entities within entities, a billion in all", _laughs()),
    "xml-quadratic": ("one long entity used 2,000 times", _quadratic()),
    "xml-external": (
        "an entity that is a local file",
        b'<!DOCTYPE Data [<!ENTITY f SYSTEM "file:///etc/hostname">]>'
        b"<Data><number_customergauge>&f;</number_customergauge></Data>",
    ),
    "xml-dtd": ("a harmless document type", b"<!DOCTYPE Data [<!ELEMENT Data ANY>]>" + _DATA),
    "xml-broken": ("an element that is not closed", b"<Data><number_customergauge>12"),
    "xml-twice": ("two numbers", b"<Response>" + _DATA + _DATA + b"</Response>"),
    "xml-data-and-error": (
        "both Data and Error",
        b"<Response>" + _DATA + b"<Error><Message>No</Message><Code>400003</Code></Error></Response>",
    ),
    "xml-deep": ("100,000 elements within each other", b"<a>" * 100_000 + b"</a>" * 100_000),
    "xml-empty": ("an empty Data", b"<Data/>"),
    "xml-instead": ("the success of another format", _DATA),
}


def _fixed(body: bytes) -> Script:
    def script(_: Call) -> Iterator[Step]:
        yield message(200, b'<?xml version="1.0" encoding="UTF-8"?>\n' + body, content_type=_TYPE)

    return script


ROWS = tuple(Behaviour(name, GROUP, f"200 with {text}.", _fixed(body), True) for name, (text, body) in _BODIES.items())
