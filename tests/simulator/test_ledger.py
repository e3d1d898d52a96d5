"""The ledger: everything that arrived, as it arrived."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from uploads.simulator import Simulator

from .peer import RESPONSE, SURVEY, call, connect, post, raw, watch


def test_an_arrival_holds_the_request_as_received(sim: Simulator) -> None:
    body = b"Email=a%40b.example&Comment=%E2%98%8E+x&SurveyCompletedDate=2018-01-01+00%3A00%3A00"
    watch(sim, raw("POST", f"{RESPONSE}?a=1", body, "X-oDD: Spelt so"), half_close=True)
    (arrival,) = sim.arrivals
    assert (arrival.number, arrival.method, arrival.path) == (1, "POST", f"{RESPONSE}?a=1")
    assert ("X-oDD", "Spelt so") in arrival.headers
    assert arrival.header("x-odd") == "Spelt so"
    assert (arrival.body, arrival.received) == (body, len(body))
    assert arrival.pairs == (
        ("Email", "a@b.example"),
        ("Comment", "☎ x"),
        ("SurveyCompletedDate", "2018-01-01 00:00:00"),
    )
    assert (arrival.behaviour, arrival.status, arrival.record) == ("ok", 200, 1)
    assert arrival.reply.endswith(b'{"Data":{"number_customergauge":1}}')
    assert abs(arrival.at - datetime.now(UTC)) < timedelta(hours=1)


def test_arrivals_stand_in_order_and_refused_ones_are_kept(sim: Simulator) -> None:
    post(sim, Email=None)
    post(sim)
    call(sim, "GET", RESPONSE)
    assert [(each.number, each.status, each.record) for each in sim.arrivals] == [
        (1, 400, None),
        (2, 200, 1),
        (3, 200, None),
    ]


def test_a_connection_that_brings_no_request_is_no_arrival(sim: Simulator) -> None:
    connect(sim).close()
    post(sim)
    assert len(sim.arrivals) == 1


def test_a_body_cut_short_by_the_client_is_kept_but_stores_nothing(sim: Simulator) -> None:
    watch(sim, raw()[:-40], half_close=True)
    (arrival,) = sim.arrivals
    assert 0 < arrival.received == len(arrival.body) < int(arrival.header("Content-Length") or 0)
    assert (arrival.behaviour, arrival.status, sim.records) == ("cut short", None, {})


def test_waiting_for_arrivals_that_do_not_come_says_how_many_did(sim: Simulator) -> None:
    post(sim)
    with pytest.raises(TimeoutError, match="1 of 2 requests arrived"):
        sim.wait_for_arrivals(2, timeout=0.01)


def test_reset_forgets(sim: Simulator) -> None:
    sim.behave("500-stored")
    post(sim)
    sim.reset()
    assert (sim.arrivals, sim.records, sim.choices) == ([], {}, [])
    assert post(sim).json == {"Data": {"number_customergauge": 2}}


def test_the_ledger_as_json(sim: Simulator) -> None:
    post(sim)
    post(sim)
    everything = call(sim, "GET", "/simulator/ledger.json").json["arrivals"]  # type: ignore[index]
    newer = call(sim, "GET", "/simulator/ledger.json?after=1").json["arrivals"]  # type: ignore[index]
    assert [each["number"] for each in everything] == [1, 2]
    assert newer == everything[1:]
    assert dict(everything[0]["pairs"]) == SURVEY
    assert base64.b64decode(everything[0]["body_base64"]) == sim.arrivals[0].body
    assert everything[0]["body"] == sim.arrivals[0].body.decode()
    assert ["Authorization", "api_key K"] in everything[0]["headers"]
    assert (everything[0]["status"], everything[0]["record"]) == (200, 1)


def test_the_records_as_json(sim: Simulator) -> None:
    post(sim)
    call(sim, "PUT", pairs={"id": "1", "LastName": "Clameth"})
    (record,) = call(sim, "GET", "/simulator/records.json").json["records"]  # type: ignore[index]
    assert dict(record["pairs"]) == SURVEY | {"LastName": "Clameth"}
    assert [change["what"] for change in record["history"]] == ["created", "updated"]
