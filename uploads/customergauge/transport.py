"""One HTTP call through `requests`, told as an Exchange whatever happens.

Only the adapter of `requests` is used, without a Session: all that a Session adds (redirects, cookies, proxies and
credentials from the environment) is what must not happen to a survey result.
"""

import logging
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import cache, partial
from ipaddress import ip_address
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, RequestException
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from .connection import MAX_BODY, MAX_WIRE, Broken, Call, PlainConnection, Timeouts, TlsConnection
from .exchange import Exchange, Fault

USER_AGENT = "cgportal"

# urllib3 logs addresses with their query and pieces of odd replies: personal data, or an echoed key.
logging.getLogger("urllib3").setLevel(logging.ERROR)


class Transport:
    """Makes calls: a fresh verified connection each, no redirect, no retry, no proxy, no cookie. Thread-safe.

    timeouts: the limits of each call.
    ca_file:  certificate authorities to trust instead of the public ones (PEM), read once per process;
              OSError if it cannot be read.
    """

    def __init__(self, timeouts: Timeouts | None = None, ca_file: str | None = None) -> None:
        self._timeouts = timeouts or Timeouts()
        self._tls = _trusting(ca_file or DEFAULT_CA_BUNDLE_PATH)

    def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        on_wire: Callable[[], object] | None = None,
    ) -> Exchange:
        """Make one call and tell what happened.

        on_wire: called once the connection (with its TLS) is up and before the first byte of the request. If it
        raises, no byte is sent and the exchange says WIRE_MARK_REFUSED.

        Never raises: once the wire mark is committed, an exception of any kind would hide that the request may have
        been received. Only a request to end the process (KeyboardInterrupt, SystemExit) passes through.
        """
        call = Call(self._timeouts, on_wire)
        seen = _Seen()
        begun, started_at = monotonic(), datetime.now(UTC)
        try:
            self._attempt(call, method, url, headers, body, seen)
            fault, detail = None, ""
        except Broken as broken:
            fault, detail = broken.fault, broken.detail
        except Exception as error:  # noqa: BLE001 - total by promise, see the docstring
            fault, detail = _fault_of(error, call), type(error).__name__
        return Exchange(
            method=method,
            url=url,
            request_body=body,
            wire=call.wire,
            status=seen.status,
            headers=seen.headers,
            body=bytes(seen.body[:MAX_BODY]),
            fault=fault,
            seconds=monotonic() - begun,
            detail=detail,
            started_at=started_at,
        )

    def _attempt(
        self, call: Call, method: str, url: str, headers: Mapping[str, str], body: bytes, seen: "_Seen"
    ) -> None:
        if fault := url_fault(url) or header_fault(headers):
            raise Broken(fault)
        request = PreparedRequest()
        request.prepare(method=method, url=url, headers=dict(headers), data=body or None)
        with closing(_Adapter(call, self._tls)) as adapter, closing(adapter.send(request, stream=True)) as response:
            seen.read(response.raw, call)


@cache
def _trusting(ca_file: str) -> ssl.SSLContext:
    """A context that verifies against these authorities; kept, because reading them takes longer than a call."""
    return ssl.create_default_context(cafile=ca_file)


class _Adapter(HTTPAdapter):
    """`requests`' adapter with one pool for one call, so that no connection is ever used twice."""

    def __init__(self, call: Call, tls: ssl.SSLContext) -> None:
        super().__init__()
        self._call = call
        self._tls = tls
        self._pool: HTTPConnectionPool | None = None

    def get_connection_with_tls_context(self, request: PreparedRequest, *_: Any, **__: Any) -> HTTPConnectionPool:
        parts = urlsplit(str(request.url))
        host = str(parts.hostname)
        if parts.scheme == "https":
            self._pool = HTTPSConnectionPool(host, parts.port, ssl_context=self._tls)
            self._pool.ConnectionCls = partial(TlsConnection, call=self._call)  # type: ignore[assignment]
        else:
            self._pool = HTTPConnectionPool(host, parts.port)
            self._pool.ConnectionCls = partial(PlainConnection, call=self._call)  # type: ignore[assignment]
        return self._pool

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """The pool comes with a context that verifies; `requests` would load the authorities anew for each call."""

    def close(self) -> None:
        if self._pool:
            self._pool.close()
        super().close()


class _Seen:
    """What has arrived of a reply so far; still there when reading breaks off."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = bytearray()

    def read(self, raw: BaseHTTPResponse, call: Call) -> None:
        """Take in a reply whose head has arrived. Raises Broken, or what urllib3 raises, if it is not whole."""
        self.status = raw.status
        self.headers = tuple(raw.headers.iteritems())
        if call.ended:
            raise Broken(Fault.TRUNCATED, "the head of the reply broke off")
        call.limit = MAX_WIRE
        while piece := raw.read1(MAX_BODY, decode_content=False):
            self.body += piece
            if len(self.body) > MAX_BODY:
                raise Broken(Fault.TOO_LONG)
        if raw.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise Broken(Fault.ENCODED, raw.headers["Content-Encoding"][:40])


def url_fault(url: str) -> Fault | None:
    """BAD_URL if `url` is no http(s) address, INSECURE_URL if it would carry survey results over plain http.

    Plain http is allowed to this machine only: localhost, 127.0.0.0/8 and ::1.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return Fault.BAD_URL
    odd = not url.isascii() or not url.isprintable() or " " in url or "\\" in url
    if odd or not host or "@" in parts.netloc or parts.fragment or parts.scheme not in ("http", "https"):
        return Fault.BAD_URL
    return None if parts.scheme == "https" or _is_loopback(host) else Fault.INSECURE_URL


def header_fault(headers: Mapping[str, str]) -> Fault | None:
    """BAD_CREDENTIAL if a header's value cannot be sent; the credential is the only one that is not ours."""
    fit = all(value.isascii() and value.isprintable() and value == value.strip() for value in headers.values())
    return None if fit else Fault.BAD_CREDENTIAL


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _fault_of(error: Exception, call: Call) -> Fault:
    if not call.wire:
        return Fault.CONNECT_FAILED
    if not isinstance(error, (RequestException, HTTPError)):
        return Fault.INTERNAL
    if call.ended:
        return Fault.TRUNCATED if call.received else Fault.DISCONNECTED
    return Fault.MALFORMED
