"""TLS is verified, always, and a failure is known not to have sent anything."""

import ssl
from pathlib import Path

import pytest

from uploads.customergauge import Fault, Outcome, judge

from .conftest import Authority, MakeClient, post
from .peer import STORED, Connection, Peer, drip, reply, silence, speaks, whole


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.fixture(scope="module")
def good(authority: Authority) -> ssl.SSLContext:
    return server_context(*authority.issue("good", "IP:127.0.0.1"))


def refuse() -> None:
    raise LookupError


def test_a_certificate_of_the_trusted_authority_is_accepted(
    make_client: MakeClient, authority: Authority, good: ssl.SSLContext
) -> None:
    with Peer(reply(whole(STORED)), tls=good) as peer:
        exchange = post(make_client(peer.url, ca_file=str(authority.file)))
    assert judge(exchange).cg_id == "12"
    assert b"NetPromoterScore=7" in peer.requests[0]


def test_no_byte_of_the_request_leaves_when_the_wire_mark_fails_after_the_handshake(
    make_client: MakeClient, authority: Authority, good: ssl.SSLContext
) -> None:
    with Peer(silence, tls=good) as peer:
        exchange = post(make_client(peer.url, ca_file=str(authority.file)), on_wire=refuse)
    assert peer.requests == [b""]
    assert (exchange.fault, exchange.wire) == (Fault.WIRE_MARK_REFUSED, False)


@pytest.mark.parametrize(
    ("name", "alternative", "days", "trusted"),
    [
        ("unknown-authority", "IP:127.0.0.1", 1, False),
        ("wrong-host", "DNS:api.example", 1, True),
        ("expired", "IP:127.0.0.1", -1, True),
    ],
)
def test_a_certificate_that_proves_nothing_stops_the_channel_unsent(
    make_client: MakeClient, authority: Authority, name: str, alternative: str, days: int, trusted: bool
) -> None:
    context = server_context(*authority.issue(name, alternative, days))
    with Peer(silence, tls=context) as peer:
        exchange = post(make_client(peer.url, ca_file=str(authority.file) if trusted else None))
    assert peer.connections == []
    assert (exchange.fault, exchange.wire) == (Fault.CERTIFICATE, False)
    assert exchange.detail
    assert judge(exchange).outcome is Outcome.REFUSED_CHANNEL


def test_plain_http_where_tls_is_expected_stops_the_channel_unsent(make_client: MakeClient) -> None:
    with Peer(speaks(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as peer:
        exchange = post(make_client(peer.url.replace("http:", "https:")))
    assert (exchange.fault, exchange.wire) == (Fault.TLS, False)
    assert judge(exchange).outcome is Outcome.REFUSED_CHANNEL
    assert b"NetPromoterScore" not in peer.requests[0]


def leave(connection: Connection) -> None:
    connection.take()


def test_a_server_that_leaves_during_the_handshake_is_tried_again_later(make_client: MakeClient) -> None:
    with Peer(leave) as peer:
        exchange = post(make_client(peer.url.replace("http:", "https:")))
    assert (exchange.fault, exchange.wire) == (Fault.CONNECT_FAILED, False)
    assert judge(exchange).outcome is Outcome.NOT_SENT


def drip_handshake(connection: Connection) -> None:
    connection.sock.sendall(b"\x16\x03\x03\x40\x00")
    while not connection.stopping.wait(0.05):
        connection.sock.sendall(b"\x02")


@pytest.mark.parametrize("script", [silence, drip_handshake])
def test_a_handshake_that_does_not_end_is_given_up(make_client: MakeClient, script: object) -> None:
    with Peer(script) as peer:  # type: ignore[arg-type]
        exchange = post(make_client(peer.url.replace("http:", "https:"), connect=0.4), on_wire=refuse)
    assert (exchange.fault, exchange.wire) == (Fault.CONNECT_TIMEOUT, False)


def test_a_dripping_reply_inside_tls_is_ended_at_the_deadline(
    make_client: MakeClient, authority: Authority, good: ssl.SSLContext
) -> None:
    with Peer(drip(b"HTTP/1.1 200 OK\r\nX: ", b"y"), tls=good) as peer:
        exchange = post(make_client(peer.url, deadline=0.5, ca_file=str(authority.file)))
    assert (exchange.fault, exchange.wire) == (Fault.DEADLINE, True)


def test_an_authority_file_that_is_missing_is_told_at_once(make_client: MakeClient, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        make_client("https://127.0.0.1", ca_file=str(tmp_path / "none.pem"))


def test_names_are_checked_too(make_client: MakeClient, authority: Authority) -> None:
    context = server_context(*authority.issue("localhost", "DNS:localhost"))
    with Peer(reply(whole(STORED)), tls=context) as peer:
        by_name = make_client(f"https://localhost:{peer.port}", ca_file=str(authority.file))
        assert judge(post(by_name)).outcome is Outcome.DELIVERED
        assert post(make_client(peer.url, ca_file=str(authority.file))).fault is Fault.CERTIFICATE
