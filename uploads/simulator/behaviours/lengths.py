"""The right answer, badly carried: cut off, slow, endless, huge, packed, or no HTTP at all."""

import gzip
from collections.abc import Iterator
from functools import cache

from ..http import message
from ..script import Behaviour, Call, End, Script, Step, steps

CUT = "Cut off or slow"
SIZE = "Too much"
FRAME = "Broken HTTP"

DRIP = 0.2
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_SPACES = b" " * 65_536


def _reply(call: Call, *headers: str, length: int | None = None, body: bytes | None = None) -> bytes:
    answer = call.answer
    sent = answer.body if body is None else body
    return message(answer.status, sent, *headers, content_type=answer.content_type, length=length)


def _half_body(end: End) -> Script:
    def script(call: Call) -> Iterator[Step]:
        yield _reply(call)[: -(len(call.answer.body) // 2)]
        yield end

    return script


def _header_drip(_: Call) -> Iterator[Step]:
    yield _HEAD + b"X-Drip: "
    while True:
        yield DRIP
        yield b"."


def _body_drip(call: Call) -> Iterator[Step]:
    yield _reply(call, length=1_000_000, body=b"")
    while True:
        yield b" "
        yield DRIP


def _with_length(change: int, end: End | None = None) -> Script:
    def script(call: Call) -> Iterator[Step]:
        yield _reply(call, length=len(call.answer.body) + change)
        if end:
            yield end

    return script


def _with(*headers: str, length: int | None = None) -> Script:
    def script(call: Call) -> Iterator[Step]:
        yield _reply(call, *headers, length=length)
        yield End.CLOSE

    return script


def _without_length(call: Call) -> Iterator[Step]:
    yield _reply(call, "Connection: close", length=-1)
    yield End.CLOSE


def _chunks(*, ended: bool) -> Script:
    def script(call: Call) -> Iterator[Step]:
        body = call.answer.body
        yield _reply(call, "Transfer-Encoding: chunked", length=-1, body=b"")
        yield b"%x\r\n%s\r\n" % (len(body), body)
        yield b"0\r\n\r\n" if ended else End.CLOSE

    return script


def _endless_chunks(call: Call) -> Iterator[Step]:
    yield _reply(call, "Transfer-Encoding: chunked", length=-1, body=b"")
    while True:
        yield b"10000\r\n" + _SPACES + b"\r\n"


def _endless_headers(_: Call) -> Iterator[Step]:
    yield _HEAD
    while True:
        yield b"X-More: and more\r\n" * 1000


def _huge_body(call: Call) -> Iterator[Step]:
    body = call.answer.body
    yield _reply(call, length=800 * len(_SPACES) + len(body), body=b"")
    for _ in range(800):
        yield _SPACES
    yield body


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * 50_000_000)


def _gzip_bomb(call: Call) -> Iterator[Step]:
    yield _reply(call, "Content-Encoding: gzip", body=_bomb())


def _gzip(call: Call) -> Iterator[Step]:
    yield _reply(call, "Content-Encoding: gzip", body=gzip.compress(call.answer.body))


def _extra(call: Call) -> Iterator[Step]:
    yield call.answer.message() + b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
    yield End.CLOSE


def _bare(call: Call) -> Iterator[Step]:
    yield call.answer.body
    yield End.CLOSE


def _relabelled(version: bytes) -> Script:
    def script(call: Call) -> Iterator[Step]:
        yield version + call.answer.message().partition(b"\r\n")[2].join((b"\r\n", b""))
        yield End.CLOSE

    return script


_MANY = tuple(f"X-Header-{number}: value" for number in range(300))

ROWS = tuple(
    Behaviour(name, group, text, script, True)
    for name, group, text, script in (
        ("half-status", CUT, "Breaks off within the status line.", steps(b"HTTP/1.1 2", End.CLOSE)),
        ("half-headers", CUT, "Breaks off within a header.", steps(_HEAD + b"Content-Le", End.CLOSE)),
        ("half-body", CUT, "Breaks off half-way through the body.", _half_body(End.CLOSE)),
        ("reset-in-body", CUT, "Resets half-way through the body.", _half_body(End.RESET)),
        ("silence-in-body", CUT, "Falls silent half-way through the body.", _half_body(End.HOLD)),
        ("header-drip", CUT, "A header that grows by one byte each 0.2 s and never ends.", _header_drip),
        ("body-drip", CUT, "A body that grows by one byte each 0.2 s and never ends.", _body_drip),
        ("huge-body", SIZE, "50 MB of spaces before the answer.", _huge_body),
        ("endless-chunks", SIZE, "A chunked body that never ends.", _endless_chunks),
        ("endless-headers", SIZE, "Headers that never end.", _endless_headers),
        ("gzip-bomb", SIZE, "48 kB that unpack to 50 MB.", _gzip_bomb),
        ("many-headers", SIZE, "300 headers.", _with(*_MANY)),
        ("huge-header", SIZE, "One header of 100 kB.", _with(f"X-Huge: {'x' * 100_000}")),
        ("300-kb-headers", SIZE, "300 headers of 1 kB each.", _with(*(f"{line}{'x' * 1000}" for line in _MANY))),
        ("length-too-long", FRAME, "Content-Length ten bytes too long, then closes.", _with_length(10, End.CLOSE)),
        (
            "length-too-long-silence",
            FRAME,
            "Content-Length ten bytes too long, then silence.",
            _with_length(10, End.HOLD),
        ),
        ("length-too-short", FRAME, "Content-Length ten bytes too short.", _with_length(-10, End.CLOSE)),
        ("length-negative", FRAME, "Content-Length of -5.", _with("Content-Length: -5", length=-1)),
        ("length-garbage", FRAME, "Content-Length of “many”.", _with("Content-Length: many", length=-1)),
        ("length-twice", FRAME, "Two Content-Lengths that differ.", _with("Content-Length: 1")),
        ("no-length", FRAME, "No Content-Length; the close is the end (allowed).", _without_length),
        ("chunked", FRAME, "A chunked body (allowed).", _chunks(ended=True)),
        ("chunked-unended", FRAME, "A chunked body without its last chunk.", _chunks(ended=False)),
        (
            "chunked-broken",
            FRAME,
            "A chunked body whose size is no number.",
            steps(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nmany\r\n{}\r\n", End.CLOSE),
        ),
        ("gzip", FRAME, "Packed with gzip, asked for or not.", _gzip),
        ("encoding-lie", FRAME, "Says it is packed with br, and is not.", _with("Content-Encoding: br")),
        ("garbage", FRAME, "Bytes that are no HTTP.", steps(bytes(range(256)) * 4, End.CLOSE)),
        ("no-head", FRAME, "The body alone, without status line and headers.", _bare),
        ("http-2", FRAME, "A status line of HTTP/2.", _relabelled(b"HTTP/2 200")),
        ("status-nonsense", FRAME, "A status that is no number.", _relabelled(b"HTTP/1.1 OK OK")),
        ("status-99999", FRAME, "A status of five digits.", _relabelled(b"HTTP/1.1 99999 Many")),
        ("two-replies", FRAME, "The answer, and a 500 right behind it.", _extra),
    )
)
