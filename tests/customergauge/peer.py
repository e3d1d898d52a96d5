"""A server that plays any bytes on a real socket, and the scripts it can play.

The simulator behaves as CustomerGauge may; this peer behaves as no server should, byte by byte.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

Script = Callable[["Connection"], None]


class Connection:
    """One accepted connection; `received` holds every byte the client sent on it."""

    def __init__(self, sock: socket.socket, stopping: threading.Event) -> None:
        self.sock = sock
        self.stopping = stopping
        self.received = bytearray()

    def take(self) -> bool:
        """Receive some bytes; False at the end."""
        data = self.sock.recv(65536)
        self.received += data
        return bool(data)

    def read_request(self) -> None:
        """Receive a whole request, or whatever comes before the client leaves."""
        while b"\r\n\r\n" not in self.received and self.take():
            pass
        head, _, _ = bytes(self.received).partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
        length = int(lengths[0]) if lengths else 0
        while len(self.received) < len(head) + 4 + length and self.take():
            pass

    def wait_for_the_client_to_leave(self) -> None:
        while self.take():
            pass


class Peer:
    """Plays the scripts in order, one per connection; the last one again for all that follow."""

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self._scripts = scripts
        self._tls = tls
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._last_port = 0
        self.connections: list[Connection] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A connection of our own comes last in the queue, so that every earlier one has been accepted before.
        with socket.socket() as last:
            last.bind(("127.0.0.1", 0))
            self._last_port = last.getsockname()[1]
            last.connect(("127.0.0.1", self.port))
            self._accepting.join()
        self._stopping.set()
        self._listener.close()
        for sock in self._sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed already
        for thread in self._threads:
            thread.join()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def requests(self) -> list[bytes]:
        """What each connection sent, in order of connecting."""
        return [bytes(connection.received) for connection in self.connections]

    def _accept(self) -> None:
        while True:
            sock, address = self._listener.accept()
            if address[1] == self._last_port:
                sock.close()
                return
            script = self._scripts[min(len(self._sockets), len(self._scripts) - 1)]
            self._sockets.append(sock)
            thread = threading.Thread(target=self._play, args=(sock, script))
            self._threads.append(thread)
            thread.start()

    def _play(self, sock: socket.socket, script: Script) -> None:
        try:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            connection = Connection(sock, self._stopping)
            self.connections.append(connection)
            script(connection)
        except OSError:
            pass  # the client left
        finally:
            sock.close()


def head(status: int = 200, *lines: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Status", *lines, "", ""]).encode("latin-1")


def whole(body: bytes = b"", status: int = 200, *lines: str) -> bytes:
    """A complete reply."""
    return head(status, f"Content-Length: {len(body)}", *lines) + body


def reply(data: bytes) -> Script:
    """Read the request, send these bytes, close."""

    def play(connection: Connection) -> None:
        connection.read_request()
        connection.sock.sendall(data)

    return play


def flood(start: bytes, piece: bytes) -> Script:
    """Read the request, then send without end."""

    def play(connection: Connection) -> None:
        connection.read_request()
        connection.sock.sendall(start)
        while not connection.stopping.is_set():
            connection.sock.sendall(piece)

    return play


def drip(start: bytes, piece: bytes) -> Script:
    """Read the request, then send a piece every so often, faster than any read timeout."""

    def play(connection: Connection) -> None:
        connection.read_request()
        connection.sock.sendall(start)
        while not connection.stopping.wait(0.05):
            connection.sock.sendall(piece)

    return play


def silence(connection: Connection) -> None:
    """Read whatever comes and answer nothing."""
    connection.wait_for_the_client_to_leave()


def reset_after_request(connection: Connection) -> None:
    connection.read_request()
    reset(connection)


def reset(connection: Connection) -> None:
    """Close with RST."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def speaks(data: bytes) -> Script:
    """Send before anything was asked, then wait."""

    def play(connection: Connection) -> None:
        connection.sock.sendall(data)
        connection.wait_for_the_client_to_leave()

    return play


STORED = b'{"Data":{"number_customergauge":12}}'
