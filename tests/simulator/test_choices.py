"""Choosing a behaviour: for some requests, for some calls, for one record."""

import pytest

from uploads.simulator import Simulator

from .peer import RESPONSE, SURVEY, call, post

TOKEN = {"grant_type": "client_credentials", "client_id": "portal", "client_secret": "s"}


def test_a_count_ends_by_itself(sim: Simulator) -> None:
    sim.behave("500", count=2)
    assert [post(sim).status for _ in range(3)] == [500, 500, 200]
    assert sim.choices == []


def test_without_a_count_it_lasts_until_told(sim: Simulator) -> None:
    sim.behave("500")
    assert [post(sim).status for _ in range(3)] == [500, 500, 500]
    sim.behave_well()
    assert post(sim).status == 200


def test_seconds_end_by_themselves(sim: Simulator) -> None:
    sim.behave("500", seconds=0.000001)
    assert post(sim).status == 200


def test_a_choice_can_be_for_one_kind_of_call(sim: Simulator) -> None:
    sim.behave("500", on="POST")
    assert (post(sim).status, call(sim, "GET", RESPONSE).status) == (500, 200)


def test_two_kinds_of_call_can_misbehave_at_once(sim: Simulator) -> None:
    sim.behave("500-stored", count=1, on="POST")
    sim.behave("lookup-empty")
    assert post(sim).status == 500
    assert call(sim, "GET", RESPONSE).json == {"Data": []}
    assert len(sim.records) == 1


def test_the_token_call_misbehaves_only_if_named(sim: Simulator) -> None:
    sim.behave("500")
    assert call(sim, path="/oauth2/token", pairs=TOKEN).status == 200
    sim.behave("502", on="token")
    assert call(sim, path="/oauth2/token", pairs=TOKEN).status == 502
    assert post(sim).status == 500


def test_ok_ends_a_choice_for_its_calls(sim: Simulator) -> None:
    sim.behave("500", on="POST")
    sim.behave("ok", on="POST")
    assert post(sim).status == 200


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("501-html", {}, "There is no behaviour “501-html”. Near: "),
        ("500", {"count": 0}, "must be 1 or more"),
        ("500", {"seconds": -1}, "more than 0"),
        ("500", {"on": "PATCH"}, "Calls “PATCH” do not exist"),
        ("refused", {"count": 1}, "Give it seconds instead"),
        ("reset-on-accept", {"on": "POST"}, "before the request is read"),
        ("reset-mid-body-stored", {}, "before there is a record"),
    ],
)
def test_what_cannot_be_chosen_gets_a_sentence(
    sim: Simulator, name: str, options: dict[str, int], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        sim.behave(name, **options)  # type: ignore[arg-type]
    assert post(sim).status == 200


def test_a_record_can_ask_for_its_own_misbehaviour(sim: Simulator) -> None:
    assert post(sim, Comment="[sim:503-retry-after-1] please").status == 503
    assert post(sim).status == 200
    assert sim.records.keys() == {1}
    assert [arrival.behaviour for arrival in sim.arrivals] == ["503-retry-after-1", "ok"]


def test_a_record_goes_before_the_choice_for_all(sim: Simulator) -> None:
    sim.behave("500", count=1)
    assert post(sim, Comment="[sim:502]").status == 502
    assert post(sim).status == 500


def test_a_record_can_misbehave_a_number_of_times(sim: Simulator) -> None:
    assert [post(sim, Comment="[sim:503 x2]").status for _ in range(3)] == [503, 503, 200]


def test_a_record_that_resets_after_the_body_is_stored(sim: Simulator) -> None:
    with pytest.raises(ConnectionResetError):
        post(sim, Comment="[sim:reset-after-body]")
    assert sim.records[1].fields["Comment"] == "[sim:reset-after-body]"


@pytest.mark.parametrize("marker", ["[sim:nonsense]", "[sim:refused]", "[sim:503 xx]"])
def test_a_marker_that_cannot_be_obeyed_is_refused_with_a_sentence(sim: Simulator, marker: str) -> None:
    reply = post(sim, Comment=marker)
    assert (reply.status, reply.json["Error"]["Code"]) == (400, 300001)  # type: ignore[index]
    assert sim.records == {}


def test_a_correction_can_carry_a_marker(sim: Simulator) -> None:
    post(sim)
    assert call(sim, "PUT", pairs={"id": "1", "Comment": "[sim:500-stored]"}).status == 500
    assert sim.records[1].fields == SURVEY | {"Comment": "[sim:500-stored]"}
