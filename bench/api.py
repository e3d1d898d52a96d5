"""A CustomerGauge that costs next to nothing: answers each POST after a fixed time and counts what came.

    python bench/api.py LATENCY_SECONDS

Prints its port. `GET /tally` tells when the first POST came (seconds of the monotonic clock, which all processes of
a machine share), how many came, how many were answered, and how often each body came that came more than once.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from http import HTTPStatus

END_OF_HEAD = b"\r\n\r\n"


class Tally:
    """What has arrived so far."""

    def __init__(self) -> None:
        self.first_at: float | None = None
        self.answered = 0
        self.bodies: Counter[bytes] = Counter()

    def count(self, body: bytes) -> int:
        """Note one arrival; gives its number, counted from 1."""
        self.first_at = self.first_at or time.monotonic()
        self.bodies[body] += 1
        return self.bodies.total()

    def as_json(self) -> bytes:
        doubled = {body.decode(): times for body, times in self.bodies.items() if times > 1}
        counts = {"came": self.bodies.total(), "answered": self.answered}
        return json.dumps({"first_at": self.first_at, "doubled": doubled, **counts}).encode()


class Answering(asyncio.Protocol):
    """One connection, one request; raw, because a web framework would cost more than what is measured."""

    def __init__(self, tally: Tally, latency: float) -> None:
        self._tally, self._latency = tally, latency
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP gives no other kind
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(END_OF_HEAD)
        if not end or len(body) < content_length(head):
            return
        if head.startswith(b"POST "):
            number = self._tally.count(body)
            reply = f'{{"Data":{{"number_customergauge":{number}}}}}'.encode()
            asyncio.get_running_loop().call_later(self._latency, self._answer_post, reply)
        elif head.startswith(b"GET /tally "):
            self._answer(HTTPStatus.OK, self._tally.as_json())
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"{}")

    def _answer_post(self, reply: bytes) -> None:
        self._tally.answered += 1
        self._answer(HTTPStatus.OK, reply)

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\n"
        self._transport.write(head.encode() + b"\r\n" + body)
        self._transport.close()


def content_length(head: bytes) -> int:
    """The length of the body that this head announces, 0 if it announces none."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def serve(latency: float) -> None:
    tally = Tally()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(tally, latency), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
