"""The simulator as a whole: a port, threads, an account, and the ways to steer it from Python."""

import logging
import socket
import ssl
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Self

from .account import Account, Record
from .api import Api, Tokens
from .choices import Choice, Choices
from .connection import ELSEWHERE, Connection, Peer
from .control import Control
from .http import Request
from .ledger import Arrival, Ledger
from .listener import Listener, Mode
from .mapping import Mapping
from .script import Point

logger = logging.getLogger(__name__)

CONNECTIONS = 1024


class Simulator:
    """A CustomerGauge server for practice and tests.

    ``port`` 0 takes a free one. ``api_key`` None accepts any key. ``latency`` is in seconds and passes between the
    storing and the answer. With ``certfile`` (and ``keyfile``) it speaks https. ``formats`` are the suffixes it
    answers, ``token_life`` is how many seconds an OAuth2 token lives. As a context manager it starts and stops itself.
    """

    def __init__(
        self,
        port: int = 0,
        api_key: str | None = None,
        latency: float = 0.0,
        certfile: str | None = None,
        keyfile: str | None = None,
        *,
        host: str = "127.0.0.1",
        formats: Iterable[str] = ("json", "xml"),
        mapping: Mapping | None = None,
        token_life: int = 3600,
    ) -> None:
        self._host, self._port = host, port
        self._scheme = "https" if certfile else "http"
        self._account = Account(mapping or Mapping())
        self._tokens = Tokens(token_life)
        self._choices = Choices()
        self._ledger = Ledger()
        api = Api(self._account, self._tokens, api_key, frozenset(formats))
        self._peer = Peer(api, self._choices, self._ledger, self._control, _tls(certfile, keyfile), 0.0)
        self.latency = latency
        self._open: set[Connection] = set()
        self._lock = threading.Lock()

    def start(self) -> Self:
        """Listen; OSError if the address cannot be had."""
        self._pool = ThreadPoolExecutor(CONNECTIONS, "simulator")
        self._listener = Listener(self._host, self._port, self._accepted)
        self._port = self._listener.address[1]
        self.elsewhere = f"{self._scheme}://localhost:{self._port}{ELSEWHERE}"
        return self

    def stop(self) -> None:
        """Close the port and all connections; returns once every thread has ended."""
        self._peer.stopping.set()
        self._listener.stop()
        with self._lock:
            for connection in self._open:
                connection.interrupt()
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """Its address, e.g. ``http://127.0.0.1:8100``."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{self._scheme}://{host}:{self._port}"

    @property
    def elsewhere(self) -> str:
        """Where redirects point to; a test may set the address of another server."""
        return self._peer.elsewhere

    @elsewhere.setter
    def elsewhere(self, url: str) -> None:
        self._peer.elsewhere = url

    @property
    def latency(self) -> float:
        """Seconds between storing a record and answering."""
        return self._peer.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        if not 0 <= seconds <= 600:
            raise ValueError("The latency must be from 0 to 600 seconds.")
        self._peer.latency = seconds

    @property
    def arrivals(self) -> list[Arrival]:
        """The last 10,000 requests that arrived, in order."""
        return list(self._ledger)

    @property
    def records(self) -> dict[int, Record]:
        """The stored records by number."""
        return self._account.records

    @property
    def choices(self) -> list[Choice]:
        """The misbehaviour in force; empty if it behaves well."""
        return list(self._choices)

    def behave(
        self, name: str, count: int | None = None, *, seconds: float | None = None, on: str | None = None
    ) -> None:
        """Behave like ``name`` of the table from now on.

        ``count`` limits it to the next requests, ``seconds`` to some time, ``on`` to some calls ("POST", "PUT", "GET"
        or "token"; without it every API call, but not the token call). ValueError for what does not exist or fit.
        """
        choice = self._choices.choose(name, count, seconds, on)
        mode = Mode(choice.behaviour.name) if choice.behaviour.point is Point.PORT else Mode.OPEN
        self._listener.switch(mode, seconds)

    def behave_well(self) -> None:
        """Answer as documented again."""
        self._choices.clear()
        self._listener.switch(Mode.OPEN)

    def wait_for_arrivals(self, count: int, timeout: float = 10) -> list[Arrival]:
        """The arrivals, once there are ``count`` in all; TimeoutError after ``timeout`` seconds."""
        self._ledger.wait(count, timeout)
        return self.arrivals

    def reset(self) -> None:
        """Behave well, forget records, arrivals and tokens."""
        self.behave_well()
        self._account.clear()
        self._ledger.clear()
        self._tokens.clear()

    def _control(self, request: Request) -> bytes:
        return Control(self).answer(request)

    def _accepted(self, sock: socket.socket) -> None:
        connection = Connection(self._peer, sock)
        with self._lock:
            self._open.add(connection)
        self._pool.submit(connection.serve).add_done_callback(partial(self._served, connection))

    def _served(self, connection: Connection, outcome: Future[None]) -> None:
        connection.close()
        with self._lock:
            self._open.discard(connection)
        error = None if outcome.cancelled() else outcome.exception()
        # An OSError is a client that left, or that was thrown out on purpose.
        if error and not isinstance(error, OSError):
            logger.error("A connection ended by a fault of the simulator.", exc_info=error)


def _tls(certfile: str | None, keyfile: str | None) -> ssl.SSLContext | None:
    if certfile is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certfile, keyfile)
    return context
