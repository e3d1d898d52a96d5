"""The records in a reply to a call that reads."""

import json
from typing import Any

import pytest

from uploads.customergauge import Exchange, Fault, NotListed, Outcome, rows

JSON_URL = "https://api.eu.customergauge.com/v4.1/transactions/response.json?days=1"
XML_URL = JSON_URL.replace(".json", ".xml")


def listing(body: Any, status: int = 200, url: str = JSON_URL) -> Exchange:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Exchange("GET", url, wire=True, status=status, body=raw)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([], ()),
        ([{"id": 12, "Comment": "a"}, {"id": "13"}], ({"id": "12", "Comment": "a"}, {"id": "13"})),
        ({"id": 12, "nps": 0, "x": None, "y": [1], "z": {"a": 1}}, ({"id": "12", "nps": "0"},)),
    ],
)
def test_records_are_read_as_text(data: Any, expected: tuple[dict[str, str], ...]) -> None:
    assert rows(listing({"Data": data})) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<Data/>", ()),
        (b"<Data><item><id>1</id></item></Data>", ({"id": "1"},)),
        (b"<Data><item><id>1</id></item><item><id>2</id></item></Data>", ({"id": "1"}, {"id": "2"})),
        (b"<Data><id>1</id><Comment>a</Comment></Data>", ({"id": "1", "Comment": "a"},)),
        (b"<Data><id>1</id></Data>", ({"id": "1"},)),
        (b"<Response><Data><item><id>1</id></item></Data></Response>", ({"id": "1"},)),
    ],
)
def test_records_in_xml_are_read_alike(body: bytes, expected: tuple[dict[str, str], ...]) -> None:
    assert rows(listing(body, url=XML_URL)) == expected


def test_members_beside_the_records_do_no_harm() -> None:
    assert rows(listing({"Data": [{"id": 1}], "cursor": {"next": 2}})) == ({"id": "1"},)


def test_the_evidence_for_a_missing_list_is_kept() -> None:
    with pytest.raises(NotListed, match="did not answer in time"):
        rows(Exchange("GET", JSON_URL, wire=True, fault=Fault.READ_TIMEOUT))


def test_no_such_record_is_an_empty_list() -> None:
    assert rows(listing({"Error": {"Message": "Record does not exist", "Code": 400002}}, 400)) == ()


@pytest.mark.parametrize(
    ("exchange", "outcome"),
    [
        (listing(b""), Outcome.NOT_SENT),
        (listing(b"<html/>"), Outcome.NOT_SENT),
        (listing({"Data": None}), Outcome.NOT_SENT),
        (listing({"Data": [1]}), Outcome.NOT_SENT),
        (listing({"Data": [], "Error": {}}), Outcome.NOT_SENT),
        (listing({"data": []}), Outcome.NOT_SENT),
        (listing({"Data": []}, 500), Outcome.NOT_SENT),
        (listing(b"", 429), Outcome.WAIT),
        (listing(b"", 401), Outcome.REFUSED_CHANNEL),
        (listing({"Error": {"Message": "Filter key unknown", "Code": 400000}}, 400), Outcome.REJECTED),
        (Exchange("GET", JSON_URL, wire=True, fault=Fault.READ_TIMEOUT), Outcome.NOT_SENT),
        (Exchange("GET", JSON_URL, fault=Fault.CERTIFICATE), Outcome.REFUSED_CHANNEL),
        (
            Exchange("GET", JSON_URL, wire=True, status=200, body=b'{"Data":[]}', fault=Fault.TRUNCATED),
            Outcome.NOT_SENT,
        ),
    ],
)
def test_a_reply_without_a_list_says_why_and_is_never_unknown(exchange: Exchange, outcome: Outcome) -> None:
    with pytest.raises(NotListed) as caught:
        rows(exchange)
    assert caught.value.verdict.outcome is outcome
    assert str(caught.value) == caught.value.verdict.sentence
