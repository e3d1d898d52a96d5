"""What proves to CustomerGauge who is calling: an API key, or a token that renews itself."""

import math
import re
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import Any, Protocol

from .connection import Timeouts
from .documents import Unreadable, parse
from .exchange import Exchange, Fault
from .payload import encode
from .transport import USER_AGENT, Transport

# A token lives one hour (CustomerGauge, Authenticating using OAuth2, support article 5000846993); a longer life is not
# believed, a nonsensical one is taken for a short one. Renewing at four fifths leaves time for calls under way.
LONGEST_LIFE, DOUBTFUL_LIFE, RENEW_AT = 3600.0, 60.0, 0.8
NO_TOKEN = ("", -math.inf)

_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")


class TokenError(Exception):
    """No token could be had. `fault` says which way, `detail` a few words for a technician."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(fault, detail)
        self.fault = fault
        self.detail = detail


class TokenRefused(TokenError):
    """A person must act: the client id, the secret or the address of the token service is wrong."""


class TokenUnavailable(TokenError):
    """The token service is down, slow or talks nonsense: worth another try later."""


class Credentials(Protocol):
    """What the client asks of a credential. Implementations are safe to share between threads."""

    scheme: str

    def authorization(self) -> str:
        """The value of the Authorization header. Raises TokenRefused or TokenUnavailable."""

    def invalidate(self, authorization: str) -> bool:
        """This value was refused: True if asking again may give another one."""


class ApiKey:
    """`Authorization: api_key KEY`. Raises ValueError for a key that cannot be sent in a header."""

    scheme = "api_key"

    def __init__(self, key: str) -> None:
        self._key = _sendable("API key", key)

    def __repr__(self) -> str:
        return "ApiKey(********)"

    def authorization(self) -> str:
        return f"{self.scheme} {self._key}"

    def invalidate(self, authorization: str) -> bool:
        return False


class ClientCredentials:
    """OAuth2 client credentials: `Authorization: Bearer TOKEN`, with a token that is fetched and renewed when needed.

    token_url: e.g. https://auth.eu.customergauge.com/oauth2/token; https, or http to this machine.
    clock:     seconds that only ever grow.
    turn:      entered around each fetch, so that other processes wait; if it cannot be had (OSError), nothing is sent.

    Raises ValueError for an id or a secret that cannot be sent.
    """

    scheme = "Bearer"

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str,
        *,
        timeouts: Timeouts | None = None,
        ca_file: str | None = None,
        clock: Callable[[], float] = monotonic,
        turn: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._token_url = token_url
        self._client_id = _sendable("client id", client_id)
        self._client_secret = _sendable("client secret", client_secret)
        self._transport = Transport(timeouts, ca_file)
        self._clock = clock
        self._turn = turn
        self._lock = threading.Lock()
        # One attribute, replaced as a whole: it is read without the lock.
        self._token = NO_TOKEN
        self._fetches = 0
        self._failure: TokenError | None = None

    def __repr__(self) -> str:
        return f"ClientCredentials({self._token_url!r}, ********)"

    def authorization(self) -> str:
        """The header's value, with a fresh token if the old one is near its end.

        One fetch at a time: callers that waited for another's fetch share its result, be it a token or a failure.
        """
        fetches = self._fetches
        if header := self._current():
            return header
        with self._lock:
            if header := self._current():
                return header
            if self._fetches != fetches and self._failure:
                raise type(self._failure)(self._failure.fault, self._failure.detail)
            return self._renew()

    def invalidate(self, authorization: str) -> bool:
        """Forget the token in `authorization`, unless it has been replaced meanwhile. Always worth another try."""
        with self._lock:
            if authorization == f"{self.scheme} {self._token[0]}":
                self._token = NO_TOKEN
        return True

    def _current(self) -> str:
        token, renew_at = self._token
        return f"{self.scheme} {token}" if self._clock() < renew_at else ""

    def _renew(self) -> str:
        self._failure = None
        begun = self._clock()
        try:
            with self._turn():
                token, life = self._fetch()
        except TokenError as error:
            self._failure = error
            raise
        except OSError as error:
            self._failure = TokenUnavailable(Fault.TOKEN_UNAVAILABLE, f"no turn: {type(error).__name__}")
            raise self._failure from error
        finally:
            self._fetches += 1
        self._token = (token, begun + life * RENEW_AT)
        return f"{self.scheme} {token}"

    def _fetch(self) -> tuple[str, float]:
        grant = (
            ("grant_type", "client_credentials"),
            ("client_id", self._client_id),
            ("client_secret", self._client_secret),
        )
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": USER_AGENT,
        }
        return _token_in(self._transport.call("POST", self._token_url, headers, encode(grant)))


def _token_in(exchange: Exchange) -> tuple[str, float]:
    """(token, life in seconds) from the token service's reply. Raises TokenRefused or TokenUnavailable."""
    if exchange.fault in (Fault.BAD_URL, Fault.INSECURE_URL, Fault.CERTIFICATE, Fault.TLS):
        raise TokenRefused(exchange.fault, exchange.detail or "token service")
    if exchange.fault or exchange.status is None:
        raise TokenUnavailable(Fault.TOKEN_UNAVAILABLE, str(exchange.fault))
    if exchange.status in (400, 401):
        raise TokenRefused(Fault.TOKEN_REFUSED, f"token service: HTTP {exchange.status}")
    try:
        reply = parse(exchange.body, "json") if exchange.status // 100 == 2 else None
    except Unreadable:
        reply = None
    token = reply.get("access_token") if isinstance(reply, dict) else None
    if not isinstance(reply, dict) or not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise TokenUnavailable(Fault.TOKEN_UNAVAILABLE, f"token service: HTTP {exchange.status}, no usable token")
    return token, _life(reply.get("expires_in", LONGEST_LIFE))


def _life(expires_in: Any) -> float:
    if isinstance(expires_in, str) and re.fullmatch(r"[0-9]{1,18}", expires_in):
        expires_in = int(expires_in)
    if isinstance(expires_in, bool) or not isinstance(expires_in, (int, float)) or expires_in <= 0:
        return DOUBTFUL_LIFE
    return min(float(expires_in), LONGEST_LIFE)


def _sendable(name: str, secret: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]{1,1024}", secret):
        raise ValueError(
            f"The CustomerGauge {name} is malformed: it must be 1 to 1024 printable ASCII characters without spaces or "
            "line breaks. Copy it again from CustomerGauge."
        )
    return secret
