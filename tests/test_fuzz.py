"""Any bytes, any status, any header as a reply, over a real socket through the real client.

Whatever comes: no exception, no success that was not said in full, and nothing that arrived is called not sent. What a
reply says is read here once more, by a reader that shares no code with the product.
"""

import json
import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from uploads.customergauge import (
    ApiKey,
    Client,
    ClientCredentials,
    Exchange,
    NotListed,
    Outcome,
    Timeouts,
    TokenRefused,
    TokenUnavailable,
    create,
    find,
    judge,
    rows,
)

from .customergauge.peer import STORED, Connection, Peer, flood, head, reply, reset, whole
from .customergauge.test_replies import may_be_delivered

TIMEOUTS = Timeouts(connect=5, read=5, deadline=10)
PAIRS = (("NetPromoterScore", "7"), ("Comment", "a comment"))
TOKEN = b'{"access_token":"abc-token-123","expires_in":3600}'
LISTED = b'{"Data":[{"number_customergauge":"12","cgportal_ref":"r"},{"number_customergauge":"13"}]}'


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes to send and how the connection ends after them."""

    data: bytes
    broken_off: bool = False


class Server:
    """Answers every request with the reply that was set last."""

    def __init__(self, peer: Peer) -> None:
        self.url = peer.url
        self._peer = peer
        self.reply = Reply(b"")

    def play(self, connection: Connection) -> None:
        connection.read_request()
        connection.sock.sendall(self.reply.data)
        if self.reply.broken_off:
            reset(connection)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Peer(lambda connection: here.play(connection)) as peer:
        here = Server(peer)
        yield here


# --- Replies ----------------------------------------------------------------------------------------------------------

BODIES = st.sampled_from(
    [
        STORED, LISTED, TOKEN, b"", b"null", b"<html>Sign in</html>", b'{"Data":{"id":7}}', b'{"Data":[]}',
        b'{"Error":{"Message":"No.","Code":400003}}', b'{"Error":{"Message":"No.","Code":400002}}',
        b'{"Error":{"Message":"Invalid API Key","Code":2000}}', b'{"Data":{"id":7},"Error":{}}',
        b"<Data><number_customergauge>12</number_customergauge></Data>", b"\xef\xbb\xbf" + STORED,
        b'{"access_token":"' + b"x" * 9000 + b'"}', b'{"error":"invalid_client"}', b"[" * 5000,
    ]
)  # fmt: skip
STATUSES = st.sampled_from(
    [200, 200, 200, 201, 204, 100, 101, 302, 400, 401, 403, 404, 409, 429, 500, 503]
) | st.integers(0, 9999)
HEADERS = st.lists(
    st.sampled_from(
        [
            b"Content-Type: application/json", b"Connection: close", b"Connection: keep-alive", b"Retry-After: 5",
            b"Transfer-Encoding: chunked", b"Content-Encoding: gzip", b"Content-Encoding: identity", b"X: \xff\x00",
            b"Location: http://127.0.0.1:9/", b"Content-Length: 9", b"Content-Length: -1", b"Content-Length: x",
            b" folded", b"no colon", b": no name", b"Date: Thu, 01 Jan 2026 00:00:00 GMT", b"Set-Cookie: a=b",
            b"Content-Length: 99999999999999999999", b"Trailer: X", b"Transfer-Encoding: gzip, chunked",
        ]
    )
    | st.binary(max_size=30),
    max_size=4,
)  # fmt: skip


@st.composite
def well_made(draw: st.DrawFn) -> bytes:
    """A reply whose body has its length, is in chunks, or ends with the connection."""
    body, lines = draw(BODIES), draw(HEADERS)
    framing = draw(st.sampled_from(["length", "chunks", "end"]))
    if framing == "length":
        lines = [b"Content-Length: %d" % len(body), *lines]
    elif framing == "chunks":
        cut = draw(st.integers(0, len(body)))
        lines = [b"Transfer-Encoding: chunked", *lines]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:cut], body[cut:]) if part) + b"0\r\n\r\n"
    status = b"HTTP/1.1 %d %s" % (draw(STATUSES), draw(st.sampled_from([b"OK", b"", b"\xff"])))
    return b"\r\n".join([status, *lines, b"", body])


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A well-made reply in which some bytes are missing, doubled, changed or added, or which ends early."""
    data = bytearray(draw(well_made()))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(0, 12))
        put = draw(st.one_of(st.just(b""), st.binary(max_size=6), st.just(bytes(data[at : at + length]) * 2)))
        data[at : at + length] = put
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


REPLIES = st.builds(
    Reply, st.one_of(st.binary(max_size=400), well_made(), spoiled(), st.tuples(well_made(), spoiled()).map(b"".join)),
    st.booleans(),
)  # fmt: skip
many = settings(max_examples=700, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


# --- The other reader -------------------------------------------------------------------------------------------------


CLEAN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t \x21-\x7e\x80-\xff]*\r?")


def readings(data: bytes) -> list[tuple[int, bytes]]:
    """What the first final reply in `data` may say, as (status, body), if all of it is there (RFC 9112).

    A head that is in order can be read in one way; of any other one all ways are allowed, as long as the body is whole.
    """
    while True:
        line, _, data = data.partition(b"\n")
        words = line.decode("latin-1").split(maxsplit=2)
        end = re.search(rb"^\r?\n", data, re.MULTILINE)
        if len(words) < 2 or not re.fullmatch(r"\+?[0-9]+(_[0-9]+)*", words[1]) or not end:
            return []
        lines, data = data[: end.start()].splitlines(), data[end.end() :]
        if (status := int(words[1])) // 100 != 1:
            return [(status, body) for body in _bodies(lines, data) if body is not None]


def _bodies(lines: list[bytes], data: bytes) -> list[bytes | None]:
    headers = [(name.strip().lower(), value.strip().lower()) for name, _, value in (x.partition(b":") for x in lines)]
    encodings = [value for name, value in headers if name == b"transfer-encoding"]
    lengths = {value for name, value in headers if name == b"content-length"}
    cut = [data[: int(length)] for length in lengths if length.isdigit() and int(length) <= len(data)]
    clean = all(CLEAN.fullmatch(line) for line in lines)
    if clean and encodings == [b"chunked"]:
        return [_chunks(data)]
    if clean and not encodings and len(lengths) == 1 and lengths.pop().isdigit():
        return list(cut)
    return [data] if clean and not encodings and not lengths else [data, _chunks(data), *cut]


def _chunks(data: bytes) -> bytes | None:
    body = b""
    while found := re.match(rb"[ \t]*([0-9A-Fa-f]+)[^\n]*\n", data):
        size = int(found[1], 16)
        if size == 0:
            return body
        body, data = body + data[found.end() : found.end() + size], data[found.end() + size :]
        end = re.match(rb"\r?\n", data)
        if not end:
            return None
        data = data[end.end() :]
    return None


# --- What must hold ---------------------------------------------------------------------------------------------------


@many
@given(answer=REPLIES, form=st.sampled_from(["json", "json", "xml"]))
@example(Reply(whole(STORED)), "json")
@example(Reply(whole(STORED)[:-1]), "json")
@example(Reply(whole(STORED), broken_off=True), "json")
@example(Reply(b"HTTP/1.1 100 Continue\r\n\r\n" + whole(STORED)), "json")
def test_no_reply_is_taken_for_a_success_that_it_does_not_say(server: Server, answer: Reply, form: Any) -> None:
    server.reply = answer
    client = Client(server.url, ApiKey("canary-key-4d1f7a"), format=form, timeouts=TIMEOUTS)
    exchange = client.send(create(PAIRS), on_wire=lambda: None)[-1]
    verdict = judge(exchange)
    assert exchange.wire
    assert verdict.outcome is not Outcome.NOT_SENT, "it arrived"
    assert (verdict.cg_id is not None) is (verdict.outcome is Outcome.DELIVERED)
    if verdict.outcome is Outcome.DELIVERED:
        assert any(says_stored(status, body, str(verdict.cg_id), form) for status, body in readings(answer.data))


def says_stored(status: int, body: bytes, number: str, form: str) -> bool:
    """Whether a reply that was read here means success under that number."""
    if not 200 <= status <= 299 or number.encode() not in body:
        return False
    try:
        return form == "xml" or may_be_delivered(Exchange("POST", "", wire=True, status=status, body=body))
    except (ValueError, TypeError, KeyError, AssertionError):  # no success in any way of reading
        return False


@many
@given(answer=REPLIES)
@example(Reply(whole(LISTED)))
def test_no_reply_to_a_look_up_makes_up_a_record(server: Server, answer: Reply) -> None:
    server.reply = answer
    client = Client(server.url, ApiKey("canary-key-4d1f7a"), timeouts=TIMEOUTS)
    exchange = client.send(find([("filter_cgportal_ref", "r")]))[-1]
    try:
        found = rows(exchange)
    except NotListed:
        return
    assert not found or any(says_rows(status, body, found) for status, body in readings(answer.data))


def says_rows(status: int, body: bytes, found: tuple[dict[str, str], ...]) -> bool:
    """Whether a reply that was read here lists these records."""
    data = document(body).get("Data") if 200 <= status <= 299 else None
    listed = data if isinstance(data, list) else [data]
    return len(listed) == len(found) and all(
        isinstance(record, dict) and row.items() <= {key: str(value) for key, value in record.items()}.items()
        for row, record in zip(found, listed, strict=True)
    )


def document(body: bytes) -> dict[str, Any]:
    """The body as an object, empty if it is none."""
    try:
        read = json.loads(body.decode("utf-8-sig"))
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


@many
@given(answer=REPLIES)
@example(Reply(whole(TOKEN)))
def test_no_reply_of_the_token_service_becomes_a_token_that_it_is_not(server: Server, answer: Reply) -> None:
    server.reply = answer
    credentials = ClientCredentials(f"{server.url}/oauth2/token", "an-id", "a-secret", timeouts=TIMEOUTS)
    try:
        scheme, _, token = credentials.authorization().partition(" ")
    except (TokenRefused, TokenUnavailable):
        return
    assert scheme == "Bearer"
    assert re.fullmatch(r"[\x21-\x7e]+", token)
    said = readings(answer.data)
    assert any(200 <= status <= 299 and document(body).get("access_token") == token for status, body in said)


@pytest.mark.parametrize(
    "script",
    [
        reply(whole(b" " * 60_000 + STORED)),
        reply(whole(STORED, 200, *(f"X-Header-{number}: {'v' * 200}" for number in range(90)))),
        flood(head(200, "Transfer-Encoding: chunked"), b"1000\r\n" + b" " * 4096 + b"\r\n"),
        flood(head(), b"x" * 65_536),
    ],
    ids=["large", "many headers", "endless chunks", "endless"],
)
def test_memory_stays_flat_over_many_large_replies(script: Any) -> None:
    with Peer(script) as peer:
        client = Client(peer.url, ApiKey("canary-key-4d1f7a"), timeouts=TIMEOUTS)

        def calls(count: int) -> int:
            for _ in range(count):
                judge(client.send(create(PAIRS), on_wire=lambda: None)[-1])
            return tracemalloc.get_traced_memory()[0]

        tracemalloc.start()
        try:
            before = calls(10)
            assert calls(60) - before < 1_000_000, "as much as sixteen replies has been kept"
        finally:
            tracemalloc.stop()
