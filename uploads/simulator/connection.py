"""One connection: read a request, decide how to behave, write it into the ledger, play the script."""

import itertools
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from .api import ANONYMISE_PATH, PREFIX, TOKEN_PATH, Answer, Api
from .behaviours import OK
from .choices import Choices
from .errors import ApiError
from .http import CHUNK, MalformedRequest, Request, Wire, message
from .ledger import Ledger
from .script import Behaviour, Call, End, Point, Step, steps

ELSEWHERE = "/elsewhere/"
_NOTHING = Request("", "", "", ())
#: Not a choice: the client itself left before its body was complete.
CUT_SHORT = Behaviour("cut short", "", "The client closed within its own body.", steps(End.CLOSE))


@dataclass
class Peer:
    """What all connections share."""

    api: Api
    choices: Choices
    ledger: Ledger
    control: Callable[[Request], bytes]
    tls: ssl.SSLContext | None
    latency: float
    elsewhere: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


class Connection:
    """Serves one accepted socket until either side ends it."""

    def __init__(self, peer: Peer, sock: socket.socket) -> None:
        self._peer = peer
        self._sock = sock
        self._number = 0

    def serve(self) -> None:
        """Read and answer requests to the end of the connection."""
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._number = next(self._peer.numbers)
        if behaviour := self._peer.choices.take("any", Point.ACCEPT):
            self._perform(behaviour, _NOTHING, Answer(200, {}))
            return
        if self._peer.tls:
            self._secure(self._peer.tls)
        wire = Wire(self._sock)
        while not self._peer.stopping.is_set() and self._exchange(wire):
            pass

    def interrupt(self) -> None:
        """End the connection from another thread: whatever it waits for returns at once."""
        with suppress(OSError):  # it has just ended by itself
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket; returns when it is closed."""
        self._sock.close()

    def _secure(self, tls: ssl.SSLContext) -> None:
        sock = tls.wrap_socket(self._sock, server_side=True, do_handshake_on_connect=False)
        self._sock = sock
        # An interrupt before this line met the plain socket, which is no longer the connection: ask once more.
        if not self._peer.stopping.is_set():
            sock.do_handshake()

    def _exchange(self, wire: Wire) -> bool:
        """Serve one request; whether another may follow."""
        try:
            cautious = self._peer.choices.expects(Point.BODY)
            request = wire.head(1 if cautious else CHUNK)
            if request is None:
                return False
            if not _is_api(request):
                request = replace(request, body=wire.body(request))
                self._sock.sendall(self._other(request))
                return request.keeps_alive
            return self._api_call(wire, request)
        except MalformedRequest as error:
            self._sock.sendall(message(400, f"{error}\n".encode(), "Connection: close", content_type="text/plain"))
            return False

    def _api_call(self, wire: Wire, request: Request) -> bool:
        scope = "token" if request.path == TOKEN_PATH else request.method
        choices = self._peer.choices
        if behaviour := choices.take(scope, Point.BODY):
            request = replace(request, body=wire.body(request, 0.5))
            return self._perform(behaviour, request, Answer(200, {}))
        if request.header("expect").lower() == "100-continue":
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        request = replace(request, body=wire.body(request))
        if wire.is_short(request):
            return self._perform(CUT_SHORT, request, Answer(200, {}))
        try:
            marked = choices.marked(request.form) if b"sim" in request.body else None
        except ValueError as error:
            refusal = ApiError(300001, str(error))
            return self._perform(OK, request, Answer(refusal.status, refusal.document))
        behaviour = marked or choices.take(scope, Point.REQUEST) or OK
        return self._perform(behaviour, request, self._peer.api.answer(request, keep=behaviour.stores))

    def _perform(self, behaviour: Behaviour, request: Request, answer: Answer) -> bool:
        peer = self._peer
        script = behaviour.script(Call(request, answer, peer.elsewhere, peer.api.account.rows))
        first = next(script)
        reply = first if isinstance(first, bytes) else b""
        peer.ledger.add(datetime.now(UTC), self._number, request, behaviour.name, reply, answer.number)
        if peer.latency and behaviour.point is Point.REQUEST:
            peer.stopping.wait(peer.latency)
        end = self._play(itertools.chain((first,), script))
        return end is None and request.keeps_alive

    def _play(self, script: Iterator[Step]) -> End | None:
        for step in script:
            if isinstance(step, bytes):
                self._sock.sendall(step)
            elif isinstance(step, End):
                self._end(step)
                return step
            elif self._peer.stopping.wait(step):
                return End.CLOSE
        return None

    def _end(self, end: End) -> None:
        match end:
            case End.RESET:
                # To linger for no time is to reset.
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case End.CLOSE:
                self._sock.shutdown(socket.SHUT_WR)
                self._drain()
            case End.HOLD:
                self._drain()
            case End.IGNORE:
                poll = select.poll()
                poll.register(self._sock, getattr(select, "POLLRDHUP", 0))
                poll.poll()

    def _drain(self) -> None:
        while self._sock.recv(CHUNK):
            pass

    def _other(self, request: Request) -> bytes:
        peer = self._peer
        if request.path.startswith(ELSEWHERE):
            reply = message(200, b"<!doctype html><title>Elsewhere</title><p>Another host.\n", content_type="text/html")
            peer.ledger.add(datetime.now(UTC), self._number, request, "elsewhere", reply, None)
            return reply
        return peer.control(request)


def _is_api(request: Request) -> bool:
    return request.target.startswith(PREFIX) or request.path in (TOKEN_PATH, ANONYMISE_PATH)
