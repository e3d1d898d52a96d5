"""urllib3 connections that say when the request may have left, and that nothing can keep waiting for ever.

urllib3's own read timeout starts anew with every byte that arrives, so a server that drips would hold a thread for
hours. Here every single wait for the socket gets at most what is left of the whole call's time. That ends a dripping
handshake, head or body alike, and needs no second thread to shut a socket that is in use.
"""

import io
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from .exchange import Fault

MAX_BODY = 64 * 1024
MAX_HEAD = 64 * 1024
# A body may arrive in chunks of one byte, each with a frame of five; more overhead than this is an attack.
MAX_WIRE = MAX_HEAD + 4 * MAX_BODY


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect to one address (and again for its TLS handshake), for one read, and for the whole call.

    The whole includes the wire mark. Only the operating system's name look-up keeps its own time: it cannot be cut
    short, but what it takes is missing from the rest.
    """

    connect: float = 5
    read: float = 15
    deadline: float = 30


class Broken(Exception):
    """The call ended here. Not an OSError on purpose: urllib3 and requests pass it on untouched."""

    def __init__(self, fault: Fault, detail: str = "") -> None:
        super().__init__(fault, detail)
        self.fault = fault
        self.detail = detail


@dataclass(slots=True)
class Call:
    """The state of one call, shared by its connection and the transport."""

    timeouts: Timeouts
    on_wire: Callable[[], object] | None
    ends: float = field(init=False)
    wire: bool = False
    ended: bool = False
    received: int = 0
    limit: int = MAX_HEAD

    def __post_init__(self) -> None:
        self.ends = monotonic() + self.timeouts.deadline

    def allowance(self, seconds: float) -> float:
        """How long the next wait may last: `seconds`, or what is left of the call. Raises Broken at the deadline."""
        left = self.ends - monotonic()
        if left <= 0:
            raise Broken(Fault.DEADLINE if self.wire else Fault.CONNECT_TIMEOUT)
        return min(seconds, left)

    def mark(self) -> None:
        """Ask for the wire mark. Whatever the caller's callback raises, nothing has been sent and nothing will be.

        A mark that comes after the deadline comes too late. Else the deadline moves by the time it took, for which the
        other side is not to blame.
        """
        asked = monotonic()
        try:
            if self.on_wire:
                self.on_wire()
                self.allowance(0)
        except Exception as error:
            raise Broken(Fault.WIRE_MARK_REFUSED, type(error).__name__) from error
        self.ends += monotonic() - asked
        self.wire = True

    def count(self, size: int) -> None:
        """Note received bytes; 0 is the end of the stream. Raises Broken when a reply outgrows its limit."""
        self.ended = self.ended or size == 0
        self.received += size
        if self.received > self.limit:
            raise Broken(Fault.TOO_LONG)


class _GuardedSocket:
    """A connected socket of which every send and receive obeys the call's limits."""

    def __init__(self, sock: socket.socket, call: Call) -> None:
        self._sock = sock
        self._call = call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def settimeout(self, _seconds: float | None) -> None:
        """urllib3 would set the read timeout once per reply; it is set for each wait instead."""

    def sendall(self, data: bytes) -> None:
        with self.waiting():
            self._sock.sendall(data)

    def makefile(self, _mode: str, *_args: Any, **_options: Any) -> io.BufferedReader:
        return io.BufferedReader(_GuardedReader(self, self._sock.makefile("rb", buffering=0)))

    def received(self, size: int) -> None:
        self._call.count(size)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        self._sock.settimeout(self._call.allowance(self._call.timeouts.read))
        try:
            yield
        except TimeoutError:
            self._call.allowance(0)
            raise Broken(Fault.READ_TIMEOUT) from None
        except OSError as error:
            raise Broken(Fault.DISCONNECTED, _words(error)) from error


class _GuardedReader(io.RawIOBase):
    """The receiving side. Keeps the raw file of the socket, which alone knows when the socket may be closed."""

    def __init__(self, sock: _GuardedSocket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._sock.waiting():
            size = self._raw.readinto(buffer) or 0
        self._sock.received(size)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Marked(HTTPConnection):
    """Connects within the limits, then asks for the wire mark: the last act before the first byte of a request."""

    def __init__(self, *args: Any, call: Call, **options: Any) -> None:
        super().__init__(*args, **options)
        self._call = call

    def connect(self) -> None:
        try:
            super().connect()
        except ssl.SSLCertVerificationError as error:
            raise Broken(Fault.CERTIFICATE, error.verify_message) from error
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError) as error:
            raise Broken(Fault.CONNECT_FAILED, _words(error)) from error
        except ssl.SSLError as error:
            raise Broken(Fault.TLS, _words(error)) from error
        except TimeoutError as error:
            raise Broken(Fault.CONNECT_TIMEOUT) from error
        except OSError as error:
            raise Broken(Fault.CONNECT_FAILED, _words(error)) from error
        self.sock: Any = _GuardedSocket(self.sock, self._call)
        self._call.mark()

    def _new_conn(self) -> socket.socket:
        """A connection to the first address that answers, each given its own share of the time."""
        broken = Broken(Fault.DNS, "no address")
        for family, kind, protocol, _, address in self._addresses():
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(self._call.allowance(self._call.timeouts.connect))
                sock.connect(address)
                sock.settimeout(self._call.allowance(self._call.timeouts.connect))
            except TimeoutError:
                broken = Broken(Fault.CONNECT_TIMEOUT)
            except ConnectionRefusedError as error:
                broken = Broken(Fault.REFUSED, _words(error))
            except OSError as error:
                broken = Broken(Fault.CONNECT_FAILED, _words(error))
            except Broken:
                sock.close()
                raise
            else:
                return sock
            sock.close()
        raise broken

    def _addresses(self) -> list[Any]:
        try:
            return socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise Broken(Fault.DNS, _words(error)) from error


class PlainConnection(_Marked):
    """HTTP without TLS; the transport allows it to loopback hosts only."""


class TlsConnection(_Marked, HTTPSConnection):
    """HTTP over verified TLS: the wire mark comes after the handshake."""


def _words(error: Exception) -> str:
    """A library's own short text for an error, which names neither the request nor a credential."""
    text = getattr(error, "reason", None) or getattr(error, "strerror", None)
    return text if isinstance(text, str) else type(error).__name__
