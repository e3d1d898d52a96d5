"""HTTP/1.1 to the byte: what a connection brings in, and the messages that go out."""

import socket
from dataclasses import dataclass
from email.utils import formatdate
from functools import cached_property
from http import HTTPStatus
from urllib.parse import unquote_plus

Pairs = tuple[tuple[str, str], ...]

HEAD_LIMIT = 256 * 1024
BODY_LIMIT = 2 * 1024 * 1024
CHUNK = 64 * 1024


class MalformedRequest(Exception):
    """What came in is no HTTP/1.x request the simulator reads; the message is the sentence to answer with."""


@dataclass(frozen=True)
class Request:
    """One request as it arrived: header names in their own spelling, the body as raw bytes."""

    method: str
    target: str
    version: str
    headers: Pairs
    body: bytes = b""

    @cached_property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @cached_property
    def query(self) -> Pairs:
        """The query's pairs, in order."""
        return _pairs(self.target.partition("?")[2])

    @cached_property
    def form(self) -> Pairs:
        """The pairs of a form body, in order; none if the body is of another type."""
        if not self.header("content-type").lower().startswith("application/x-www-form-urlencoded"):
            return ()
        return _pairs(self.body.decode("utf-8", "replace"))

    def header(self, name: str) -> str:
        """The first header of that (lower-case) name, or an empty text."""
        return self._first.get(name, "")

    @cached_property
    def _first(self) -> dict[str, str]:
        return {key.lower(): value for key, value in reversed(self.headers)}

    @property
    def keeps_alive(self) -> bool:
        """Whether the client lets the connection live on after the reply."""
        return self.version == "HTTP/1.1" and self.header("connection").lower() != "close"


def _pairs(text: str) -> Pairs:
    parts = (part.partition("=") for part in text.split("&") if part)
    return tuple((_decoded(key), _decoded(value)) for key, _, value in parts)


def _decoded(text: str) -> str:
    return unquote_plus(text) if "%" in text or "+" in text else text


class Wire:
    """An accepted connection, read in pieces no larger than asked for, so that "half a body" means half."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._ahead = b""

    def head(self, chunk: int = CHUNK) -> Request | None:
        """The next request without its body; None once the client has closed.

        Raises MalformedRequest for anything that is no HTTP/1.x head of at most 256 KiB, OSError if the connection
        breaks. With ``chunk`` 1, not a byte of the body is taken.
        """
        data = self._ahead
        while (end := data.find(b"\r\n\r\n")) < 0:
            if len(data) > HEAD_LIMIT:
                raise MalformedRequest("The request head is longer than 256 KiB.")
            more = self.sock.recv(chunk)
            if not more:
                return None
            data += more
        self._ahead = data[end + 4 :]
        return _parse(data[:end].decode("iso-8859-1"))

    def body(self, request: Request, share: float = 1.0) -> bytes:
        """``share`` (0 to 1) of the body of ``request``, or as much of it as came before the client closed."""
        if request.header("transfer-encoding").lower() == "chunked":
            return self._chunked()
        length = request.header("content-length") or "0"
        if not (length.isascii() and length.isdigit()):
            raise MalformedRequest("Content-Length is not a number.")
        if int(length) > BODY_LIMIT:
            raise MalformedRequest("The body is longer than 2 MiB.")
        return self._exactly(int(int(length) * share))

    @staticmethod
    def is_short(request: Request) -> bool:
        """Whether the client closed before the body it had announced was complete."""
        return len(request.body) < int(request.header("content-length") or 0)

    def _exactly(self, length: int) -> bytes:
        data = self._ahead
        while len(data) < length:
            more = self.sock.recv(min(CHUNK, length - len(data)))
            if not more:
                break
            data += more
        self._ahead = data[length:]
        return data[:length]

    def _chunked(self) -> bytes:
        data = b""
        while True:
            line = self._line()
            try:
                size = int(line.split(b";")[0], 16)
            except ValueError:
                raise MalformedRequest("A chunk has no size.") from None
            if not 0 <= size <= BODY_LIMIT - len(data):
                raise MalformedRequest("The body is longer than 2 MiB.")
            data += self._exactly(size)
            self._line()
            if size == 0:
                return data

    def _line(self) -> bytes:
        while b"\r\n" not in self._ahead:
            more = self.sock.recv(CHUNK) if len(self._ahead) < HEAD_LIMIT else b""
            if not more:
                raise MalformedRequest("A chunk is not complete.")
            self._ahead += more
        line, _, self._ahead = self._ahead.partition(b"\r\n")
        return line


def _parse(head: str) -> Request:
    first, *lines = head.split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.0", "HTTP/1.1"):
        raise MalformedRequest("The first line is not that of an HTTP/1.x request.")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise MalformedRequest("A header line is not 'Name: value'.")
        headers.append((name, value.strip()))
    return Request(words[0], words[1], words[2], tuple(headers))


def message(
    status: int, body: bytes = b"", *headers: str, content_type: str = "", length: int | None = None, date: str = ""
) -> bytes:
    """A whole reply: status line, headers, body.

    ``headers`` are further lines ("Name: value"). ``length`` is a Content-Length that differs from the body's; a
    negative one leaves the header out. ``date`` is a Date header that differs from the present.
    """
    lines = [f"HTTP/1.1 {status} {phrase(status)}", f"Date: {date or formatdate(usegmt=True)}", *headers]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    size = len(body) if length is None else length
    if size >= 0 and status != HTTPStatus.NO_CONTENT:
        lines.append(f"Content-Length: {size}")
    return "\r\n".join(lines).encode("iso-8859-1") + b"\r\n\r\n" + body


def phrase(status: int) -> str:
    """The reason phrase of a status; 520 is no standard status and gets the words it is known by."""
    return HTTPStatus(status).phrase if status in _STATUSES else "Unknown Error"


_STATUSES = frozenset(HTTPStatus)
