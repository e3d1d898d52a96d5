"""What is known of one HTTP call: the only thing the transport hands on and the only thing a verdict is made from."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum


class Fault(StrEnum):
    """Why a call ended without a complete reply. The first block happens before a byte of the request leaves."""

    BAD_URL = "bad_url"
    INSECURE_URL = "insecure_url"
    BAD_CREDENTIAL = "bad_credential"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - the name of a fault, not a secret
    TOKEN_UNAVAILABLE = "token_unavailable"  # noqa: S105 - the name of a fault, not a secret
    DNS = "dns"
    REFUSED = "refused"
    CONNECT_TIMEOUT = "connect_timeout"
    CONNECT_FAILED = "connect_failed"
    TLS = "tls"
    CERTIFICATE = "certificate"
    WIRE_MARK_REFUSED = "wire_mark_refused"

    DEADLINE = "deadline"
    READ_TIMEOUT = "read_timeout"
    DISCONNECTED = "disconnected"
    TRUNCATED = "truncated"
    TOO_LONG = "too_long"
    ENCODED = "encoded"
    MALFORMED = "malformed"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call, as evidence. Holds plain values only: no exception objects, and no credential.

    method, url:   what was asked for.
    request_body:  the exact bytes of the body (empty for a GET).
    wire:          the connection was up and the caller's wire mark was committed: from here on the request may have
                   been received. False means that no byte of the request left this machine.
    status:        the HTTP status, None if no reply head arrived.
    headers:       the reply's headers; those of one name stand together.
    body:          the reply's bytes as received, at most 64 KiB; what had arrived, if the reply broke off.
    fault:         why the reply is missing or incomplete, None for a complete one.
    seconds:       how long the call took.
    detail:        a few words about the fault for a technician ("certificate has expired"), often empty.
    started_at:    when the call began (aware, UTC).
    """

    method: str
    url: str
    request_body: bytes = b""
    wire: bool = False
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    fault: Fault | None = None
    seconds: float = 0.0
    detail: str = ""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def format(self) -> str:
        """The form of the reply that was asked for, by the suffix of the path: "xml" or "json"."""
        return "xml" if self.url.partition("?")[0].endswith(".xml") else "json"

    def header(self, name: str) -> str | None:
        """The value of a reply header, or None; several of one name are joined by a comma, as HTTP defines."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def masking(self, secret: str) -> "Exchange":
        """The same exchange with `secret` blacked out wherever the server echoed it (plain or with JSON's `\\/`).

        A secret under eight characters is left alone: it could be part of any ordinary word or number.
        """
        if len(secret) < 8:
            return self
        spellings = (secret, secret.replace("/", "\\/"))
        if not any(s.encode() in self.body or any(s in value for _, value in self.headers) for s in spellings):
            return self
        body, headers = self.body, self.headers
        for spelling in spellings:
            body = body.replace(spelling.encode(), MASK.encode())
            headers = tuple((name, value.replace(spelling, MASK)) for name, value in headers)
        return replace(self, body=body, headers=headers)


MASK = "********"
