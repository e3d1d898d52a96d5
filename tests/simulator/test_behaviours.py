"""Every row of the table, seen by a client that looks at bytes only."""

import gzip
import json
import re
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from uploads.simulator import BEHAVIOURS, Simulator

from .peer import RESPONSE, call, connect, post, raw, watch

TOKEN = ("POST", "/oauth2/token", b"grant_type=client_credentials&client_id=a&client_secret=b")
NUMBER = rb'\{"Data":\{"number_customergauge":%s\}\}$'
HONEST = rb"HTTP/1.1 200 OK\r\n[^{]*" + NUMBER % b"1"
FOUND = rb"HTTP/1.1 200 OK\r\n[^{]*"
MESSAGE = rb'HTTP/1.1 400 Bad Request\r\n[^{]*\{"Error":\{"Message":"%s","Code":400003\}\}$'

#: How a row ends: by itself ("closes", "resets"), when the client ends it ("waits"), or never ("endless").
#: Name: (end, pattern the bytes match).
SEEN: dict[str, tuple[str, bytes]] = {
    "ok": ("waits", HONEST),
    "reset-on-accept": ("resets", b"$"),
    "close-on-accept": ("closes", b"$"),
    "reset-mid-body": ("resets", b"$"),
    "close-mid-body": ("closes", b"$"),
    "reset-after-body": ("resets", b"$"),
    "close-after-body": ("closes", b"$"),
    "silence": ("waits", b"$"),
    "100-then-close": ("closes", rb"HTTP/1.1 100 Continue\r\n\r\n$"),
    "100-then-silence": ("waits", rb"HTTP/1.1 100 Continue\r\n\r\n$"),
    "100-then-reply": ("waits", rb"HTTP/1.1 100 Continue\r\n\r\n" + HONEST),
    "100-flood": ("endless", rb"(HTTP/1.1 100 Continue\r\n\r\n){3}"),
    "close-after-reply": ("closes", HONEST),
    "half-status": ("closes", rb"HTTP/1.1 2$"),
    "half-headers": ("closes", rb"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Le$"),
    "half-body": ("closes", rb'(?s).*Content-Length: 35\r\n\r\n\{"Data":\{"number_c$'),
    "reset-in-body": ("resets", rb'(?s).*Content-Length: 35\r\n\r\n\{"Data":\{"number_c$'),
    "silence-in-body": ("waits", rb'(?s).*Content-Length: 35\r\n\r\n\{"Data":\{"number_c$'),
    "header-drip": ("endless", rb"(?s)HTTP/1.1 200 OK\r\n.*X-Drip: \.\.$"),
    "body-drip": ("endless", rb"(?s)HTTP/1.1 200 OK\r\n.*Content-Length: 1000000\r\n\r\n  $"),
    "huge-body": ("waits", rb"HTTP/1.1 200 OK\r\n(?:[\w-]+: [^\r]+\r\n)+\r\n {52428800}" + NUMBER % b"1"),
    "endless-chunks": ("endless", rb"HTTP/1.1 200 OK\r\n(?:[\w-]+: [^\r]+\r\n)+\r\n(10000\r\n {65536}\r\n){5}"),
    "endless-headers": (
        "endless",
        rb"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n(X-More: and more\r\n){900}",
    ),
    "gzip-bomb": ("waits", rb"(?s)HTTP/1.1 200 OK.*Content-Encoding: gzip\r\n"),
    "many-headers": ("closes", rb"(?s)HTTP/1.1 200 OK.*X-Header-0: value.*X-Header-299: value.*\}\}$"),
    "huge-header": ("closes", rb"(?s)HTTP/1.1 200 OK.*X-Huge: x{100000}\r\n.*\}\}$"),
    "300-kb-headers": ("closes", rb"HTTP/1.1 200 OK\r\nDate: [^\r]*(\r\nX-Header-\d+: valuex{1000}){300}\r\n"),
    "length-too-long": ("closes", rb"(?s).*Content-Length: 45\r\n\r\n.{35}$"),
    "length-too-long-silence": ("waits", rb"(?s).*Content-Length: 45\r\n\r\n.{35}$"),
    "length-too-short": ("closes", rb"(?s).*Content-Length: 25\r\n\r\n.{35}$"),
    "length-negative": ("closes", rb"(?s).*Content-Length: -5\r\n(?!.*Content-Length).*\}\}$"),
    "length-garbage": ("closes", rb"(?s).*Content-Length: many\r\n(?!.*Content-Length).*\}\}$"),
    "length-twice": ("closes", rb"(?s).*Content-Length: 1\r\n.*Content-Length: 35\r\n.*\}\}$"),
    "no-length": ("closes", rb"(?s)HTTP/1.1 200 OK(?!.*Content-Length).*\}\}$"),
    "chunked": ("waits", rb"(?s).*chunked\r\n(?!.*Content-Length).*\r\n\r\n23\r\n.{35}\r\n0\r\n\r\n$"),
    "chunked-unended": ("closes", rb"(?s).*chunked\r\n.*\r\n\r\n23\r\n.{35}\r\n$"),
    "chunked-broken": ("closes", rb"(?s).*chunked\r\n\r\nmany\r\n"),
    "gzip": ("waits", rb"(?s)HTTP/1.1 200 OK.*Content-Encoding: gzip\r\n.*\r\n\r\n\x1f\x8b"),
    "encoding-lie": ("closes", rb"(?s)HTTP/1.1 200 OK.*Content-Encoding: br\r\n.*\}\}$"),
    "garbage": ("closes", rb"\x00\x01\x02\x03"),
    "no-head": ("closes", NUMBER % b"1"),
    "http-2": ("closes", rb"(?s)HTTP/2 200\r\nDate.*\}\}$"),
    "status-nonsense": ("closes", rb"(?s)HTTP/1.1 OK OK\r\nDate.*\}\}$"),
    "status-99999": ("closes", rb"(?s)HTTP/1.1 99999 Many\r\nDate.*\}\}$"),
    "two-replies": ("closes", rb"(?s)HTTP/1.1 200 OK.*\}\}HTTP/1.1 500 Internal Server Error\r\n"),
    "html": ("waits", rb"(?s)HTTP/1.1 200 OK.*text/html.*<!doctype html>"),
    "wrong-type": ("waits", rb"(?s)HTTP/1.1 200 OK.*Content-Type: text/html\r\n.*" + NUMBER % b"1"),
    "no-type": ("waits", rb"(?s)HTTP/1.1 200 OK(?!.*Content-Type).*" + NUMBER % b"1"),
    "empty": ("waits", rb"(?s)HTTP/1.1 200 OK.*Content-Length: 0\r\n\r\n$"),
    "204": ("waits", rb"(?s)HTTP/1.1 204 No Content(?!.*Content-Length).*\r\n\r\n$"),
    "201": ("waits", rb"(?s)HTTP/1.1 201 Created.*" + NUMBER % b"1"),
    "202": ("waits", rb"(?s)HTTP/1.1 202 Accepted.*" + NUMBER % b"1"),
    "clock-ahead": ("waits", HONEST),
    "clock-behind": ("waits", HONEST),
    "body-null": ("waits", FOUND + b"null$"),
    "body-true": ("waits", FOUND + b"true$"),
    "body-text": ("waits", FOUND + b'"ok"$'),
    "body-number": ("waits", rb"(?s)HTTP/1.1 200 OK.*\r\n\r\n1$"),
    "body-list": ("waits", FOUND + rb"\[\]$"),
    "body-object": ("waits", FOUND + rb"\{\}$"),
    "data-null": ("waits", FOUND + rb'\{"Data":null\}$'),
    "data-true": ("waits", FOUND + rb'\{"Data":true\}$'),
    "data-empty": ("waits", FOUND + rb'\{"Data":\{\}\}$'),
    "data-list": ("waits", FOUND + rb'\{"Data":\[\{"number_customergauge":1\}\]\}$'),
    "data-lower-case": ("waits", FOUND + rb'\{"data":\{"number_customergauge":1\}\}$'),
    "data-and-error": (
        "waits",
        FOUND + rb'\{"Data":\{"number_customergauge":1\},"Error":\{"Message":.*"Code":400003\}\}$',
    ),
    "number-only": ("waits", FOUND + rb'\{"number_customergauge":1\}$'),
    "number-empty": ("waits", FOUND + NUMBER % b'""'),
    "number-null": ("waits", FOUND + NUMBER % b"null"),
    "number-true": ("waits", FOUND + NUMBER % b"true"),
    "number-fraction": ("waits", FOUND + NUMBER % rb"1\.5"),
    "number-zero": ("waits", FOUND + NUMBER % b"0"),
    "number-negative": ("waits", FOUND + NUMBER % b"-1"),
    "number-object": ("waits", FOUND + NUMBER % rb"\{\}"),
    "number-long": ("waits", FOUND + NUMBER % b'"9{400}"'),
    "number-5000-digits": ("waits", FOUND + NUMBER % b"9{5000}"),
    "number-nan": ("waits", FOUND + NUMBER % b"NaN"),
    "number-infinity": ("waits", FOUND + NUMBER % b"Infinity"),
    "number-repeated": ("waits", FOUND + NUMBER % b"1"),
    "number-as-text": ("waits", FOUND + NUMBER % b'"1"'),
    "number-as-id": ("waits", FOUND + rb'\{"Data":\{"id":1\}\}$'),
    "duplicate-keys": ("waits", FOUND + rb'\{"Data":\{"number_customergauge":1\},"Data":null\}$'),
    "duplicate-numbers": ("waits", FOUND + rb'\{"Data":\{"number_customergauge":1,"number_customergauge":2\}\}$'),
    "deep": ("waits", rb"HTTP/1.1 200 OK\r\n(?:[\w-]+: [^\r]+\r\n)+\r\n\[{100000}\]{100000}$"),
    "trailing-comma": ("waits", FOUND + rb'\{"Data":\{"number_customergauge":1,\}\}$'),
    "two-documents": ("waits", FOUND + rb'\{"Data":\{"number_customergauge":1\}\}\{"Data":null\}$'),
    "unfinished": ("waits", FOUND + rb'\{"Data":\{"number_customergauge":1$'),
    "bom": ("waits", rb"(?s)HTTP/1.1 200 OK.*\r\n\r\n\xef\xbb\xbf" + NUMBER % b"1"),
    "utf-16": ("waits", rb"(?s)HTTP/1.1 200 OK.*\r\n\r\n\xff\xfe\{\x00\"\x00D\x00"),
    "invalid-utf-8": ("waits", FOUND + rb'\{"Data":\{"number_customergauge":1,"note":"\xff\xfe\xc3"\}\}$'),
    "surrogate": ("waits", FOUND + rb'\{"Data":\{"number_customergauge":1,"note":"\\ud800"\}\}$'),
    "nul": ("waits", FOUND + rb'\{"Data":\{"number_customergauge":1,"note":"\\u0000"\}\}$'),
    "message-script": ("waits", MESSAGE % rb"<script>alert\(1\)</script>.*"),
    "message-ansi": ("waits", MESSAGE % rb"\\u001b\[31m.*\\u0007"),
    "message-crlf": ("waits", MESSAGE % rb"first\\r\\n.*"),
    "message-nul": ("waits", MESSAGE % rb"before\\u0000after"),
    "message-surrogate": ("waits", MESSAGE % rb"before\\ud800after"),
    "message-bidi": ("waits", MESSAGE % rb"before\\u202e.*"),
    "message-formula": ("waits", MESSAGE % rb"=HYPERLINK\(1\)"),
    "message-invalid-utf-8": ("waits", MESSAGE % rb"before\xff\xfe\xc3after"),
    "message-long": ("waits", MESSAGE % b"(long ){4000}"),
    "echo-key": ("waits", MESSAGE % b"Could not insert record: api_key K"),
    "echo-body": ("waits", MESSAGE % b"Could not insert record: CustomerNumber=1143&Email=lee_.*"),
    "xml-laughs": ("waits", rb"(?s)HTTP/1.1 200 OK.*<!DOCTYPE.*<!ENTITY l9 .*&l9;"),
    "xml-quadratic": ("waits", rb"(?s)HTTP/1.1 200 OK.*<!DOCTYPE.*a{20000}.*(&a;){2000}</Data>$"),
    "xml-external": ("waits", rb"(?s)HTTP/1.1 200 OK.*<!DOCTYPE.*SYSTEM \"file:///.*&f;"),
    "xml-dtd": ("waits", rb"(?s)HTTP/1.1 200 OK.*<!DOCTYPE.*<number_customergauge>12<"),
    "xml-broken": ("waits", rb"(?s)HTTP/1.1 200 OK.*<number_customergauge>12$"),
    "xml-twice": ("waits", rb"(?s)HTTP/1.1 200 OK.*<Response>(<Data>.*?</Data>){2}</Response>$"),
    "xml-data-and-error": ("waits", rb"(?s)HTTP/1.1 200 OK.*</Data><Error>.*</Error></Response>$"),
    "xml-deep": ("waits", rb"HTTP/1.1 200 OK\r\n(?:[\w-]+: [^\r]+\r\n)+\r\n<\?xml[^>]*>\n(<a>){100000}(</a>){100000}$"),
    "xml-empty": ("waits", rb"(?s)HTTP/1.1 200 OK.*<Data/>$"),
    "xml-instead": ("waits", rb"(?s)HTTP/1.1 200 OK.*application/xml.*<number_customergauge>12</"),
    "error-2000": ("waits", rb'(?s)HTTP/1.1 401 .*\{"Error":\{"Message":"Invalid API Key","Code":2000\}\}$'),
    "error-unknown": ("waits", rb'(?s)HTTP/1.1 400 .*"Code":499999\}\}$'),
    "error-text-code": ("waits", rb'(?s)HTTP/1.1 400 .*"Code":"400003"\}\}$'),
    "error-no-message": ("waits", rb'(?s)HTTP/1.1 400 .*\{"Error":\{"Code":400003\}\}$'),
    "error-no-code": ("waits", rb'(?s)HTTP/1.1 400 .*\{"Error":\{"Message":"[^"]*"\}\}$'),
    "error-duplicate": ("waits", rb'(?s)HTTP/1.1 400 .*"Duplicate Record"'),
    "error-broken": ("waits", rb'(?s)HTTP/1.1 400 .*\{"Error":\{"No data provided","Code":400700\}\}$'),
    "error-two-messages": ("waits", rb'(?s)HTTP/1.1 400 .*"Message":"First" "Message":"Second"'),
    "200-error": ("waits", FOUND + rb'\{"Error":\{"Message":"[^"]*","Code":400003\}\}$'),
    "200-error-key": ("waits", FOUND + rb'\{"Error":\{"Message":"Invalid API Key","Code":200000\}\}$'),
    "200-error-unwrapped": ("waits", FOUND + rb'\{"Message":"[^"]*","Code":400003\}$'),
    "400-unwrapped": ("waits", rb'(?s)HTTP/1.1 400 .*\r\n\r\n\{"Message":"[^"]*","Code":400003\}$'),
    "400-empty": ("waits", rb"(?s)HTTP/1.1 400 .*Content-Length: 0\r\n\r\n$"),
    "lookup-empty": ("waits", FOUND + rb'\{"Data":\[\]\}$'),
    "lookup-400002": ("waits", rb'(?s)HTTP/1.1 400 .*"Code":400002\}\}$'),
    "lookup-400001": ("waits", FOUND + rb'\{"Data":\[\{"number_customergauge":"1"'),
    "lookup-first-page": ("waits", FOUND + rb'\{"Data":\[\{"number_customergauge":"1"'),
    "lookup-everything": ("waits", FOUND + rb'\{"Data":\[\{"number_customergauge":"1".*"number_customergauge":"2"'),
    "lookup-twice": ("waits", FOUND + rb'\{"Data":\[(\{"number_customergauge":"1",[^}]*\},?){2}\]\}$'),
    "lookup-stranger": ("waits", FOUND + rb'\{"Data":\[\{"number_customergauge":"987654"'),
    "lookup-object": ("waits", FOUND + rb'\{"Data":\{"number_customergauge":"1"'),
    "lookup-numbers": ("waits", FOUND + rb'\{"Data":\["1"\]\}$'),
    "lookup-number-alone": ("waits", FOUND + rb'\{"Data":\[\{"number_customergauge":"1"\}'),
    "lookup-anonymised": ("waits", FOUND + rb'.*"FirstName":"\*\*\*"'),
    "token-refused": ("waits", rb'(?s)HTTP/1.1 401 .*\{"error":"invalid_client"\}$'),
    "token-html": ("waits", rb"(?s)HTTP/1.1 200 OK.*<!doctype html>"),
    "token-no-token": ("waits", FOUND + rb'\{"token_type":"Bearer","expires_in":3600\}$'),
    "token-null": ("waits", FOUND + rb'\{"access_token":null,'),
    "token-newline": ("waits", FOUND + rb'\{"access_token":"a\\r\\nX: b",'),
    "token-no-expiry": ("waits", FOUND + rb'\{"access_token":"[\w-]+","token_type":"Bearer"\}$'),
    "token-zero": ("waits", FOUND + rb'.*"expires_in":0\}$'),
    "token-negative": ("waits", FOUND + rb'.*"expires_in":-1\}$'),
    "token-huge": ("waits", FOUND + rb'.*"expires_in":1000000000000\}$'),
    "token-text-expiry": ("waits", FOUND + rb'.*"expires_in":"an hour"\}$'),
}
for status in (400, 401, 404, 405, 409, 422):
    SEEN[str(status)] = (
        "waits",
        rb'(?s)HTTP/1.1 %d .*application/json.*\{"Error":\{"Message":.*,"Code":\d{6}\}\}$' % status,
    )
    SEEN[f"{status}-html"] = ("waits", rb"(?s)HTTP/1.1 %d .*text/html.*<!doctype html>" % status)
for status in (403, 407, 408, 410, 413, 415, 425, 429, 500, 501, 502, 503, 504, 520):
    SEEN[str(status)] = ("waits", rb"(?s)HTTP/1.1 %d (?!.*Retry-After).*text/html" % status)
for status in (301, 302, 303, 307, 308):
    SEEN[str(status)] = ("waits", rb"(?s)HTTP/1.1 %d .*Location: http://localhost:\d+/elsewhere/\r\n" % status)
for status in (408, 425, 429, 500, 503):
    SEEN[f"{status}-retry-after-1"] = ("waits", rb"(?s)HTTP/1.1 %d .*Retry-After: 1\r\n" % status)
for name, value in {
    "120": rb"120",
    "date": rb"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT",
    "past": rb"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT",
    "zero": rb"0",
    "negative": rb"-5",
    "huge": rb"1000000000",
    "exponent": rb"1e9",
    "garbage": rb"soon",
}.items():
    for status in (429, 503):
        SEEN[f"{status}-retry-after-{name}"] = ("waits", rb"(?s)HTTP/1.1 %d .*Retry-After: %s\r\n" % (status, value))
for code, status in {
    **dict.fromkeys((300000, 300001, 300004, *range(400000, 400005), *range(400006, 400012), 400200), 400),
    200000: 401,
    300002: 404,
    300003: 405,
}.items():
    SEEN[f"error-{code}"] = (
        "waits",
        rb'(?s)HTTP/1.1 %d .*\{"Error":\{"Message":"[^"]+","Code":%d\}\}$' % (status, code),
    )
SEEN["error-400005"] = ("waits", rb'(?s)HTTP/1.1 400 .*\r\n\r\n\{"Message":"id not found","Code":400005\}$')

#: Seen elsewhere: in test_port.py, and below.
APART = {"refused", "blackhole", "silence-on-accept", "silence-mid-body"}


def request_for(name: str) -> bytes:
    scope = BEHAVIOURS[name].on
    if scope == "token":
        return raw(*TOKEN)
    return raw("GET", f"{RESPONSE}?filter_cgportal_ref=a1b2c3", b"") if scope == "GET" else raw()


def test_the_table_here_has_every_behaviour() -> None:
    assert SEEN.keys() | APART == BEHAVIOURS.keys()


@pytest.mark.parametrize("name", SEEN)
def test_a_behaviour_sends_what_its_name_says(sim: Simulator, name: str) -> None:
    end, pattern = SEEN[name]
    if name.startswith("lookup"):
        post(sim)
        post(sim, cgportal_ref="another")
    sim.behave(name)
    before = len(sim.records)
    data, ended = watch(sim, request_for(name), half_close=end == "waits", until=pattern if end == "endless" else None)
    assert re.match(pattern, data), data[:500]
    assert ended == {"waits": "closed", "closes": "closed", "resets": "reset", "endless": "goes on"}[end]
    assert len(sim.records) == before + (BEHAVIOURS[name].stores and BEHAVIOURS[name].on == "any")
    assert sim.arrivals[-1].behaviour == name


@pytest.mark.parametrize("name", ["silence-on-accept", "silence-mid-body"])
def test_what_is_not_read_is_not_answered(sim: Simulator, name: str) -> None:
    sim.behave(name)
    with connect(sim) as sock:
        sock.sendall(raw())
        (arrival,) = sim.wait_for_arrivals(1)
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(1)
    assert (arrival.status, arrival.reply, sim.records) == (None, b"", {})


@pytest.mark.parametrize("name", ["reset-mid-body", "close-mid-body", "silence-mid-body"])
def test_half_a_body_means_half(sim: Simulator, name: str) -> None:
    sim.behave(name)
    with connect(sim) as sock:
        sock.sendall(raw(body=b"Comment=" + b"x" * 1992))
        (arrival,) = sim.wait_for_arrivals(1)
    assert arrival.received == 1000
    assert arrival.body == b"Comment=" + b"x" * 992


def test_gzip_bomb_is_small_and_unpacks_to_50_mb(sim: Simulator) -> None:
    sim.behave("gzip-bomb")
    reply = post(sim)
    assert len(reply.body) < 60_000
    assert len(gzip.decompress(reply.body)) == 50_000_000


def test_gzip_holds_the_honest_answer(sim: Simulator) -> None:
    sim.behave("gzip")
    assert json.loads(gzip.decompress(post(sim).body)) == {"Data": {"number_customergauge": 1}}


@pytest.mark.parametrize(("name", "days"), [("clock-ahead", 1), ("clock-behind", -1)])
def test_a_wrong_clock_is_a_day_off(sim: Simulator, name: str, days: int) -> None:
    sim.behave(name)
    date = parsedate_to_datetime(post(sim).headers["Date"])
    off = date - sim.arrivals[0].at
    assert abs(off - timedelta(days=days)) < timedelta(hours=1)


@pytest.mark.parametrize(("name", "ahead"), [("date", 60), ("past", -3600)])
def test_retry_after_can_be_a_date(sim: Simulator, name: str, ahead: int) -> None:
    sim.behave(f"503-retry-after-{name}")
    date = parsedate_to_datetime(post(sim).headers["Retry-After"])
    assert abs(date - sim.arrivals[0].at - timedelta(seconds=ahead)) < timedelta(seconds=30)


def test_a_redirect_that_is_followed_is_in_the_ledger(sim: Simulator) -> None:
    sim.behave("302")
    location = post(sim).headers["Location"]
    assert location == f"http://localhost:{sim.port}/elsewhere/"
    assert call(sim, "GET", "/elsewhere/").status == 200
    assert [arrival.behaviour for arrival in sim.arrivals] == ["302", "elsewhere"]


def test_a_redirect_can_point_to_another_server(sim: Simulator) -> None:
    sim.elsewhere = "http://other.example/"
    sim.behave("307")
    assert post(sim).headers["Location"] == "http://other.example/"


def test_a_refusal_stays_a_refusal_when_its_lookup_or_token_is_tampered_with(sim: Simulator) -> None:
    sim.behave("lookup-empty")
    assert call(sim, "GET", f"{RESPONSE}?filter_nothing=1").status == 400
    sim.behave("token-zero")
    assert call(sim, pairs={"grant_type": "password"}, path="/oauth2/token").status == 400


@pytest.mark.parametrize(
    ("name", "status", "stored"),
    [
        ("500", 500, 0),
        ("500-stored", 500, 1),
        ("503-retry-after-1-stored", 503, 1),
        ("ok-unstored", 200, 0),
        ("204-unstored", 204, 0),
        ("html-stored", 200, 1),
    ],
)
def test_a_suffix_overrules_whether_the_record_is_stored(sim: Simulator, name: str, status: int, stored: int) -> None:
    sim.behave(name)
    assert post(sim).status == status
    assert len(sim.records) == stored
    assert sim.arrivals[0].record == (1 if stored else None)


def test_every_behaviour_has_one_line_for_people() -> None:
    for row in BEHAVIOURS.values():
        assert row.text.endswith("."), row.name
        assert "\n" not in row.text, row.name
        assert len(row.text) < 100, row.name
