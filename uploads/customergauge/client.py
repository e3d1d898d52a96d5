"""The client: makes one call and tells what happened on the wire."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from .calls import Call
from .connection import Timeouts
from .credentials import Credentials, TokenError
from .exchange import MASK, Exchange, Fault
from .payload import encode
from .replies import judge
from .transport import USER_AGENT, Transport, url_fault

OnWire = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it will be sent, with the credential masked. HTTP adds Host and Content-Length of itself."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Client:
    """A connection-less client, safe to share between threads.

    base_url:    scheme and host, e.g. https://api.eu.customergauge.com. Plain http only to this machine. A wrong one
                 shows as the fault BAD_URL or INSECURE_URL of every call; `base_url_fault` tells beforehand.
    credentials: an ApiKey or ClientCredentials.
    format:      "json" or "xml", the form of the replies.
    timeouts:    limits of each call in seconds.
    ca_file:     authorities to trust instead of the public ones (PEM).

    `send` returns the exchanges that the call took, oldest first, at least one; the last one decides:
    `judge(exchanges[-1])` or, for the calls that read, `rows(exchanges[-1])`. There are two when CustomerGauge
    refused a token and a fresh one was tried; the first is then that refusal, which processed nothing.

    `on_wire` is called for each exchange when its connection is up, before the first byte of the request; if it
    raises, nothing is sent.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        format: Literal["json", "xml"] = "json",
        timeouts: Timeouts | None = None,
        ca_file: str | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._credentials = credentials
        self._format = format
        self._fault = base_url_fault(base_url)
        self._transport = Transport(timeouts, ca_file)

    def send(self, call: Call, *, on_wire: OnWire | None = None) -> tuple[Exchange, ...]:
        """Make a call. One that writes needs `on_wire`."""
        request = self.describe(call)
        if self._fault:
            return (_unsent(request, self._fault),)
        exchanges: list[Exchange] = []
        for _attempt in range(2):
            try:
                authorization = self._credentials.authorization()
            except TokenError as error:
                exchanges.append(_unsent(request, error.fault, error.detail))
                break
            exchanges.append(self._exchange(request, authorization, on_wire))
            refused = judge(exchanges[-1]).evidence == "credential_refused"
            if not refused or not self._credentials.invalidate(authorization):
                break
        return tuple(exchanges)

    def describe(self, call: Call) -> Request:
        """The request that a call makes, fit to be logged before it is made."""
        method, path, pairs = call
        newer = path.startswith("/")
        url = self._base_url + (path if newer else f"/v4.1/{path}.{self._format}")
        headers = {
            "Accept": f"application/{'json' if newer else self._format}",
            "Accept-Encoding": "identity",
            "Authorization": f"{self._credentials.scheme} {MASK}",
            "Connection": "close",
            "User-Agent": USER_AGENT,
        }
        form = encode(pairs)
        if method == "GET":
            return Request(method, f"{url}?{form.decode()}" if form else url, tuple(headers.items()), b"")
        headers["Content-Type"] = "application/json" if newer else "application/x-www-form-urlencoded"
        return Request(method, url, tuple(headers.items()), json.dumps(dict(pairs)).encode() if newer else form)

    def _exchange(self, request: Request, authorization: str, on_wire: OnWire | None) -> Exchange:
        headers = {**dict(request.headers), "Authorization": authorization}
        exchange = self._transport.call(request.method, request.url, headers, request.body, on_wire)
        return exchange.masking(authorization.partition(" ")[2])


def base_url_fault(base_url: str) -> Fault | None:
    """Why `base_url` cannot be used: BAD_URL (not just scheme and host), INSECURE_URL, or None if it can."""
    fault = url_fault(base_url)
    if fault is None and (urlsplit(base_url).path.strip("/") or urlsplit(base_url).query):
        return Fault.BAD_URL
    return fault


def _unsent(request: Request, fault: Fault, detail: str = "") -> Exchange:
    return Exchange(request.method, request.url, request.body, fault=fault, detail=detail)
