"""The port: refused, black hole, healing, threads, TLS, keep-alive, and what is no HTTP."""

import http.client
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from uploads.simulator import Simulator

from .peer import connect, post, raw, watch


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def test_refused_refuses_until_told() -> None:
    with Simulator() as sim:
        post(sim)
        port = sim.port
        sim.behave("refused")
        with pytest.raises(ConnectionRefusedError):
            connect(sim)
        sim.behave_well()
        assert (post(sim).status, sim.port) == (200, port)


def test_a_port_that_refuses_is_still_taken() -> None:
    with Simulator() as sim:
        sim.behave("refused")
        with pytest.raises(OSError, match="in use"):
            Simulator(sim.port).start()


def test_refused_heals_by_itself_after_its_seconds() -> None:
    with Simulator() as sim:
        sim.behave("refused", seconds=0.05)
        while True:
            try:
                status = post(sim).status
                break
            except ConnectionRefusedError:
                continue
        assert (status, sim.choices) == (200, [])


def test_a_black_hole_answers_no_connection_attempt() -> None:
    with Simulator() as sim:
        sim.behave("blackhole")
        with socket.socket() as sock:
            sock.settimeout(0.3)
            with pytest.raises(TimeoutError):
                sock.connect(("127.0.0.1", sim.port))
        sim.behave_well()
        assert post(sim).status == 200
        assert len(sim.arrivals) == 1


def test_from_one_port_behaviour_to_the_next() -> None:
    with Simulator() as sim:
        for name in ("blackhole", "refused", "blackhole", "refused"):
            sim.behave(name)
        with pytest.raises(ConnectionRefusedError):
            connect(sim)
        sim.behave("500")
        assert post(sim).status == 500


def test_stop_ends_connections_that_hang() -> None:
    with Simulator() as sim:
        sim.behave("silence")
        hanging = connect(sim)
        hanging.sendall(raw())
        sim.wait_for_arrivals(1)
        sim.behave("silence-on-accept")
        unread = connect(sim)
        unread.sendall(raw())
        sim.wait_for_arrivals(2)
        sim.behave_well()
        sim.latency = 600
        slow = connect(sim)
        slow.sendall(raw())
        sim.wait_for_arrivals(3)
    for sock in (hanging, unread, slow):
        sock.close()


def test_latency_passes_after_the_record_is_stored() -> None:
    with Simulator(latency=600) as sim, connect(sim) as sock:
        sock.sendall(raw())
        sim.wait_for_arrivals(1)
        assert len(sim.records) == 1


def test_a_connection_is_kept_for_several_requests() -> None:
    with Simulator() as sim:
        connection = http.client.HTTPConnection("127.0.0.1", sim.port, timeout=20)
        for _ in range(3):
            connection.request("GET", "/v4.1/reasons.json", headers={"Authorization": "api_key K"})
            assert connection.getresponse().read()
        connection.close()
        post(sim)
        assert [arrival.connection for arrival in sim.arrivals] == [1, 1, 1, 2]


def test_requests_in_one_piece_are_answered_one_by_one() -> None:
    with Simulator() as sim:
        data, _ = watch(sim, raw() + raw(), half_close=True)
        assert data.count(b"HTTP/1.1 200 OK") == 2


def test_a_chunked_request_is_read() -> None:
    body = b"Email=a%40b.example&SurveyCompletedDate=2018-01-01+00%3A00%3A00"
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    request = raw(body=b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + chunked
    with Simulator() as sim:
        data, _ = watch(sim, request, half_close=True)
        assert data.endswith(b'{"Data":{"number_customergauge":1}}')
        assert sim.arrivals[0].body == body


def test_a_client_that_waits_for_100_continue_gets_it() -> None:
    head, _, body = raw("POST", "/v4.1/transactions/response.json", None, "Expect: 100-continue").partition(b"\r\n\r\n")
    with Simulator() as sim, connect(sim) as sock:
        sock.sendall(head + b"\r\n\r\n")
        assert sock.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(body)
        assert sock.recv(65_536).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/3\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /v4.1/workflow.json HTTP/1.1\r\nContent-Length: ten\r\n\r\n",
        b"POST /v4.1/workflow.json HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        b"POST /v4.1/workflow.json HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"x" * 300_000,
    ],
)
def test_what_is_no_http_gets_400_and_the_simulator_goes_on(request_bytes: bytes) -> None:
    with Simulator() as sim:
        data, _ = watch(sim, request_bytes, half_close=True)
        assert data[:12] in (b"HTTP/1.1 400", b"")
        assert post(sim).status == 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=simulator", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        ["openssl", "req", "-x509", *options, *name, "-keyout", key, "-out", cert], check=True, capture_output=True
    )
    return cert, key


def test_with_a_certificate_it_speaks_https(certificate: tuple[str, str]) -> None:
    context = ssl.create_default_context(cafile=certificate[0])
    with Simulator(certfile=certificate[0], keyfile=certificate[1]) as sim:
        assert sim.url.startswith("https://127.0.0.1:")
        with closing(http.client.HTTPSConnection("127.0.0.1", sim.port, timeout=20, context=context)) as connection:
            connection.request("GET", "/v4.1/reasons.json", headers={"Authorization": "api_key K"})
            assert connection.getresponse().read().startswith(b'{"Data":[')
        sim.behave("reset-after-body")
        with closing(http.client.HTTPSConnection("127.0.0.1", sim.port, timeout=20, context=context)) as connection:
            connection.request("GET", "/v4.1/reasons.json", headers={"Authorization": "api_key K"})
            with pytest.raises(ConnectionResetError):
                connection.getresponse()


def test_a_client_that_does_not_speak_tls_harms_nobody(certificate: tuple[str, str]) -> None:
    with Simulator(certfile=certificate[0], keyfile=certificate[1]) as sim:
        watch(sim, raw(), half_close=True)
        assert sim.arrivals == []
        idle = connect(sim)
    idle.close()


def test_a_port_in_use_is_an_error() -> None:
    with Simulator() as sim, pytest.raises(OSError, match="in use"):
        Simulator(sim.port).start()


def test_a_thousand_requests_by_eight_clients_are_all_there() -> None:
    with Simulator() as sim:
        clients = [threading.Thread(target=lambda: [post(sim) for _ in range(125)]) for _ in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert len(sim.wait_for_arrivals(1000)) == 1000
        assert list(range(1, 1001)) == sorted(sim.records)
