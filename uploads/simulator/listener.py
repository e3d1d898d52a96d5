"""The listening socket: a port that accepts, refuses, or lets connections hang, and changes between them at once."""

import selectors
import socket
import threading
import time
from collections.abc import Callable
from enum import StrEnum

BACKLOG = 1024


class Mode(StrEnum):
    """What the port does with a new connection."""

    OPEN = "ok"
    REFUSED = "refused"
    BLACKHOLE = "blackhole"


class Listener:
    """Accepts on one address in a thread of its own and hands every connection to ``accepted``."""

    def __init__(self, host: str, port: int, accepted: Callable[[socket.socket], None]) -> None:
        """Bind the address; OSError if it cannot be had."""
        self._accepted = accepted
        self._family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        self._socket = self._bound(host, port)
        self._socket.listen(BACKLOG)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._mode = self._wanted = Mode.OPEN
        self._until: float | None = None
        self._stopping = False
        self._fillers: list[socket.socket] = []
        self._changed = threading.Condition()
        self._waker, self._alarm = socket.socketpair()
        self._alarm.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._alarm, selectors.EVENT_READ)
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="simulator-listener", daemon=True)
        self._thread.start()

    def switch(self, mode: Mode, seconds: float | None = None) -> None:
        """Change to ``mode``, for ``seconds`` or until told; returns once the port does so."""
        with self._changed:
            self._wanted = mode
            self._until = None if seconds is None else time.monotonic() + seconds
            self._waker.send(b"!")
            self._changed.wait_for(lambda: self._mode is self._wanted or self._stopping)

    def stop(self) -> None:
        """Close the port; returns once the thread has ended."""
        with self._changed:
            self._stopping = True
            self._waker.send(b"!")
        self._thread.join()
        for each in (self._socket, self._waker, self._alarm, *self._fillers):
            each.close()
        self._selector.close()

    def _run(self) -> None:
        while self._obey():
            rest = None if self._until is None else max(0.0, self._until - time.monotonic())
            for key, _ in self._selector.select(rest):
                if key.fileobj is self._alarm:
                    self._alarm.recv(1024)
                else:
                    self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:  # the client gave up between its knock and our answer
            return
        connection.setblocking(True)
        self._accepted(connection)

    def _obey(self) -> bool:
        """Bring the port into the wanted mode; False once it is to stop."""
        with self._changed:
            if self._until is not None and time.monotonic() >= self._until:
                self._wanted, self._until = Mode.OPEN, None
            if self._mode is not self._wanted and not self._stopping:
                self._leave()
                self._enter(self._wanted)
                self._mode = self._wanted
            self._changed.notify_all()
            return not self._stopping

    def _leave(self) -> None:
        """From any mode to open."""
        if self._mode is not Mode.OPEN:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.listen(BACKLOG)
            self._selector.register(self._socket, selectors.EVENT_READ)
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()

    def _enter(self, mode: Mode) -> None:
        if mode is Mode.OPEN:
            return
        self._selector.unregister(self._socket)
        if mode is Mode.REFUSED:
            self._socket.close()
            # Bound but not listening: connections are refused. Not to share the address keeps others off the port.
            self._socket = self._bound(*self.address)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        else:
            self._socket.listen(0)
            self._fill_backlog()

    def _fill_backlog(self) -> None:
        """Connect until the kernel answers no more; from then on nobody's connect is answered."""
        while len(self._fillers) < 16:
            filler = socket.socket(self._family, socket.SOCK_STREAM)
            filler.setblocking(False)
            self._fillers.append(filler)
            filler.connect_ex(self.address)
            with selectors.DefaultSelector() as selector:
                selector.register(filler, selectors.EVENT_WRITE)
                if not selector.select(0.1):
                    return

    def _bound(self, host: str, port: int) -> socket.socket:
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        try:
            sock.bind((host, port))
        except OSError:
            sock.close()
            raise
        return sock
