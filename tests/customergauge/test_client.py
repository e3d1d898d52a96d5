"""One method per endpoint: what each sends, and what is told of it."""

import json
import logging

import pytest

from uploads.customergauge import (
    ApiKey,
    Client,
    ClientCredentials,
    Fault,
    Outcome,
    anonymise,
    base_url_fault,
    correct,
    create,
    find,
    judge,
    reasons,
    update_case,
)

from .conftest import KEY, PAIRS, MakeClient, post
from .peer import STORED, Peer, reply, silence, whole

UNAUTHORIZED = whole(b'{"Error":{"Message":"Invalid API Key","Code":200000}}', 401)


def nothing() -> None:
    pass


def test_a_post_looks_as_documented(make_client: MakeClient) -> None:
    with Peer(reply(whole(STORED))) as peer:
        post(make_client(peer.url))
    start, *lines = peer.requests[0].partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert start == "POST /v4.1/transactions/response.json HTTP/1.1"
    headers = dict(line.split(": ", 1) for line in lines)
    assert len(headers) == len(lines)
    assert headers == {
        "Host": f"127.0.0.1:{peer.port}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Authorization": f"api_key {KEY}",
        "Connection": "close",
        "Content-Length": "41",
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "cgportal",
    }
    assert peer.requests[0].endswith(b"\r\n\r\nNetPromoterScore=7&Comment=canary+comment")


def test_each_method_has_its_endpoint(make_client: MakeClient) -> None:
    with Peer(reply(whole(STORED))) as peer:
        client = make_client(peer.url + "/", format="xml")
        client.send(create(PAIRS), on_wire=nothing)
        client.send(correct("63", PAIRS), on_wire=nothing)
        client.send(update_case("63", status="CLOSE", comment="Æ done"), on_wire=nothing)
        client.send(find((("filter_ref", "a b&c"), ("limit", "10"))))
        client.send(reasons())
        client.send(reasons("Detractor&Neutral"))
    sent = [(request.split(b" HTTP/1.1")[0].decode(), request.partition(b"\r\n\r\n")[2]) for request in peer.requests]
    assert sent == [
        ("POST /v4.1/transactions/response.xml", b"NetPromoterScore=7&Comment=canary+comment"),
        ("PUT /v4.1/transactions/response.xml", b"id=63&NetPromoterScore=7&Comment=canary+comment"),
        ("POST /v4.1/workflow.xml", b"number_customergauge=63&status=CLOSE&comment=%C3%86+done"),
        ("GET /v4.1/transactions/response.xml?filter_ref=a+b%26c&limit=10", b""),
        ("GET /v4.1/reasons.xml", b""),
        ("GET /v4.1/reasons.xml?show_for=Detractor%26Neutral", b""),
    ]


def test_the_description_is_what_is_sent_but_for_the_credential(make_client: MakeClient) -> None:
    with Peer(reply(whole(STORED))) as peer:
        client = make_client(peer.url)
        described = client.describe(create(PAIRS))
        exchange = post(client)
    assert KEY not in repr(described)
    assert ("Authorization", "api_key ********") in described.headers
    assert (described.method, described.url, described.body) == (exchange.method, exchange.url, exchange.request_body)
    for name, value in described.headers:
        assert f"{name}: {value.replace('********', KEY)}\r\n".encode() in peer.requests[0]


def test_a_get_is_described_with_its_query(make_client: MakeClient) -> None:
    described = make_client("https://api.example").describe(reasons("Promoter"))
    assert (described.url, described.body) == ("https://api.example/v4.1/reasons.json?show_for=Promoter", b"")


def test_an_echoed_key_is_blacked_out_of_the_evidence(make_client: MakeClient) -> None:
    key = "canary/key+4d1f7a=="
    echo = json.dumps({"Error": {"Message": f"Bad key {key}", "Code": 2000}}).replace("/", "\\/").encode()
    with Peer(reply(whole(echo + key.encode(), 401, f"X-Key: {key}"))) as peer:
        exchange = post(make_client(peer.url, credentials=ApiKey(key)))
    assert b"canary" not in exchange.body
    assert b"********" in exchange.body
    assert exchange.header("X-Key") == "********"
    assert key in peer.requests[0].decode()


def test_nothing_of_a_call_gets_into_the_log(make_client: MakeClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Peer(reply(f"HTTP/1.1 200 OK\r\nno header: at all {KEY}\r\nX\r\n\r\n".encode() + STORED)) as peer:
        make_client(peer.url).send(find((("filter_Email", "lee@example.com"),)))
    assert len(peer.connections) == 1
    assert caplog.text == ""


def test_a_short_key_does_not_black_out_ordinary_text(make_client: MakeClient) -> None:
    with Peer(reply(whole(STORED))) as peer:
        assert judge(post(make_client(peer.url, credentials=ApiKey("12")))).cg_id == "12"


def test_a_refused_key_is_not_tried_again(make_client: MakeClient) -> None:
    with Peer(reply(UNAUTHORIZED), reply(whole(STORED))) as peer:
        exchange = post(make_client(peer.url))
    assert len(peer.connections) == 1
    assert judge(exchange).outcome is Outcome.REFUSED_CHANNEL


def oauth(service: Peer) -> ClientCredentials:
    return ClientCredentials(f"{service.url}/oauth2/token", "client-7", "canary-secret-91c")


def tokens(*values: str) -> Peer:
    return Peer(*(reply(whole(json.dumps({"access_token": value}).encode())) for value in values))


def test_an_expired_token_is_renewed_and_the_call_made_once_more(make_client: MakeClient) -> None:
    marks: list[int] = []
    with tokens("token-one", "token-two") as service, Peer(reply(UNAUTHORIZED), reply(whole(STORED))) as peer:
        client = make_client(peer.url, credentials=oauth(service))
        first, second = client.send(create(PAIRS), on_wire=lambda: marks.append(len(peer.connections)))
    assert (first.status, second.status) == (401, 200)
    assert first.wire
    assert judge(second).outcome is Outcome.DELIVERED
    assert len(marks) == 2
    assert [b"Bearer token-one" in peer.requests[0], b"Bearer token-two" in peer.requests[1]] == [True, True]
    assert b"canary-secret" not in b"".join(peer.requests)


def test_whom_to_anonymise_is_told_in_json_whatever_the_format_of_the_replies(make_client: MakeClient) -> None:
    with tokens("token-one") as service, Peer(reply(whole(b'{"message":"Done."}'))) as peer:
        client = make_client(peer.url, credentials=oauth(service), format="xml")
        (exchange,) = client.send(anonymise("lee+1@example.com"), on_wire=nothing)
    (request,) = peer.requests
    assert request.startswith(b"POST /v6/system-admin/data-admin/contacts/anonymize HTTP/1.1\r\n")
    assert b"Content-Type: application/json\r\n" in request
    assert request.endswith(b'\r\n\r\n{"email": "lee+1@example.com"}')
    assert judge(exchange).evidence == "taken"


def test_a_token_that_is_refused_twice_pauses_the_channel(make_client: MakeClient) -> None:
    with tokens("token-one", "token-two", "token-three") as service, Peer(reply(UNAUTHORIZED)) as peer:
        exchanges = make_client(peer.url, credentials=oauth(service)).send(create(PAIRS), on_wire=nothing)
    assert [exchange.status for exchange in exchanges] == [401, 401]
    assert len(service.connections) == 2
    assert judge(exchanges[-1]).outcome is Outcome.REFUSED_CHANNEL


@pytest.mark.parametrize(
    "answer", [whole(b"", 500), whole(b"", 403), whole(b"", 429), whole(b'{"Error":{"Code":400003}}', 400)]
)
def test_no_other_refusal_leads_to_a_second_call(make_client: MakeClient, answer: bytes) -> None:
    with tokens("token-one") as service, Peer(reply(answer), reply(whole(STORED))) as peer:
        post(make_client(peer.url, credentials=oauth(service)))
    assert len(peer.connections) == 1


def test_a_reply_to_an_expired_token_that_breaks_off_is_not_followed_by_a_second_call(make_client: MakeClient) -> None:
    with tokens("token-one") as service, Peer(reply(UNAUTHORIZED[:-5]), reply(whole(STORED))) as peer:
        exchange = post(make_client(peer.url, credentials=oauth(service)))
    assert len(peer.connections) == 1
    assert judge(exchange).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("status", "fault", "outcome"),
    [
        (401, Fault.TOKEN_REFUSED, Outcome.REFUSED_CHANNEL),
        (503, Fault.TOKEN_UNAVAILABLE, Outcome.NOT_SENT),
    ],
)
def test_without_a_token_nothing_is_sent(make_client: MakeClient, status: int, fault: Fault, outcome: Outcome) -> None:
    with Peer(reply(whole(b"", status))) as service, Peer(silence) as peer:
        exchange = post(make_client(peer.url, credentials=oauth(service)))
    assert peer.connections == []
    assert (exchange.fault, exchange.wire) == (fault, False)
    assert exchange.url.startswith(peer.url)
    assert judge(exchange).outcome is outcome


def test_a_wrong_base_url_is_told_beforehand_and_asks_for_no_token() -> None:
    assert base_url_fault("https://api.eu.customergauge.com/") is None
    assert base_url_fault("http://api.eu.customergauge.com") is Fault.INSECURE_URL
    with tokens("token-one") as service:
        client = Client("https://api.example/v4.1", oauth(service))
        assert post(client).fault is Fault.BAD_URL
    assert service.connections == []
