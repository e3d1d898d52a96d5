"""Finding records: filters, periods, pages."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from uploads.simulator import Simulator

from .peer import RESPONSE, call, post

GENERAL = "/v4.1/transactions.json"


def numbers(sim: Simulator, path: str = RESPONSE, **query: str) -> list[str]:
    reply = call(sim, "GET", f"{path}?{urlencode(query)}")
    assert reply.status == 200, reply.text
    return [row["number_customergauge"] for row in reply.json["Data"]]  # type: ignore[index]


@pytest.fixture
def filled(sim: Simulator) -> Simulator:
    for number in range(1, 4):
        post(sim, cgportal_ref=f"ref-{number}", SurveyCompletedDate=f"2018-01-0{number} 12:00:00")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    post(sim, cgportal_ref="ref-4", OrderDate=f"{yesterday:%Y-%m-%d %H:%M:%S}")
    return sim


@pytest.mark.parametrize("path", [RESPONSE, GENERAL])
def test_a_row_holds_number_and_posted_keys(sim: Simulator, path: str) -> None:
    post(sim)
    (row,) = call(sim, "GET", path).json["Data"]  # type: ignore[index]
    assert (row["number_customergauge"], row["Email"]) == ("1", "lee_klameth@directness.example")
    assert row["date_creation"] == f"{sim.records[1].history[0].at:%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["1", "2", "3", "4"]),
        ({"filter_cgportal_ref": "ref-2"}, ["2"]),
        ({"filter_cgportal_ref": "REF-2"}, []),
        ({"filter_cgportal_ref": "ref-2", "filter_LastName": "Nobody"}, []),
        ({"filter_number_customergauge": "3"}, ["3"]),
        ({"start": "1", "limit": "2"}, ["2", "3"]),
        ({"start": "9"}, []),
        ({"days": "2"}, ["4"]),
        ({"date_range_from": "2018-01-01", "date_range_to": "2018-01-03"}, []),
        (
            {"date_method": "date_survey_response", "date_range_from": "2018-01-02", "date_range_to": "2018-01-03"},
            ["2", "3"],
        ),
        ({"date_method": "date_survey_response", "date_range_to": "2018-01-01 12:00:00"}, ["1", "4"]),
        ({"date_method": "date_creation", "days": "1"}, ["1", "2", "3", "4"]),
    ],
)
def test_what_a_lookup_finds(filled: Simulator, query: dict[str, str], found: list[str]) -> None:
    if query.get("date_range_to") == "2018-01-01 12:00:00":
        call(filled, "PUT", pairs={"id": "4", "SurveyCompletedDate": "2018-01-01 11:00:00"})
    assert numbers(filled, **query) == found


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        (RESPONSE, {"filter_division": "x"}, 400000),
        (RESPONSE, {"date_method": "date_of_birth"}, 400001),
        (GENERAL, {"date_method": "date_survey_response"}, 400001),
        (RESPONSE, {"days": "366"}, 400009),
        (RESPONSE, {"days": "many"}, 300001),
        (RESPONSE, {"limit": "1001"}, 300001),
        (RESPONSE, {"start": "-1"}, 300001),
        (RESPONSE, {"date_range_from": "1 May"}, 300001),
        (RESPONSE, {"status": "QUEUE"}, 300000),
        (GENERAL, {"status": "LOST"}, 300001),
    ],
)
def test_what_a_lookup_refuses(filled: Simulator, path: str, query: dict[str, str], code: int) -> None:
    reply = call(filled, "GET", f"{path}?{urlencode(query)}")
    assert (reply.status, reply.json["Error"]["Code"]) == (400, code)  # type: ignore[index]


def test_responses_are_processed_and_nothing_else(filled: Simulator) -> None:
    assert numbers(filled, GENERAL, status="PROCESSED") == ["1", "2", "3", "4"]
    assert numbers(filled, GENERAL, status="BOUNCED") == []
