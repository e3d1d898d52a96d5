"""The control page, as a browser without scripts uses it."""

import re
from html import unescape

import pytest

from uploads.simulator import BEHAVIOURS, Simulator

from .peer import call, post


def page(sim: Simulator) -> str:
    reply = call(sim, "GET", "/")
    assert reply.status == 200
    return reply.text


def press(sim: Simulator, route: str, **form: str) -> int:
    return call(sim, path=f"/simulator/{route}", pairs=form).status


def test_the_page_lists_every_behaviour_with_its_line(sim: Simulator) -> None:
    html = page(sim)
    assert re.findall(r'name="name" value="([^"]+)"', html) == list(BEHAVIOURS)
    for row in BEHAVIOURS.values():
        assert row.text in unescape(html)
        assert f"<h3>{row.group}</h3>" in html


def test_the_page_needs_no_script_and_no_inline_style(sim: Simulator) -> None:
    sim.behave("500")
    post(sim)
    html = page(sim)
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", html)
    policy = call(sim, "GET", "/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert call(sim, "GET", "/simulator/page.css").headers["Content-Type"] == "text/css; charset=utf-8"


def test_every_id_that_is_named_exists_once(sim: Simulator) -> None:
    html = page(sim)
    ids = re.findall(r'\sid="([^"]+)"', html)
    named = re.findall(r'(?:aria-describedby|aria-labelledby|href)="#?([^"/:]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(named) <= {*ids, "data"}


def test_pressing_a_behaviour_chooses_it(sim: Simulator) -> None:
    assert press(sim, "behaviour", name="500", count="2", seconds="", on="POST", after="stored") == 303
    (choice,) = sim.choices
    assert (choice.behaviour.name, choice.count, choice.on, choice.seconds) == ("500-stored", 2, "POST", None)
    html = page(sim)
    assert "<h2>Misbehaving</h2>" in html
    assert "POST, 2 more requests, the record is stored" in html
    assert press(sim, "well") == 303
    assert "<h2>Behaving well</h2>" in page(sim)


@pytest.mark.parametrize("name", ["refused", "blackhole", "reset-on-accept"])
def test_what_shuts_out_the_page_gets_an_end(sim: Simulator, name: str) -> None:
    assert press(sim, "behaviour", name=name) == 303
    (choice,) = sim.choices
    assert choice.seconds is not None
    assert 0 < choice.seconds <= 30


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"name": "nonsense"}, "There is no behaviour “nonsense”."),
        ({}, "There is no behaviour “”."),
        ({"name": "500", "count": "two"}, "“two” does not do for count"),
        ({"name": "500", "count": "1.5"}, "“1.5” does not do for count"),
        ({"name": "500", "count": "nan"}, "“nan” does not do for count"),
        ({"name": "500", "count": "-1"}, "“-1” does not do for count"),
        ({"name": "500", "seconds": "inf"}, "“inf” does not do for seconds"),
        ({"name": "500", "on": "TRACE"}, "Calls “TRACE” do not exist"),
        ({"name": "500", "after": "maybe"}, "“after” is stored, unstored or left out"),
        ({"name": "<script>"}, "There is no behaviour “<script>”."),
    ],
)
def test_a_form_that_does_not_hold_gets_a_sentence(sim: Simulator, form: dict[str, str], sentence: str) -> None:
    reply = call(sim, path="/simulator/behaviour", pairs=form)
    assert reply.status == 422
    assert sentence in unescape(re.search(r'role="alert">([^<]*)<', reply.text).group(1))  # type: ignore[union-attr]
    assert sim.choices == []


def test_latency_and_reset(sim: Simulator) -> None:
    post(sim)
    assert press(sim, "latency", latency="0.001") == 303
    assert sim.latency == 0.001
    assert press(sim, "latency", latency="601") == 422
    assert press(sim, "reset") == 303
    assert sim.records == {}


def test_what_arrived_is_shown_escaped_and_without_the_key(sim: Simulator) -> None:
    call(sim, pairs={"Email": "a@b.example", "Comment": "<script>alert(1)</script>"}, authorization="api_key canary-7f")
    html = page(sim)
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>" not in html
    assert "canary-7f" not in html


def test_a_page_of_another_site_may_not_steer(sim: Simulator) -> None:
    form = {"name": "500"}
    assert call(sim, path="/simulator/behaviour", pairs=form, Origin="http://evil.example").status == 403
    assert call(sim, path="/simulator/behaviour", pairs=form, Origin="null").status == 403
    assert sim.choices == []
    assert call(sim, path="/simulator/behaviour", pairs=form, Origin=sim.url).status == 303


def test_the_page_is_no_arrival_and_never_misbehaves(sim: Simulator) -> None:
    sim.behave("500")
    page(sim)
    assert sim.arrivals == []


def test_pages_that_do_not_exist(sim: Simulator) -> None:
    assert call(sim, "GET", "/nothing").status == 404
    assert call(sim, "DELETE", "/").status == 405
