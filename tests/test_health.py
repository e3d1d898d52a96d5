"""Is everything all right? The banner on every page, and what machines are told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.factories import make_submission
from uploads.delivery.jobs import tidy_up
from uploads.models import Action, AuditEvent, Channel, State, Worker

SignedIn = Callable[[User], Client]


@pytest.fixture
def working(db: None) -> Worker:
    return Worker.objects.create(name="here:1")


def test_no_banner_while_a_worker_gives_signs_of_life(signed_in: SignedIn, agent: User, working: Worker) -> None:
    assert "Nothing is being delivered" not in signed_in(agent).get("/submissions/").text


def test_a_worker_that_was_silent_for_a_minute_shows_on_every_page(
    signed_in: SignedIn, agent: User, working: Worker
) -> None:
    make_submission(agent)
    Worker.objects.update(beat_at=timezone.now() - timedelta(seconds=61))
    page = signed_in(agent).get("/submissions/").text
    assert "Nothing is being delivered" in page
    assert "1 result is saved and waiting" in page


def test_a_pause_is_told_with_its_cause_and_who_must_act(
    signed_in: SignedIn, agent: User, manager: User, working: Worker
) -> None:
    Channel.current().pause("here:1", "credential_refused")
    page = signed_in(agent).get("/submissions/new/").text
    assert "CustomerGauge refused the API key or token." in page
    assert "An administrator must set a valid key" in page
    signed_in(manager).post("/health/resume/")
    assert Channel.current().is_open
    assert "Sending is paused" not in signed_in(agent).get("/submissions/new/").text
    actions = AuditEvent.objects.filter(object_type="channel").values_list("action", "actor_name").order_by("id")
    assert list(actions) == [(Action.CHANNEL_PAUSED, "here:1"), (Action.CHANNEL_RESUMED, "mia")]


def test_a_person_can_pause_and_nothing_is_recorded_twice(signed_in: SignedIn, manager: User, working: Worker) -> None:
    client = signed_in(manager)
    for _ in range(2):
        assert client.post("/health/pause/").status_code == 302
    assert Channel.current().paused
    assert AuditEvent.objects.filter(action=Action.CHANNEL_PAUSED).count() == 1


def test_the_health_page_counts_by_state_and_names_silent_workers(
    signed_in: SignedIn, admin: User, agent: User, working: Worker
) -> None:
    for state in (State.DELIVERED, State.DELIVERED, State.FAILED):
        make_submission(agent, state)
    Worker.objects.create(name="gone:2", beat_at=timezone.now() - timedelta(hours=1))
    page = signed_in(admin).get("/health/").text
    assert "here:1" in page
    assert "gone:2" in page
    assert "Klameth" not in page


def test_every_reply_carries_an_id_and_is_kept_out_of_caches(client: Client, db: None) -> None:
    first, second = client.get("/healthz"), client.get("/healthz")
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert first.headers["Cache-Control"] == "no-store"
    assert first.text == "ok\n"


def test_the_hourly_job_forgets_old_sessions_and_vanished_workers(
    signed_in: SignedIn, agent: User, working: Worker
) -> None:
    from django.contrib.sessions.models import Session

    signed_in(agent)
    Session.objects.update(expire_date=timezone.now() - timedelta(days=1))
    Worker.objects.create(name="gone:2", beat_at=timezone.now() - timedelta(days=2))
    tidy_up()
    assert not Session.objects.exists()
    assert list(Worker.objects.values_list("name", flat=True)) == ["here:1"]
