"""Clients to test the simulator with: one that speaks HTTP, and one that looks at bytes only."""

import http.client
import json
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlencode

from uploads.simulator import Simulator

RESPONSE = "/v4.1/transactions/response.json"
SURVEY = {
    "CustomerNumber": "1143",
    "Email": "lee_klameth@directness.example",
    "FirstName": "Lee",
    "LastName": "Klameth",
    "NetPromoterScore": "4",
    "Comment": "Waited too long ☎",
    "EmailSentDate": "2018-01-01 13:40:00",
    "SurveyCompletedDate": "2018-01-01 13:59:12",
    "FollowUpRequired": "Y",
    "WorkflowStatus": "OPEN",
    "ReasonCode": "10000,10020",
    "cgportal_ref": "a1b2c3",
}
FORM = "application/x-www-form-urlencoded"


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> object:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


def call(
    sim: Simulator,
    method: str = "POST",
    path: str = RESPONSE,
    pairs: object = None,
    authorization: str = "api_key K",
    **headers: str,
) -> Reply:
    """One request on a connection of its own; ``pairs`` (mapping or pairs) become the form body."""
    body = None if pairs is None else urlencode(pairs)  # type: ignore[arg-type]
    sent = (
        {"Authorization": authorization, "Content-Type": FORM} if body is not None else {"Authorization": authorization}
    )
    connection = http.client.HTTPConnection("127.0.0.1", sim.port, timeout=20)
    try:
        connection.request(method, path, body, sent | headers)
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


def post(sim: Simulator, **changes: str | None) -> Reply:
    """Post the survey, with some keys changed or (None) left out."""
    pairs = {key: value for key, value in (SURVEY | changes).items() if value is not None}
    return call(sim, pairs=pairs)


def raw(method: str = "POST", path: str = RESPONSE, body: bytes | None = None, *headers: str) -> bytes:
    """The bytes of one request."""
    body = urlencode(SURVEY).encode() if body is None else body
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: sim.example",
        "Authorization: api_key K",
        f"Content-Type: {FORM}",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def connect(sim: Simulator) -> socket.socket:
    return socket.create_connection(("127.0.0.1", sim.port), timeout=20)


def watch(sim: Simulator, request: bytes, *, half_close: bool = False, until: bytes | None = None) -> tuple[bytes, str]:
    """Send bytes and read: what came back, and how it ended: "closed", "reset", or "goes on" once ``until`` matches.

    With ``half_close`` the client says that it will send no more, which ends a silence in good order.
    """
    data = bytearray()
    try:
        sock = connect(sim)
    except ConnectionResetError:  # so early that connecting itself already sees it
        return b"", "reset"
    with sock:
        try:
            sock.sendall(request)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
            while until is None or not re.match(until, data):
                more = sock.recv(65_536)
                if not more:
                    return bytes(data), "closed"
                data += more
        except ConnectionError:
            return bytes(data), "reset"
    return bytes(data), "goes on"
