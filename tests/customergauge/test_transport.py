"""What happens on the wire, told truly whatever the other side does."""

import socket
import threading
import time
import tracemalloc
from collections.abc import Callable

import pytest

from uploads.customergauge import ApiKey, Client, Exchange, Fault, Outcome, Timeouts, create, judge
from uploads.customergauge.transport import Transport, url_fault

from .conftest import PAIRS, MakeClient, post
from .peer import (
    STORED,
    Connection,
    Peer,
    Script,
    drip,
    flood,
    head,
    reply,
    reset,
    reset_after_request,
    silence,
    speaks,
    whole,
)

# No assertion on speed: only a net under a test that would otherwise hang.
SAFETY_NET = 8.0


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


# --- Before anything is sent ------------------------------------------------------------------------------------------


def refuse() -> None:
    raise LookupError("the database is gone")


def test_no_byte_leaves_when_the_wire_mark_fails(make_client: MakeClient) -> None:
    with Peer(silence) as peer:
        exchange = post(make_client(peer.url), on_wire=refuse)
    assert peer.requests == [b""]
    assert (exchange.fault, exchange.wire, exchange.detail) == (Fault.WIRE_MARK_REFUSED, False, "LookupError")
    assert judge(exchange).outcome is Outcome.NOT_SENT


def test_the_wire_mark_comes_after_connecting_and_before_the_first_byte(make_client: MakeClient) -> None:
    seen: list[tuple[int, bytes]] = []
    connected = threading.Event()

    def note(connection: Connection) -> None:
        connected.set()
        reply(whole(STORED))(connection)

    def on_wire() -> None:
        assert connected.wait(SAFETY_NET)
        seen.append((len(peer.connections), peer.requests[0]))

    with Peer(note) as peer:
        exchange = post(make_client(peer.url), on_wire=on_wire)
    assert seen == [(1, b"")]
    assert exchange.wire
    assert peer.requests[0].endswith(b"NetPromoterScore=7&Comment=canary+comment")


def test_a_request_to_end_the_process_is_not_swallowed(make_client: MakeClient) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with Peer(silence) as peer, pytest.raises(KeyboardInterrupt):
        post(make_client(peer.url), on_wire=interrupt)
    assert peer.requests == [b""]


def test_a_wire_mark_that_outlasts_the_deadline_lets_no_byte_out(make_client: MakeClient) -> None:
    with Peer(silence) as peer:
        exchange = post(make_client(peer.url, deadline=0.2), on_wire=lambda: time.sleep(0.3))
    assert peer.requests == [b""]
    assert (exchange.fault, exchange.wire) == (Fault.WIRE_MARK_REFUSED, False)


def test_the_wait_for_the_wire_mark_is_not_taken_from_the_time_of_the_call(make_client: MakeClient) -> None:
    with Peer(silence) as peer:
        exchange = post(make_client(peer.url, deadline=0.6), on_wire=lambda: time.sleep(0.4))
    assert (exchange.fault, exchange.wire) == (Fault.DEADLINE, True)
    assert exchange.seconds >= 0.99


def test_a_refused_connection_is_told(make_client: MakeClient) -> None:
    exchange = post(make_client(f"http://127.0.0.1:{closed_port()}"), on_wire=refuse)
    assert (exchange.fault, exchange.wire) == (Fault.REFUSED, False)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 64 + ".example", "a..example"])
def test_a_name_that_does_not_resolve_is_told(make_client: MakeClient, host: str) -> None:
    exchange = post(make_client(f"https://{host}"), on_wire=refuse)
    assert (exchange.fault, exchange.wire) == (Fault.DNS, False)


def test_a_connection_that_never_comes_about_is_given_up(make_client: MakeClient) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        exchange = post(make_client(f"http://127.0.0.1:{full.getsockname()[1]}", connect=0.3), on_wire=refuse)
        for filler in fillers:
            filler.close()
    assert (exchange.fault, exchange.wire) == (Fault.CONNECT_TIMEOUT, False)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("", Fault.BAD_URL),
        ("api.eu.customergauge.com", Fault.BAD_URL),
        ("ftp://127.0.0.1", Fault.BAD_URL),
        ("https://", Fault.BAD_URL),
        ("https://[::1", Fault.BAD_URL),
        ("https://127.0.0.1:99999", Fault.BAD_URL),
        ("https://127.0.0.1:x", Fault.BAD_URL),
        ("https://user:pass@127.0.0.1", Fault.BAD_URL),
        ("https://127.0.0.1/v4.1", Fault.BAD_URL),
        ("https://127.0.0.1?x=1", Fault.BAD_URL),
        ("https://127.0.0.1#x", Fault.BAD_URL),
        ("https://127.0.0.1\r\nX: y", Fault.BAD_URL),
        ("https://127.0.0.1 ", Fault.BAD_URL),
        ("https://exämple.com", Fault.BAD_URL),
        ("https://127.0.0.1\\@evil.example", Fault.BAD_URL),
        ("http://api.eu.customergauge.com", Fault.INSECURE_URL),
        ("http://127.0.0.1.evil.example", Fault.INSECURE_URL),
        ("http://localhost.evil.example", Fault.INSECURE_URL),
        ("http://10.0.0.1", Fault.INSECURE_URL),
        ("http://0.0.0.0", Fault.INSECURE_URL),
        ("http://2130706433", Fault.INSECURE_URL),
        ("http://[::ffff:10.0.0.1]", Fault.INSECURE_URL),
    ],
)
def test_an_address_that_must_not_be_used_sends_nothing(make_client: MakeClient, url: str, fault: Fault) -> None:
    exchange = post(make_client(url), on_wire=refuse)
    assert (exchange.fault, exchange.wire) == (fault, False)
    assert judge(exchange).outcome is Outcome.REFUSED_CHANNEL


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.9.9.9", "http://[::1]:8", "HTTPS://API.example/"])
def test_https_and_this_machine_are_allowed(url: str) -> None:
    assert url_fault(url) is None


@pytest.mark.parametrize("value", ["api_key a\r\nX-Evil: 1", "api_key é", "api_key \0", "api_key a "])
def test_a_credential_that_cannot_be_a_header_sends_nothing(value: str) -> None:
    with Peer(silence) as peer:
        exchange = Transport().call("POST", peer.url, {"Authorization": value}, b"x=1", refuse)
    assert peer.connections == []
    assert (exchange.fault, exchange.wire) == (Fault.BAD_CREDENTIAL, False)
    assert value not in repr(exchange)


# --- What comes back --------------------------------------------------------------------------------------------------


def half_way(connection: Connection) -> None:
    connection.take()
    reset(connection)


BROKEN: list[tuple[str, Script, Fault, int | None]] = [
    ("closed without a word", reply(b""), Fault.DISCONNECTED, None),
    ("closed before the request", lambda _connection: None, Fault.DISCONNECTED, None),
    ("reset after the request", reset_after_request, Fault.DISCONNECTED, None),
    ("reset half way", half_way, Fault.DISCONNECTED, None),
    ("half a status line", reply(b"HTTP/1.1 20"), Fault.TRUNCATED, None),
    ("half a head", reply(b"HTTP/1.1 200 OK\r\nContent-Le"), Fault.TRUNCATED, 200),
    ("a head without its end", reply(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n"), Fault.TRUNCATED, 401),
    ("100 and no more", reply(b"HTTP/1.1 100 Continue\r\n\r\n"), Fault.TRUNCATED, None),
    ("half a body", reply(head(200, "Content-Length: 99") + STORED), Fault.TRUNCATED, 200),
    ("half a chunk", reply(head(200, "Transfer-Encoding: chunked") + b"ff\r\n" + STORED), Fault.TRUNCATED, 200),
    ("no last chunk", reply(head(200, "Transfer-Encoding: chunked") + b"24\r\n" + STORED), Fault.TRUNCATED, 200),
    ("garbage", reply(b"\x16\x03\x01 not http at all\r\n\r\n"), Fault.MALFORMED, None),
    ("a bad chunk size", reply(head(200, "Transfer-Encoding: chunked") + b"zz\r\nx\r\n"), Fault.MALFORMED, 200),
    ("two lengths", reply(head(200, "Content-Length: 36", "Content-Length: 3") + STORED), Fault.MALFORMED, None),
    ("gzip", reply(whole(STORED, 200, "Content-Encoding: gzip")), Fault.ENCODED, 200),
    ("an unknown encoding", reply(whole(STORED, 200, "Content-Encoding: identity, br")), Fault.ENCODED, 200),
    ("a body over the limit", reply(whole(b"x" * 65537)), Fault.TOO_LONG, 200),
    ("a body without end", flood(head(), b"x" * 65536), Fault.TOO_LONG, 200),
    ("chunks without end", flood(head(200, "Transfer-Encoding: chunked"), b"1\r\nx\r\n" * 999), Fault.TOO_LONG, 200),
    ("300 headers", reply(whole(STORED, 200, *(f"X-{n}: y" for n in range(300)))), Fault.MALFORMED, None),
    ("a header of 100 KB", reply(whole(STORED, 200, "X: " + "y" * 100_000)), Fault.TOO_LONG, None),
    ("headers without end", flood(b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n" * 99), Fault.MALFORMED, None),
    ("100 without end", flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99), Fault.TOO_LONG, None),
    ("silence", silence, Fault.READ_TIMEOUT, None),
    ("silence after the head", speaks(head(200, "Content-Length: 36")), Fault.READ_TIMEOUT, 200),
]


@pytest.mark.parametrize(("script", "fault", "status"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_broken_reply_is_an_exchange_of_unknown_outcome(
    make_client: MakeClient, script: Script, fault: Fault, status: int | None
) -> None:
    with Peer(script) as peer:
        exchange = post(make_client(peer.url, read=0.5 if fault is Fault.READ_TIMEOUT else 5))
    assert (exchange.fault, exchange.wire, exchange.status) == (fault, True, status)
    assert judge(exchange).outcome is Outcome.UNKNOWN
    assert len(peer.connections) == 1
    assert len(exchange.body) <= 65536


NEVER_ENDING = {
    "silence": silence,
    "head": drip(b"HTTP/1.1 200 OK\r\nX: ", b"y"),
    "headers": drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "body": drip(head(200, "Content-Length: 9999"), b"x"),
    "body to the end": drip(head(), b"x"),
    "chunks": drip(head(200, "Transfer-Encoding: chunked"), b"1\r\nx\r\n"),
    "chunk size": drip(head(200, "Transfer-Encoding: chunked"), b"0"),
    "interim": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("script", NEVER_ENDING.values(), ids=NEVER_ENDING)
def test_a_reply_that_never_ends_is_ended_at_the_deadline(make_client: MakeClient, script: Script) -> None:
    with Peer(script) as peer:
        exchange = post(make_client(peer.url, read=60, deadline=0.5))
    assert exchange.fault is Fault.DEADLINE
    assert exchange.seconds < SAFETY_NET
    assert judge(exchange).outcome is Outcome.UNKNOWN


def test_a_request_that_is_not_taken_in_is_ended_at_the_deadline() -> None:
    def deaf(connection: Connection) -> None:
        connection.stopping.wait(SAFETY_NET)

    with Peer(deaf) as peer:
        exchange = Transport(Timeouts(5, 5, 0.5)).call("POST", peer.url, {}, b"x" * 20_000_000)
    assert (exchange.fault, exchange.wire) == (Fault.DEADLINE, True)


def test_what_had_arrived_of_a_broken_reply_is_kept(make_client: MakeClient) -> None:
    with Peer(reply(head(200, "X-Id: 7", "Content-Length: 99") + b'{"Data":')) as peer:
        exchange = post(make_client(peer.url))
    assert (exchange.body, exchange.header("x-id"), exchange.fault) == (b'{"Data":', "7", Fault.TRUNCATED)


@pytest.mark.parametrize(
    "data",
    [
        whole(STORED),
        head(200) + STORED,
        head(200, "Transfer-Encoding: chunked") + b"24\r\n" + STORED + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + whole(STORED),
        whole(STORED, 200, "Content-Encoding: identity", "Connection: keep-alive"),
    ],
)
def test_each_proper_framing_is_read(make_client: MakeClient, data: bytes) -> None:
    with Peer(reply(data)) as peer:
        exchange = post(make_client(peer.url))
    assert (exchange.fault, exchange.status, exchange.body) == (None, 200, STORED)
    assert judge(exchange).cg_id == "12"


def test_a_body_of_exactly_the_limit_is_whole(make_client: MakeClient) -> None:
    with Peer(reply(whole(b"x" * 65536))) as peer:
        exchange = post(make_client(peer.url))
    assert (exchange.fault, len(exchange.body)) == (None, 65536)


def test_repeated_headers_are_all_kept(make_client: MakeClient) -> None:
    with Peer(reply(whole(b"", 200, "B: 1", "A: 2", "b: 3"))) as peer:
        exchange = post(make_client(peer.url))
    assert [value for name, value in exchange.headers if name.lower() in "ab"] == ["1", "3", "2"]
    assert exchange.header("B") == "1, 3"


def test_memory_stays_flat_under_a_flood(make_client: MakeClient) -> None:
    with Peer(flood(head(200, "Content-Encoding: gzip"), b"\0" * 65536)) as peer:
        client = make_client(peer.url)
        post(client)
        tracemalloc.start()
        try:
            exchange = post(client)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert exchange.fault is Fault.TOO_LONG
    assert len(exchange.body) == 65536
    assert peak < 3_000_000


# --- What must not happen ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_nothing_reaches_the_other_server(make_client: MakeClient, status: int) -> None:
    with Peer(reply(whole(STORED))) as other, Peer(reply(whole(b"", status, f"Location: {other.url}/x"))) as peer:
        exchange = post(make_client(peer.url))
    assert other.connections == []
    assert len(peer.connections) == 1
    assert exchange.status == status
    assert judge(exchange).outcome in (Outcome.REFUSED_CHANNEL, Outcome.UNKNOWN)


def test_no_connection_is_used_twice_and_no_cookie_is_kept(make_client: MakeClient) -> None:
    with Peer(reply(whole(STORED, 200, "Connection: keep-alive", "Set-Cookie: a=b"))) as peer:
        client = make_client(peer.url)
        post(client)
        post(client)
    assert len(peer.connections) == 2
    assert not any(b"cookie" in request.lower() for request in peer.requests)


def test_the_environment_does_not_change_where_or_as_whom_we_call(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login evil password evil\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Peer(silence) as proxy, Peer(reply(whole(STORED))) as peer:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        exchange = post(make_client(peer.url))
    assert exchange.status == 200
    assert proxy.connections == []
    assert b"Authorization: api_key canary-key-4d1f7a\r\n" in peer.requests[0]


def test_a_failing_call_is_made_once(make_client: MakeClient) -> None:
    with Peer(reply(whole(b"", 503, "Retry-After: 1"))) as peer:
        exchange = post(make_client(peer.url))
    assert len(peer.connections) == 1
    assert judge(exchange).retry_after == 5


def in_threads(count: int, action: Callable[[int], object]) -> list[object]:
    """What `action(0)` to `action(count - 1)` returned, each run in its own thread."""
    results: list[object] = [None] * count

    def run(number: int) -> None:
        results[number] = action(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def echo(connection: Connection) -> None:
    connection.read_request()
    number = bytes(connection.received).rpartition(b"=")[2]
    connection.sock.sendall(whole(b'{"Data":{"id":"n' + number + b'"}}'))


def test_64_threads_share_one_client_and_each_gets_its_own_answer() -> None:
    marks: list[int] = []
    with Peer(echo) as peer:
        client = Client(peer.url, ApiKey("k"))

        def send(number: int) -> str | None:
            pairs = (*PAIRS, ("Number", str(number)))
            (exchange,) = client.send(create(pairs), on_wire=lambda: marks.append(number))
            return judge(exchange).cg_id

        answers = in_threads(64, send)
    assert answers == [f"n{number}" for number in range(64)]
    assert sorted(marks) == list(range(64))


def test_an_exchange_is_plain_and_frozen(make_client: MakeClient) -> None:
    with Peer(reply(whole(STORED))) as peer:
        exchange = post(make_client(peer.url))
    assert isinstance(exchange, Exchange)
    assert exchange.started_at.utcoffset() is not None
    assert hash(exchange) == hash(exchange)
    with pytest.raises(AttributeError):
        exchange.status = 500  # type: ignore[misc]
