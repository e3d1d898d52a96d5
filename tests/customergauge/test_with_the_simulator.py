"""The whole client against the simulator: every behaviour it can play, and the rule that none may break.

A record may be stored only if the verdict is delivered or unknown: any other verdict would send it again.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from uploads.customergauge import (
    ApiKey,
    Client,
    ClientCredentials,
    Field,
    Outcome,
    Timeouts,
    Value,
    Verdict,
    build,
    correct,
    create,
    find,
    judge,
    reasons,
    rows,
    update_case,
)
from uploads.simulator import BEHAVIOURS, Simulator

FIELDS = (
    Field("customer", "Email"),
    Field("score", "NetPromoterScore"),
    Field("comment", "Comment"),
    Field("completed_at", "SurveyCompletedDate"),
    Field("reference", "cgportal_ref"),
)
VALUES: dict[str, Value] = {
    "Email": "lee@example.com",
    "score": 0,
    "comment": "Æ & = +\nsecond line",
    "completed_at": datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
    "reference": "r-1",
}
PAIRS = build(FIELDS, VALUES, ZoneInfo("Europe/Amsterdam"))
SHORT = Timeouts(connect=0.4, read=0.4, deadline=0.8)
AMPLE = Timeouts(connect=10, read=10, deadline=20)


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def sim(shared: Simulator) -> Iterator[Simulator]:
    yield shared
    shared.reset()


def limits(behaviour: str) -> Timeouts:
    """Short ones only where the simulator never ends: an honest answer must not be lost to a busy machine."""
    return SHORT if {"silence", "drip", "flood", "blackhole"} & set(behaviour.split("-")) else AMPLE


def client(sim: Simulator, format: str = "json", timeouts: Timeouts = AMPLE) -> Client:
    return Client(sim.url, ApiKey("canary-key-4d1f7a"), format=format, timeouts=timeouts)  # type: ignore[arg-type]


def nothing() -> None:
    pass


def posted(sim: Simulator, format: str = "json", timeouts: Timeouts = AMPLE) -> Verdict:
    return judge(client(sim, format, timeouts).send(create(PAIRS), on_wire=nothing)[-1])


@pytest.mark.parametrize("format", ["json", "xml"])
def test_a_result_is_stored_corrected_and_found_again(sim: Simulator, format: str) -> None:
    verdict = posted(sim, format)
    assert verdict.outcome is Outcome.DELIVERED
    assert verdict.cg_id is not None
    assert dict(PAIRS).items() <= dict(sim.records[int(verdict.cg_id)].pairs).items()

    api = client(sim, format)
    corrected = judge(api.send(correct(verdict.cg_id, (("Comment", "better"),)), on_wire=nothing)[-1])
    followed = judge(api.send(update_case(verdict.cg_id, status="OPEN"), on_wire=nothing)[-1])
    assert (corrected.outcome, followed.outcome) == (Outcome.DELIVERED, Outcome.DELIVERED)

    (found,) = rows(api.send(find((("filter_cgportal_ref", "r-1"),)))[-1])
    assert verdict.cg_id in found.values()
    assert "better" in found.values()


@pytest.mark.parametrize("format", ["json", "xml"])
def test_the_reasons_are_listed_with_their_codes(sim: Simulator, format: str) -> None:
    listed = rows(client(sim, format).send(reasons())[-1])
    assert len(listed) > 5
    assert all(reason["reason_code"].isdigit() for reason in listed)


@pytest.mark.parametrize("format", ["json", "xml"])
def test_an_update_of_a_record_that_is_not_there_is_rejected(sim: Simulator, format: str) -> None:
    verdict = judge(client(sim, format).send(correct("999", PAIRS), on_wire=nothing)[-1])
    assert (verdict.outcome, verdict.code) == (Outcome.REJECTED, 400005)


def test_a_missing_field_is_rejected_by_name(sim: Simulator) -> None:
    pairs = tuple(pair for pair in PAIRS if pair[0] != "Email")
    verdict = judge(client(sim).send(create(pairs), on_wire=nothing)[-1])
    assert (verdict.outcome, verdict.code) == (Outcome.REJECTED, 400003)
    assert verdict.field is not None
    assert verdict.field.lower() == "email"


def test_a_wrong_key_refuses_the_channel() -> None:
    with Simulator(api_key="another-key") as sim:
        verdict = posted(sim)
    assert (verdict.outcome, verdict.evidence) == (Outcome.REFUSED_CHANNEL, "credential_refused")


def test_a_token_is_fetched_once_for_many_calls(sim: Simulator) -> None:
    credentials = ClientCredentials(f"{sim.url}/oauth2/token", "client", "secret-of-the-client")
    api = Client(sim.url, credentials)
    outcomes = [judge(api.send(create(PAIRS), on_wire=nothing)[-1]).outcome for _ in range(3)]
    assert outcomes == [Outcome.DELIVERED] * 3
    assert [arrival.path for arrival in sim.arrivals].count("/oauth2/token") == 1


EVEN_WHEN_JSON_WAS_ASKED_FOR = {"xml-instead"}
SURELY = {
    "ok": Outcome.DELIVERED,
    "201": Outcome.DELIVERED,
    "bom": Outcome.DELIVERED,
    "wrong-type": Outcome.DELIVERED,
    "number-as-text": Outcome.DELIVERED,
    "number-as-id": Outcome.DELIVERED,
    "100-then-reply": Outcome.DELIVERED,
    "chunked": Outcome.DELIVERED,
    "refused": Outcome.NOT_SENT,
    "429": Outcome.WAIT,
    "429-retry-after-garbage": Outcome.WAIT,
    "503-retry-after-120": Outcome.WAIT,
    "401": Outcome.REFUSED_CHANNEL,
    "403": Outcome.REFUSED_CHANNEL,
    "404-html": Outcome.REFUSED_CHANNEL,
    "302": Outcome.REFUSED_CHANNEL,
    "307": Outcome.REFUSED_CHANNEL,
    "303": Outcome.UNKNOWN,
    "error-2000": Outcome.REFUSED_CHANNEL,
    "error-300000": Outcome.REJECTED,
    "error-400003": Outcome.REJECTED,
    "400-unwrapped": Outcome.REJECTED,
    "200-error": Outcome.REJECTED,
    "200-error-unwrapped": Outcome.REJECTED,
    "200-error-key": Outcome.REFUSED_CHANNEL,
    "message-script": Outcome.REJECTED,
    "500": Outcome.UNKNOWN,
    "503": Outcome.UNKNOWN,
    "520": Outcome.UNKNOWN,
    "409": Outcome.UNKNOWN,
    "html": Outcome.UNKNOWN,
    "204": Outcome.UNKNOWN,
    "data-and-error": Outcome.UNKNOWN,
    "duplicate-keys": Outcome.UNKNOWN,
    "number-nan": Outcome.UNKNOWN,
    "number-5000-digits": Outcome.UNKNOWN,
    "deep": Outcome.UNKNOWN,
    "utf-16": Outcome.UNKNOWN,
    "surrogate": Outcome.UNKNOWN,
    "nul": Outcome.UNKNOWN,
    "gzip-bomb": Outcome.UNKNOWN,
    "endless-chunks": Outcome.UNKNOWN,
    "300-kb-headers": Outcome.UNKNOWN,
    "half-headers": Outcome.UNKNOWN,
    "half-body": Outcome.UNKNOWN,
    "xml-instead": Outcome.UNKNOWN,
    "length-too-long": Outcome.UNKNOWN,
    "reset-after-body": Outcome.UNKNOWN,
    "reset-mid-body": Outcome.UNKNOWN,
    "silence": Outcome.UNKNOWN,
    "header-drip": Outcome.UNKNOWN,
    "body-drip": Outcome.UNKNOWN,
}


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_whatever_is_stored_is_delivered_or_unknown(sim: Simulator, name: str) -> None:
    sim.behave(name)
    verdict = posted(sim, timeouts=limits(name))
    sim.behave_well()
    if name in SURELY:
        assert verdict.outcome is SURELY[name]
    if verdict.outcome is Outcome.DELIVERED:
        assert len(sim.records) == 1
    elif verdict.outcome is not Outcome.UNKNOWN:
        assert sim.records == {}
    assert len([arrival for arrival in sim.arrivals if arrival.path]) <= 1  # a connection without a word is no request


@pytest.mark.parametrize(
    "name", [name for name in BEHAVIOURS if name.startswith("xml-") and name not in EVEN_WHEN_JSON_WAS_ASKED_FOR]
)
def test_hurtful_xml_is_unknown(sim: Simulator, name: str) -> None:
    sim.behave(name)
    assert posted(sim, "xml").outcome is Outcome.UNKNOWN


def test_every_behaviour_of_the_table_exists() -> None:
    assert set(SURELY) <= set(BEHAVIOURS)
