"""/metrics: who may read it, what it says, and that it adds the workers up."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from tests.factories import make_submission
from tests.processes import Portal, eventually
from uploads.delivery.metrics import Counters
from uploads.models import Channel, Delivery, State, Worker

ROOT = Path(__file__).parents[1]
TOKEN = "canary-token-of-the-metrics"
Numbers = dict[tuple[str, frozenset[tuple[str, str]]], float]
COUNTED = """# TYPE cgportal_attempt_seconds histogram
cgportal_attempt_seconds_bucket{{kind="send",le="1.0",outcome="delivered"}} {0}
cgportal_attempt_seconds_bucket{{kind="send",le="+Inf",outcome="delivered"}} {0}
cgportal_attempt_seconds_count{{kind="send",outcome="delivered"}} {0}
cgportal_attempt_seconds_sum{{kind="send",outcome="delivered"}} 1.5
"""


def parse(text: str) -> Numbers:
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def value(numbers: Numbers, name: str, **labels: str) -> float:
    return numbers[f"cgportal_{name}", frozenset(labels.items())]


def scrape(client: Client) -> Numbers:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return parse(answer.text)


@pytest.fixture
def working(db: None) -> Worker:
    return Worker.objects.create(name="here:1")


def test_the_outboxes_and_the_channel_are_told(client: Client, agent: User, working: Worker) -> None:
    for state in (State.QUEUED, State.QUEUED, State.FAILED, State.UNCONFIRMED, State.DELIVERED):
        make_submission(agent, state)
    Delivery.objects.filter(state=State.QUEUED).update(next_at=timezone.now() - timedelta(minutes=5))
    Delivery.objects.filter(state=State.FAILED).update(changed_at=timezone.now() - timedelta(hours=1))
    Channel.current().pause("here:1", "certificate")
    Channel.current().note_skew(40)
    numbers = scrape(client)
    assert value(numbers, "deliveries", outbox="results", state="queued") == 2
    assert value(numbers, "deliveries", outbox="cases", state="queued") == 0
    assert value(numbers, "state_oldest_seconds", outbox="results", state="failed") == pytest.approx(3600, abs=60)
    assert value(numbers, "oldest_due_seconds") == pytest.approx(300, abs=60)
    assert value(numbers, "needs_person") == 2
    assert value(numbers, "channel_paused") == 1
    assert value(numbers, "channel_breaker_open") == 0
    assert value(numbers, "clock_skew_seconds") == 40
    assert value(numbers, "workers") == 1
    assert not [labels for name, labels in numbers if ("state", "delivered") in labels]


def test_the_breaker_and_its_wait_are_told(client: Client, working: Worker) -> None:
    Channel.current().trip("here:1", "refused")
    numbers = scrape(client)
    assert value(numbers, "channel_breaker_open") == 1
    assert 0 < value(numbers, "channel_wait_seconds") <= 60


def test_what_the_workers_counted_is_told_worker_by_worker(client: Client, db: None) -> None:
    for name, count in (("here:1", 3), ("there:2", 4)):
        Worker.objects.create(name=name, metrics=COUNTED.format(float(count)))
    Worker.objects.create(name="gone:3", metrics=COUNTED.format(99.0), beat_at=timezone.now() - timedelta(hours=1))
    numbers = scrape(client)
    counts = {dict(labels)["worker"]: number for (name, labels), number in numbers.items() if name.endswith("_count")}
    assert counts == {"here:1": 3.0, "there:2": 4.0}
    assert value(numbers, "workers") == 2
    assert value(numbers, "worker_beat_age_seconds", worker="gone:3") == pytest.approx(3600, abs=60)


def test_a_scrape_costs_the_same_however_much_there_is(client: Client, agent: User, working: Worker) -> None:
    scrape(client)  # the first of all makes the row of the channel
    with CaptureQueriesContext(connection) as before:
        scrape(client)
    for state in State:
        for _ in range(3):
            make_submission(agent, state)
    Worker.objects.create(name="there:2")
    with CaptureQueriesContext(connection) as after:
        scrape(client)
    assert len(after) == len(before) <= 12


@pytest.mark.parametrize(
    ("token", "headers", "address", "status"),
    [
        ("", {}, "127.0.0.1", 200),
        ("", {}, "::1", 200),
        ("", {}, "10.0.0.7", 403),
        ("", {}, "", 403),
        ("", {"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1", 403),
        ("", {"Forwarded": "for=10.0.0.7"}, "127.0.0.1", 403),
        ("", {"Authorization": "Bearer "}, "10.0.0.7", 403),
        (TOKEN, {"Authorization": f"Bearer {TOKEN}"}, "10.0.0.7", 200),
        (TOKEN, {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "10.0.0.7"}, "10.0.0.1", 200),
        (TOKEN, {"Authorization": f"Bearer {TOKEN}x"}, "127.0.0.1", 403),
        (TOKEN, {"Authorization": f"Basic {TOKEN}"}, "127.0.0.1", 403),
        (TOKEN, {"Authorization": "Bearer ü"}, "127.0.0.1", 403),
        (TOKEN, {}, "127.0.0.1", 403),
    ],
)
def test_metrics_are_for_machines_that_may(
    settings: Settings, db: None, token: str, headers: dict[str, str], address: str, status: int
) -> None:
    settings.METRICS_TOKEN = token
    answer = Client().get("/metrics", headers=headers, REMOTE_ADDR=address)
    assert answer.status_code == status
    assert TOKEN not in answer.text
    assert ("cgportal_workers" in answer.text) == (status == 200)


def test_the_manual_explains_each_metric(client: Client, working: Worker) -> None:
    manual = (ROOT / "docs" / "operator.md").read_text()
    explained = set(re.findall(r"^\| `(cgportal_\w+)", manual, re.MULTILINE))
    Worker.objects.update(metrics=Counters().text(in_flight=0))
    families = text_string_to_metric_families(client.get("/metrics").text)
    told = {family.name + ("_total" if family.type == "counter" else "") for family in families}
    assert explained == told


@pytest.mark.processes
def test_calls_are_counted_by_kind_and_outcome_in_a_real_portal(portal: Portal) -> None:
    """Three results, one of them refused: as the web process tells it after the worker's next sign of life."""
    session = portal.browser_session("agent")
    for comment in ("Fine", "Fine", "Fine"):
        session.enter(comment=comment)
    eventually("all three are delivered", lambda: portal.states() == {"delivered": 3})

    def counted() -> float:
        numbers = parse(requests.get(f"{portal.url}/metrics", timeout=10).text)
        wanted = {("kind", "send"), ("outcome", "delivered")}
        counts = [n for (name, labels), n in numbers.items() if name.endswith("_seconds_count") and wanted <= labels]
        return sum(counts)

    eventually("the calls are counted", lambda: counted() == 3)
