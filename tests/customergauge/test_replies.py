"""Which evidence leads where. The tables are the specification; the properties guard what they cannot list."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from uploads.customergauge import ANONYMISE, EVIDENCE, Exchange, Fault, Outcome, Verdict, judge

JSON_URL = "https://api.eu.customergauge.com/v4.1/transactions/response.json"
XML_URL = JSON_URL.replace(".json", ".xml")
NOW = datetime(2026, 11, 23, 15, 0, 0, tzinfo=UTC)

Headers = tuple[tuple[str, str], ...]


def exchange(
    body: bytes | str | dict[str, Any] = b"", status: int = 200, *, url: str = JSON_URL, headers: Headers = ()
) -> Exchange:
    raw = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    return Exchange("POST", url, b"a=b", wire=True, status=status, headers=headers, body=raw, started_at=NOW)


def error(code: Any, message: Any = "No.") -> dict[str, Any]:
    return {"Error": {"Message": message, "Code": code}}


def assert_verdict(verdict: Verdict, outcome: Outcome, evidence: str) -> None:
    assert (verdict.outcome, verdict.evidence) == (outcome, evidence)
    assert verdict.sentence.endswith(".")


# --- Faults -----------------------------------------------------------------------------------------------------------

UNSENT = {
    Fault.DNS: Outcome.NOT_SENT,
    Fault.REFUSED: Outcome.NOT_SENT,
    Fault.CONNECT_TIMEOUT: Outcome.NOT_SENT,
    Fault.CONNECT_FAILED: Outcome.NOT_SENT,
    Fault.WIRE_MARK_REFUSED: Outcome.NOT_SENT,
    Fault.TOKEN_UNAVAILABLE: Outcome.NOT_SENT,
    Fault.TOKEN_REFUSED: Outcome.REFUSED_CHANNEL,
    Fault.TLS: Outcome.REFUSED_CHANNEL,
    Fault.CERTIFICATE: Outcome.REFUSED_CHANNEL,
    Fault.BAD_URL: Outcome.REFUSED_CHANNEL,
    Fault.INSECURE_URL: Outcome.REFUSED_CHANNEL,
    Fault.BAD_CREDENTIAL: Outcome.REFUSED_CHANNEL,
}


@pytest.mark.parametrize(("fault", "outcome"), UNSENT.items())
def test_a_fault_before_the_wire_mark_is_known_not_to_have_been_sent(fault: Fault, outcome: Outcome) -> None:
    verdict = judge(Exchange("POST", JSON_URL, fault=fault, detail="a word"))
    assert_verdict(verdict, outcome, fault.value)
    assert verdict.message == "a word"


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("status", [None, 200, 401, 503])
def test_after_the_wire_mark_every_fault_is_unknown(fault: Fault, status: int | None) -> None:
    stored = b'{"Data":{"id":12}}'
    verdict = judge(Exchange("POST", JSON_URL, wire=True, status=status, body=stored, fault=fault))
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.cg_id is None


@pytest.mark.parametrize(("wire", "status"), [(True, None), (False, 200), (False, None)])
def test_a_record_of_a_call_that_cannot_be_true_is_unknown(wire: bool, status: int | None) -> None:
    found = judge(Exchange("POST", JSON_URL, wire=wire, status=status, body=b'{"Data":{"id":12}}'))
    assert_verdict(found, Outcome.UNKNOWN, "contradiction")


@pytest.mark.parametrize(
    ("status", "body", "evidence"),
    [
        (200, '{"Data":{"anonymized":1}}', "taken"),
        (200, '{"message":"The contact was anonymized."}', "taken"),
        (202, "{}", "taken"),
        (204, "", "taken"),
        (200, "", "not_understood"),
        (200, "<html>Sign in</html>", "not_understood"),
        (200, "[]", "not_understood"),
        (200, '{"success":false}', "not_understood"),
        (200, '{"message":"No.","errors":{"email":["required"]}}', "not_understood"),
        (200, '{"Message":"No.","Code":400003}', "content_refused"),
        (400, '{"Error":{"Message":"No.","Code":400003}}', "content_refused"),
        (422, '{"message":"No."}', "status_refused"),
        (401, '{"message":"Unauthenticated."}', "credential_refused"),
        (404, '{"message":"No such contact."}', "wrong_address"),
        (500, "{}", "server_error"),
    ],
)
def test_an_anonymisation_is_taken_where_a_success_says_nothing_against_it(
    status: int, body: str, evidence: str
) -> None:
    url = f"https://api.example.com{ANONYMISE}"
    verdict = judge(Exchange("POST", url, wire=True, status=status, body=body.encode()))
    assert_verdict(verdict, EVIDENCE[evidence].outcome, evidence)
    assert verdict.cg_id is None


def test_every_fault_has_a_row_in_the_table() -> None:
    assert set(Fault) <= set(EVIDENCE)
    assert all(row.sentence for row in EVIDENCE.values())


# --- Success ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "cg_id"),
    [
        ('{"Data":{"number_customergauge":12}}', "12"),
        ('{"Data":{"id":63}}', "63"),
        ('{"Data":{"id":"10438"}}', "10438"),
        ('{"Data":{"id":"a-B_9"}}', "a-B_9"),
        ('{"Data":{"id":"' + "x" * 64 + '"}}', "x" * 64),
        ('\ufeff {"Data": {"id": 63, "note": "\\ud83d\\ude00"}} \r\n', "63"),
        ('{"Data":{"id":63,"number_customergauge":"63"},"Took":1.5}', "63"),
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_the_strict_shape_is_delivered(body: str, cg_id: str, status: int) -> None:
    verdict = judge(exchange(body, status, headers=(("Content-Type", "text/html"),)))
    assert_verdict(verdict, Outcome.DELIVERED, "stored")
    assert verdict.cg_id == cg_id


WRONG_SHAPES: tuple[bytes | str, ...] = (
    "",
    "[]",
    "null",
    '"ok"',
    "12",
    "{}",
    "<html>Please sign in</html>",
    '{"Data":null}',
    '{"Data":true}',
    '{"Data":[]}',
    '{"Data":[{"id":1}]}',
    '{"Data":{}}',
    '{"Data":{"ID":1}}',
    '{"data":{"id":1}}',
    '{"Data":{"id":""}}',
    '{"Data":{"id":null}}',
    '{"Data":{"id":true}}',
    '{"Data":{"id":1.5}}',
    '{"Data":{"id":1.0}}',
    '{"Data":{"id":0}}',
    '{"Data":{"id":-1}}',
    '{"Data":{"id":"-1"}}',
    '{"Data":{"id":"000"}}',
    '{"Data":{"id":"1\\n"}}',
    '{"Data":{"id":" 1"}}',
    '{"Data":{"id":"١"}}',
    '{"Data":{"id":[1]}}',
    '{"Data":{"id":"' + "x" * 65 + '"}}',
    '{"Data":{"id":1,"number_customergauge":2}}',
    '{"Data":{"id":1,"number_customergauge":null}}',
    '{"Data":{"id":1,"Error":"half stored"}}',
    '{"Data":{"id":1},"Error":{"Message":"No.","Code":400003}}',
    '{"Data":{"id":1},"error":false}',
    '{"Data":{"id":1},"Message":"ok"}',
    '{"Data":{"id":1},"Code":0}',
    '{"Data":{"id":1},"Data":{"id":1}}',
    '{"Data":{"id":1,"id":1}}',
    '{"Data":{"id":1},"x":NaN}',
    '{"Data":{"id":1},"x":-Infinity}',
    '{"Data":{"id":1},"x":1e999}',
    '{"Data":{"id":' + "9" * 19 + "}}",
    '{"Data":{"id":1},"x":' + "9" * 5000 + "}",
    '{"Data":{"id":1},"x":' + "[" * 30000 + "]" * 30000 + "}",
    '{"Data":{"id":1},"x":"\\ud800"}',
    '{"Data":{"id":1},"\\udfff":1}',
    '{"Data":{"id":1},"x":"\\u0000"}',
    '{"Data":{"id":1},"x":"\0"}',
    '{"Data":{"id":1}',
    '{"Data":{"id":1}}}',
    '{"Data":{"id":1}} {"Data":{"id":1}}',
    "{'Data':{'id':1}}",
    b'{"Data":{"id":1},"x":"\xff"}',
    '{"Data":{"id":1}}'.encode("utf-16"),
    '{"Data":{"id":1}}'.encode("utf-32-le"),
    "<Data><id>12</id></Data>",
)


@pytest.mark.parametrize("body", WRONG_SHAPES)
def test_a_2xx_in_any_other_shape_is_unknown(body: bytes | str) -> None:
    assert_verdict(judge(exchange(body)), Outcome.UNKNOWN, "not_understood")


def test_no_reply_to_another_status_is_a_success() -> None:
    stored = {"Data": {"id": 12}}
    outcomes = {judge(exchange(stored, status)).outcome for status in range(100, 1000) if status // 100 != 2}
    assert Outcome.DELIVERED not in outcomes


# --- Refusals ---------------------------------------------------------------------------------------------------------

CREDENTIAL = (Outcome.REFUSED_CHANNEL, "credential_refused")
FIELDS = (Outcome.REJECTED, "fields_refused")
ADDRESS = (Outcome.REFUSED_CHANNEL, "wrong_address")
CONTENT = (Outcome.REJECTED, "content_refused")

API_CODES = {
    2000: CREDENTIAL,
    200000: CREDENTIAL,
    300000: FIELDS,
    300002: ADDRESS,
    300003: ADDRESS,
    400006: FIELDS,
    400008: FIELDS,
    300001: CONTENT,
    300004: CONTENT,
    400002: CONTENT,
    400003: CONTENT,
    400004: CONTENT,
    400005: CONTENT,
    400007: CONTENT,
    400010: CONTENT,
    400011: CONTENT,
    400200: CONTENT,
    987654: CONTENT,
}


@pytest.mark.parametrize(("code", "expected"), API_CODES.items())
@pytest.mark.parametrize("status", [200, 400, 404, 405, 422])
@pytest.mark.parametrize("written", [int, str])
def test_an_api_code_decides_in_and_out_of_its_wrapper(
    code: int, expected: tuple[Outcome, str], status: int, written: type
) -> None:
    wrapped = error(written(code), "No.")
    for body in (wrapped, wrapped["Error"]):
        verdict = judge(exchange(body, status))
        assert_verdict(verdict, *expected)
        assert (verdict.code, verdict.message, verdict.cg_id) == (code, "No.", None)


@pytest.mark.parametrize(
    ("status", "outcome", "evidence"),
    [
        (301, Outcome.REFUSED_CHANNEL, "redirect"),
        (302, Outcome.REFUSED_CHANNEL, "redirect"),
        (307, Outcome.REFUSED_CHANNEL, "redirect"),
        (308, Outcome.REFUSED_CHANNEL, "redirect"),
        (303, Outcome.UNKNOWN, "see_other"),
        (400, Outcome.REJECTED, "status_refused"),
        (413, Outcome.REJECTED, "status_refused"),
        (415, Outcome.REJECTED, "status_refused"),
        (422, Outcome.REJECTED, "status_refused"),
        (401, Outcome.REFUSED_CHANNEL, "credential_refused"),
        (403, Outcome.REFUSED_CHANNEL, "forbidden"),
        (407, Outcome.REFUSED_CHANNEL, "proxy"),
        (404, Outcome.REFUSED_CHANNEL, "wrong_address"),
        (405, Outcome.REFUSED_CHANNEL, "wrong_address"),
        (410, Outcome.REFUSED_CHANNEL, "wrong_address"),
        (501, Outcome.REFUSED_CHANNEL, "wrong_address"),
        (409, Outcome.UNKNOWN, "conflict"),
        (408, Outcome.UNKNOWN, "request_timeout"),
        (425, Outcome.WAIT, "asked_to_wait"),
        (429, Outcome.WAIT, "asked_to_wait"),
        (500, Outcome.UNKNOWN, "server_error"),
        (502, Outcome.UNKNOWN, "server_error"),
        (503, Outcome.UNKNOWN, "server_error"),
        (504, Outcome.UNKNOWN, "server_error"),
        (520, Outcome.UNKNOWN, "server_error"),
        (103, Outcome.UNKNOWN, "not_understood"),
        (204, Outcome.UNKNOWN, "not_understood"),
        (799, Outcome.UNKNOWN, "not_understood"),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>Oh no</html>", b'{"detail":"no"}'])
def test_a_status_without_an_api_error_decides_alone(status: int, outcome: Outcome, evidence: str, body: bytes) -> None:
    assert_verdict(judge(exchange(body, status)), outcome, evidence)


@pytest.mark.parametrize(
    ("status", "outcome", "evidence"),
    [
        (401, Outcome.REFUSED_CHANNEL, "credential_refused"),
        (403, Outcome.REFUSED_CHANNEL, "forbidden"),
        (409, Outcome.UNKNOWN, "conflict"),
        (429, Outcome.WAIT, "asked_to_wait"),
        (500, Outcome.UNKNOWN, "server_error"),
        (503, Outcome.UNKNOWN, "server_error"),
        (501, Outcome.REJECTED, "content_refused"),
    ],
)
def test_some_statuses_outweigh_an_api_error(status: int, outcome: Outcome, evidence: str) -> None:
    verdict = judge(exchange(error(400003), status))
    assert_verdict(verdict, outcome, evidence)
    assert verdict.code == 400003


@pytest.mark.parametrize("body", ['{"Data":{"id":12}}', '{"Data":{"id":12},"Error":{"Message":"No.","Code":400003}}'])
def test_a_refusal_that_names_a_record_is_not_taken_for_one(body: str) -> None:
    assert judge(exchange(body, 400)).outcome is not Outcome.DELIVERED


@pytest.mark.parametrize("message", ["Duplicate record", "Record already exists.", "This was already processed"])
def test_a_reported_duplicate_is_unknown_as_the_earlier_copy_may_be_ours(message: str) -> None:
    assert_verdict(judge(exchange(error(400003, message), 400)), Outcome.UNKNOWN, "duplicate")


@pytest.mark.parametrize("body", ['{"Error":{"No data provided","Code":400006}}', '{"Message":"a" "Code": "400006"'])
def test_the_code_is_found_in_an_error_that_is_not_valid_json(body: str) -> None:
    assert_verdict(judge(exchange(body, 400)), *FIELDS)
    assert_verdict(judge(exchange(body, 200)), Outcome.UNKNOWN, "not_understood")


def test_a_code_is_not_looked_for_in_a_whole_page() -> None:
    verdict = judge(exchange('<script>{"Code":2000}</script>' + " " * 4096, 400))
    assert_verdict(verdict, Outcome.REJECTED, "status_refused")


def test_two_different_codes_in_an_unreadable_error_count_as_none() -> None:
    verdict = judge(exchange('{"Code":2000 "Code":400006}', 400))
    assert_verdict(verdict, Outcome.REJECTED, "status_refused")


@pytest.mark.parametrize("code", [True, None, -1, 0, 1.5, "", "x", [2000], {"a": 1}, 10**12])
def test_what_is_no_code_is_not_taken_for_one(code: Any) -> None:
    verdict = judge(exchange(error(code), 200))
    assert_verdict(verdict, Outcome.UNKNOWN, "not_understood")
    assert verdict.code is None


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("Field email is required but seems to be empty.", "email"),
        ("Field CGNumber is required but seems to be empty", "CGNumber"),
        ("Required field 'Survey Date' not supplied", "Survey Date"),
        ("Record could not be inserted", None),
    ],
)
def test_the_field_that_a_message_names_is_told(message: str, field: str | None) -> None:
    assert judge(exchange(error(400003, message), 400)).field == field


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("a\r\nINFO forged\u2028line\x1b[31m", "a INFO forged line [31m"),
        ("\u202eabc", "abc"),
        ("x" * 9999, "x" * 500),
        (None, ""),
        (["a"], ""),
    ],
)
def test_a_message_is_one_printable_line(message: Any, line: str) -> None:
    assert judge(exchange(error(400003, message), 400)).message == line


# --- Waiting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 425, 429, 503])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 5),
        ("-5", 5),
        ("1e9", 3600),
        ("9" * 5000, 3600),
        ("Mon, 23 Nov 2026 15:02:00 GMT", 120),
        ("Mon, 23 Nov 2026 14:00:00 GMT", 5),
        ("Mon, 23 Nov 2099 14:00:00 GMT", 3600),
    ],
)
def test_the_channel_waits_as_long_as_asked_within_limits(status: int, value: str, seconds: float) -> None:
    verdict = judge(exchange("", status, headers=(("retry-after", value),)))
    assert_verdict(verdict, Outcome.WAIT, "asked_to_wait")
    assert verdict.retry_after == seconds


@pytest.mark.parametrize("value", ["", "soon", "nan", "inf", "1_0", "٣", "1 0", "Mon, 99 Nov 2026 99:99:99 GMT"])
def test_a_wait_that_cannot_be_read_is_left_to_our_own_backoff(value: str) -> None:
    headers = (("Retry-After", value),)
    verdict = judge(exchange("", 429, headers=headers))
    assert (verdict.outcome, verdict.retry_after) == (Outcome.WAIT, None)
    assert judge(exchange("", 503, headers=headers)).outcome is Outcome.UNKNOWN


def test_a_date_to_wait_for_is_read_by_the_clock_of_the_server() -> None:
    headers = (("Date", "Thu, 01 Jan 2026 00:00:00 GMT"), ("Retry-After", "Thu, 01 Jan 2026 00:01:30 GMT"))
    assert judge(exchange("", 503, headers=headers)).retry_after == 90


def test_contradicting_waits_count_as_unreadable() -> None:
    assert judge(exchange("", 429, headers=(("Retry-After", "10"), ("Retry-After", "99")))).retry_after is None


# --- XML --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "<Data><number_customergauge>12</number_customergauge></Data>",
        "<Response><Data><id>12</id></Data></Response>",
        '\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<Data>\n  <id> 12 </id>\n</Data>\n',
    ],
)
def test_the_same_shape_in_xml_is_delivered(body: str) -> None:
    verdict = judge(exchange(body, url=XML_URL))
    assert_verdict(verdict, Outcome.DELIVERED, "stored")
    assert verdict.cg_id == "12"


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><Data><id>12</id><x>&c;</x></Data>'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html><body>Sign in</body></html>",
        "<id>12</id>",
        "<Data>12</Data>",
        "<Data><id/></Data>",
        "<Data><id>-1</id></Data>",
        "<Data><id>1</id><id>2</id></Data>",
        "<Data><id>1<x/></id></Data>",
        "<Data><id nil='true'>12</id></Data>",
        "<Data xmlns='urn:x'><id>12</id></Data>",
        "<Data>text<id>12</id></Data>",
        "<a><b><Data><id>12</id></Data></b></a>",
        "<a><Data><id>12</id></Data><Data><id>12</id></Data></a>",
        "<a><Data><id>12</id></Data><Error><Code>2000</Code></Error></a>",
        "<Data><id>12</id></Data><Data/>",
        BOMB,
        '<!DOCTYPE a SYSTEM "http://127.0.0.1/x"><Data><id>12</id></Data>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Data><id>12</id><x>&x;</x></Data>',
        "<Data><id>12</id>" + "<x>" * 9000 + "</x>" * 9000 + "</Data>",
        '{"Data":{"id":12}}',
    ],
)
def test_xml_in_any_other_shape_is_unknown(body: str) -> None:
    assert_verdict(judge(exchange(body, url=XML_URL)), Outcome.UNKNOWN, "not_understood")
    assert judge(exchange(body.encode("utf-16"), url=XML_URL)).outcome is Outcome.UNKNOWN


def test_the_documented_error_in_xml_is_understood() -> None:
    body = "<Error><Message>Invalid API Key</Message><Code>2000</Code></Error>"
    verdict = judge(exchange(body, 400, url=XML_URL))
    assert_verdict(verdict, *CREDENTIAL)
    assert (verdict.code, verdict.message) == (2000, "Invalid API Key")


# --- Properties -------------------------------------------------------------------------------------------------------

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from(["12", "-1", "a_b"])
)
names = st.sampled_from(["Data", "Error", "Message", "Code", "id", "number_customergauge", "x"])
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)
bodies = st.one_of(
    st.binary(max_size=200),
    documents.map(lambda document: json.dumps(document).encode()),
    st.fixed_dictionaries({"Data": documents}, optional={"Error": scalars, "Code": scalars, "x": scalars}).map(
        lambda document: json.dumps(document).encode()
    ),
    st.sampled_from(WRONG_SHAPES).map(lambda body: body.encode() if isinstance(body, str) else body),
    st.tuples(st.sampled_from(["id", "number_customergauge"]), scalars).map(
        lambda member: json.dumps({"Data": dict([member])}).encode()
    ),
)
header_lists = st.lists(
    st.tuples(st.sampled_from(["Retry-After", "Date", "Content-Type"]), st.text(max_size=40)), max_size=3
).map(tuple)


def may_be_delivered(exchange: Exchange) -> bool:
    """The definition of a success, written again without any code of the product."""
    if exchange.fault or not exchange.wire or not 200 <= (exchange.status or 0) <= 299:
        return False

    def once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        listed = list(pairs)
        assert len({name for name, _ in listed}) == len(listed), "a repeated key was accepted"
        return dict(listed)

    document = json.loads(exchange.body.decode("utf-8").removeprefix("\ufeff"), object_pairs_hook=once)
    if {"Error", "Message", "Code"} & set(document):
        return False
    data = document["Data"]
    found = [data[name] for name in ("id", "number_customergauge") if name in data]
    return bool(found) and all(
        (type(number) is int and number > 0)
        or (
            type(number) is str
            and 1 <= len(number) <= 64
            and all(c.isascii() and (c.isalnum() or c in "-_") for c in number)
        )
        for number in found
    )


@given(
    body=bodies,
    status=st.one_of(st.none(), st.integers(-1, 1000), st.integers(200, 299)),
    headers=header_lists,
    wire=st.booleans(),
    fault=st.one_of(st.none(), st.sampled_from(Fault)),
    url=st.one_of(st.sampled_from([JSON_URL, XML_URL + "?a=b"]), st.text(max_size=20)),
)
@example(b'{"Data":{"id":1}}', 200, (), True, None, JSON_URL)
def test_judging_never_raises_and_delivers_only_by_the_definition(
    body: bytes, status: int | None, headers: Headers, wire: bool, fault: Fault | None, url: str
) -> None:
    found = Exchange("POST", url, wire=wire, status=status, headers=headers, body=body, fault=fault, started_at=NOW)
    verdict = judge(found)
    assert verdict.outcome is EVIDENCE[verdict.evidence].outcome
    assert (verdict.cg_id is not None) is (verdict.outcome is Outcome.DELIVERED)
    if verdict.outcome is Outcome.DELIVERED:
        assert may_be_delivered(found)
    if wire and fault:
        assert verdict.outcome is Outcome.UNKNOWN
    if verdict.retry_after is not None:
        assert 5 <= verdict.retry_after <= 3600
    verdict.message.encode()


@given(
    number=st.one_of(st.integers(1, 10**18 - 1), st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,63}", fullmatch=True)),
    name=st.sampled_from(["id", "number_customergauge"]),
    status=st.integers(200, 299),
    indent=st.sampled_from([None, 2]),
)
def test_every_success_of_the_definition_is_delivered(
    number: int | str, name: str, status: int, indent: int | None
) -> None:
    verdict = judge(exchange(json.dumps({"Data": {name: number}}, indent=indent), status))
    assert (verdict.outcome, verdict.cg_id) == (Outcome.DELIVERED, str(number))


@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda t: f"<Data><id>{t}</id></Data>".encode()))
def test_judging_any_bytes_as_xml_never_raises(body: bytes) -> None:
    verdict = judge(exchange(body, url=XML_URL))
    assert verdict.outcome in (Outcome.DELIVERED, Outcome.UNKNOWN, Outcome.REJECTED)
    assert (verdict.outcome is Outcome.DELIVERED) is (verdict.cg_id is not None)
