"""API keys and tokens: what is sent, when a token is renewed, and what is never shown."""

import json
import threading
from typing import Any

import pytest

from uploads.customergauge import ApiKey, ClientCredentials, Fault, Timeouts, TokenRefused, TokenUnavailable

from .peer import Connection, Peer, Script, drip, head, reply, silence, whole
from .test_transport import closed_port, in_threads

SECRET = "canary-secret-91c"


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def token(value: str = "t-1", **members: Any) -> Script:
    return reply(whole(json.dumps({"access_token": value, "token_type": "Bearer", **members}).encode()))


def credentials(url: str, clock: Clock | None = None, read: float = 5, deadline: float = 10) -> ClientCredentials:
    limits = Timeouts(5, read, deadline)
    return ClientCredentials(f"{url}/oauth2/token", "client-7", SECRET, timeouts=limits, clock=clock or Clock())


def test_an_api_key_is_sent_under_its_own_scheme() -> None:
    assert ApiKey("abc").authorization() == "api_key abc"
    assert not ApiKey("abc").invalidate("api_key abc")


@pytest.mark.parametrize("value", ["", " ", "a b", "a\n", "a\r\nX: y", "é", "a\0", "x" * 1025])
def test_a_malformed_secret_is_refused_with_a_sentence_that_does_not_repeat_it(value: str) -> None:
    for make in (ApiKey, lambda v: ClientCredentials("u", v, "s"), lambda v: ClientCredentials("u", "i", v)):
        with pytest.raises(ValueError, match=r"is malformed: .* Copy it again from CustomerGauge\.") as caught:
            make(value)
        assert not value.strip() or repr(value) not in str(caught.value)


def test_no_text_form_of_a_credential_shows_its_secret() -> None:
    for holder in (ApiKey(SECRET), credentials("http://127.0.0.1:1")):
        assert SECRET not in f"{holder!r} {holder} {holder!s}"


def test_a_token_is_asked_for_by_the_client_credentials_grant() -> None:
    with Peer(token(expires_in=3600)) as peer:
        assert credentials(peer.url).authorization() == "Bearer t-1"
    sent = peer.requests[0]
    assert sent.startswith(b"POST /oauth2/token HTTP/1.1\r\n")
    assert b"\r\nContent-Type: application/x-www-form-urlencoded\r\n" in sent
    assert sent.endswith(f"grant_type=client_credentials&client_id=client-7&client_secret={SECRET}".encode())


@pytest.mark.parametrize(
    ("members", "life"),
    [
        ({"expires_in": 3600}, 2880),
        ({"expires_in": "3600"}, 2880),
        ({"expires_in": 1000}, 800),
        ({"expires_in": 86400}, 2880),
        ({"expires_in": 10**17}, 2880),
        ({}, 2880),
        ({"expires_in": 0}, 48),
        ({"expires_in": -5}, 48),
        ({"expires_in": None}, 48),
        ({"expires_in": True}, 48),
        ({"expires_in": "soon"}, 48),
        ({"expires_in": [1]}, 48),
    ],
)
def test_a_token_is_renewed_at_four_fifths_of_a_life_of_at_most_an_hour(members: dict[str, Any], life: float) -> None:
    clock = Clock()
    with Peer(token("t-1", **members), token("t-2", **members)) as peer:
        holder = credentials(peer.url, clock)
        assert holder.authorization() == "Bearer t-1"
        clock.seconds += life - 1
        assert holder.authorization() == "Bearer t-1"
        clock.seconds += 2
        assert holder.authorization() == "Bearer t-2"


def test_a_refused_token_is_replaced_once_and_an_old_refusal_changes_nothing() -> None:
    with Peer(token("t-1"), token("t-2"), token("t-3")) as peer:
        holder = credentials(peer.url)
        old = holder.authorization()
        assert holder.invalidate(old)
        assert holder.authorization() == "Bearer t-2"
        assert holder.invalidate(old)
        assert holder.authorization() == "Bearer t-2"
    assert len(peer.connections) == 2


@pytest.mark.parametrize("status", [400, 401])
def test_a_refusal_by_the_token_service_needs_a_person(status: int) -> None:
    with Peer(reply(whole(b'{"error":"invalid_client"}', status))) as peer, pytest.raises(TokenRefused) as caught:
        credentials(peer.url).authorization()
    assert caught.value.fault is Fault.TOKEN_REFUSED


@pytest.mark.parametrize(
    "script",
    [
        reply(b""),
        reply(whole(b"", 500)),
        reply(whole(b"", 503, "Retry-After: 9")),
        reply(whole(b"", 302, "Location: http://127.0.0.1:1/")),
        reply(whole(b"<html>Maintenance</html>")),
        reply(whole(b"[]")),
        reply(whole(b"{}")),
        reply(whole(b'{"access_token":""}')),
        reply(whole(b'{"access_token":12}')),
        reply(whole(b'{"access_token":"a\\r\\nX: y"}')),
        reply(whole(b'{"access_token":"\\u00e9"}')),
        reply(whole(b'{"access_token":"a","access_token":"b"}')),
        reply(whole(b'{"access_token":"t"}', 500)),
    ],
)
def test_a_token_service_out_of_order_is_worth_another_try(script: Script) -> None:
    with Peer(script) as peer, pytest.raises(TokenUnavailable) as caught:
        credentials(peer.url).authorization()
    assert caught.value.fault is Fault.TOKEN_UNAVAILABLE
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("script", [silence, drip(head(200), b"x")])
def test_a_token_service_that_does_not_come_to_an_end_is_worth_another_try(script: Script) -> None:
    with Peer(script) as peer, pytest.raises(TokenUnavailable):
        credentials(peer.url, read=0.4, deadline=0.6).authorization()


def test_a_token_service_that_is_away_is_worth_another_try() -> None:
    with pytest.raises(TokenUnavailable):
        credentials(f"http://127.0.0.1:{closed_port()}").authorization()


@pytest.mark.parametrize(("url", "fault"), [("http://auth.example", Fault.INSECURE_URL), ("nonsense", Fault.BAD_URL)])
def test_a_token_address_that_must_not_be_used_needs_a_person(url: str, fault: Fault) -> None:
    with pytest.raises(TokenRefused) as caught:
        credentials(url).authorization()
    assert caught.value.fault is fault


def test_64_threads_in_want_of_a_token_ask_for_one() -> None:
    with Peer(token("t-1"), token("t-2")) as peer:
        holder = credentials(peer.url)
        answers = in_threads(64, lambda _: holder.authorization())
    assert set(answers) == {"Bearer t-1"}
    assert len(peer.connections) == 1


class CountingClock(Clock):
    """Tells how often it was read: each caller reads it once before it waits for another's fetch."""

    def __init__(self) -> None:
        super().__init__()
        self._reads = 0
        self._changed = threading.Condition()

    def __call__(self) -> float:
        with self._changed:
            self._reads += 1
            self._changed.notify_all()
        return self.seconds

    def wait_for_reads(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._reads >= count, timeout=8)


def test_those_who_wait_for_a_fetch_that_fails_share_its_failure() -> None:
    clock = CountingClock()

    def refuse_when_all_are_waiting(connection: Connection) -> None:
        # The one that fetches reads the clock three times, the seven that wait once each.
        assert clock.wait_for_reads(3 + 7)
        reply(whole(b"", 401))(connection)

    with Peer(refuse_when_all_are_waiting, token("t-2")) as peer:
        holder = credentials(peer.url, clock)

        def ask(_number: int) -> object:
            try:
                return holder.authorization()
            except TokenRefused as error:
                return error.fault

        assert set(in_threads(8, ask)) == {Fault.TOKEN_REFUSED}
        assert len(peer.connections) == 1
        assert holder.authorization() == "Bearer t-2"
