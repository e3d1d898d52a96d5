"""The alarm rules and the dashboard: they name nothing that the portal does not tell, and lead into the runbook."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from cgportal.logs import FIELDS
from tests.factories import make_submission
from uploads.customergauge import Exchange
from uploads.delivery.job import Done
from uploads.delivery.metrics import Counters
from uploads.delivery.sending import SendJob
from uploads.models import Attempt, Delivery, Worker

ROOT = Path(__file__).parents[1]
GROUPS: list[Any] = yaml.safe_load((ROOT / "deploy" / "prometheus-rules.yml").read_text())["groups"]
ALARMS: list[Any] = [rule for group in GROUPS for rule in group["rules"]]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())
PANELS: list[Any] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
DRAWN: list[str] = [target["expr"] for panel in PANELS for target in panel["targets"]]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
SELECTOR = re.compile(r"\b(cgportal_\w+)(?:\{([^}]*)\})?")
#: What our metrics have beside their labels: Prometheus's own.
OWN_LABELS = {"instance", "job"}
Samples = dict[str, list[dict[str, str]]]


@pytest.fixture
def told(client: Client, agent: User) -> Samples:
    """Name of a sample → the labels that it comes with, as /metrics tells it of a portal that has made a call."""
    counters, delivery = Counters(), make_submission(agent).delivery
    attempt = Attempt.objects.create(delivery=delivery, worker="here:1")
    call = Exchange("POST", "https://api.eu.customergauge.com", wire=True, status=500, seconds=0.1)
    counters.count([Done(SendJob(Delivery.objects.get(), [attempt]), (call,))])
    Worker.objects.create(name="here:1", metrics=counters.text(in_flight=0))
    families = text_string_to_metric_families(client.get("/metrics").text)
    found: Samples = {}
    for sample in (sample for family in families for sample in family.samples):
        found.setdefault(sample.name, []).append(sample.labels)
    return found


def selected(expressions: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each metric that an expression names, with the values (or patterns) that it asks of labels."""
    for name, wanted in (match for text in expressions for match in SELECTOR.findall(text)):
        yield name, {label: value for label, _, value in re.findall(r'(\w+)(=~?)"([^"]*)"', wanted)}


@pytest.mark.parametrize("expressions", [[rule["expr"] for rule in ALARMS], DRAWN], ids=["alarms", "dashboard"])
def test_every_metric_and_label_that_is_asked_for_is_told(told: Samples, expressions: list[str]) -> None:
    asked = list(selected(expressions))
    assert len(asked) >= len(expressions) - 1  # one is about `up`, which is Prometheus's own
    for name, wanted in asked:
        assert name in told, name
        fits = [s for s in told[name] if all(re.fullmatch(v, s.get(label, "")) for label, v in wanted.items())]
        assert fits, f"nothing is ever told for {name} {wanted}"


@pytest.mark.parametrize("expressions", [[rule["expr"] for rule in ALARMS], DRAWN], ids=["alarms", "dashboard"])
def test_every_label_that_is_grouped_by_is_told(told: Samples, expressions: list[str]) -> None:
    for text in expressions:
        known = OWN_LABELS | {label for name, _ in selected([text]) for s in told[name] for label in s}
        for grouped in re.findall(r"(?:by|without) \(([^)]*)\)", text):
            assert {part.strip() for part in grouped.split(",")} <= known, text


def test_what_the_dashboard_shows_is_everything_that_is_told(told: Samples) -> None:
    shown = {name for name, _ in selected(DRAWN)}
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in told} == {
        re.sub("_(bucket|count)$", "", name) for name in shown
    }


def test_each_rule_says_how_bad_what_and_what_to_do() -> None:
    assert len({rule["alert"] for rule in ALARMS}) == len(ALARMS)
    for rule in ALARMS:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
        assert set(rule["annotations"]) == {"summary", "runbook"}


def test_each_rule_leads_to_a_section_of_the_runbook_that_names_it() -> None:
    titled = re.findall(r"^## (.*)\n((?:(?!## ).*\n)*)", RUNBOOK, re.MULTILINE)
    sections = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-"): text for title, text in titled}
    for rule in ALARMS:
        page, _, section = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/runbook.md"
        assert f"*{rule['alert']}*" in sections[section], rule["alert"]


def test_the_panels_stand_beside_one_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert {target["datasource"]["uid"] for panel in PANELS for target in panel["targets"]} == {"${source}"}


def test_the_runbook_names_only_what_there_is() -> None:
    commands = {path.stem for path in (ROOT / "uploads" / "management" / "commands").glob("*.py")}
    assert set(re.findall(r"manage\.py (\w+)", RUNBOOK)) <= commands | {"migrate"}
    fields = {"time", "level", "logger", "message", *FIELDS}
    asked = [name for line in re.findall(r"jq .*", RUNBOOK) for name in re.findall(r"\.(\w+)\b(?!log)", line)]
    assert set(asked) - {"log"} <= fields
    assert "outcome" in asked
    for page, section in re.findall(r"\((\w+\.md)?#([\w-]+)\)", RUNBOOK):
        text = (ROOT / "docs" / (page or "runbook.md")).read_text()
        titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
        assert section in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, section
