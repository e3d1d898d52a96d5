"""Is everything all right? The banner on every page, and what machines are told."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.factories import make_submission
from tests.processes import Template, eventually, portal_for
from uploads.delivery.jobs import tidy_up
from uploads.models import Action, AuditEvent, Channel, State, Worker
from uploads.readiness import worker_works

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
    assert signed_in(manager).post("/health/resume/").status_code == 409, "it needs a test that has passed"
    Channel.current().ask_test(manager)
    Channel.current().tested("here:1", "", {"steps": []}, passed=True)
    signed_in(manager).post("/health/resume/")
    assert Channel.current().is_open
    assert "Sending is paused" not in signed_in(agent).get("/submissions/new/").text
    actions = AuditEvent.objects.filter(object_type="channel").values_list("action", "actor_name").order_by("id")
    assert list(actions) == [
        (Action.CHANNEL_PAUSED, "here:1"), (Action.TEST_ASKED, "mia"), (Action.CHANNEL_TESTED, "here:1"),
        (Action.CHANNEL_RESUMED, "mia"),
    ]  # fmt: skip


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


def test_readiness_tells_of_the_workers_and_does_not_depend_on_them(client: Client, agent: User, db: None) -> None:
    """A web process without workers still takes entries: it must stay in the rotation."""
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"], answer.json()["sending"]) == (200, True, "no_worker")
    worker = Worker.objects.create(name="here:1")
    assert client.get("/readyz").json() | {"workers": 1, "sending": "going"} == client.get("/readyz").json()
    stick(worker, agent)
    assert client.get("/readyz").json()["sending"] == "stuck"
    Channel.current().pause("here:1", "by_person")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["sending"]) == (200, "paused")


def stick(worker: Worker, agent: User) -> None:
    """It beats, but has done nothing for six minutes although a result is due for as long."""
    long_ago = timezone.now() - timedelta(minutes=6)
    Worker.objects.filter(pk=worker.pk).update(progress_at=long_ago)
    make_submission(agent, next_at=long_ago)


def test_a_worker_that_lives_but_does_not_get_on_is_unhealthy(agent: User, working: Worker) -> None:
    assert worker_works("here")
    assert not worker_works("there")
    stick(working, agent)
    assert not worker_works("here")
    Channel.current().pause("here:1", "by_person")
    assert worker_works("here"), "while nothing may be sent nobody is stuck"
    Worker.objects.update(beat_at=timezone.now() - timedelta(seconds=61))
    assert not worker_works("here")


def test_an_idle_worker_is_healthy_for_ever(working: Worker) -> None:
    Worker.objects.update(progress_at=timezone.now() - timedelta(days=3))
    assert worker_works("here")


ASK = "from cgportal import container as c; print(c.web_answers(), c.worker_works())"


@pytest.mark.processes
def test_the_image_finds_web_and_worker_healthy_under_a_name_of_its_own(
    portal_template: Template, tmp_path: Path
) -> None:
    """The probe comes from inside, the portal answers to its public name only, and redirects to https."""
    with portal_for(portal_template, tmp_path, ALLOWED_HOSTS="portal.example.com") as portal:
        portal.env["PORT"] = str(portal.port)

        def healthy() -> str:
            return portal.python("-c", ASK).stdout.strip()

        assert healthy() == "False False"
        portal.start("web", "-m", "gunicorn", "--config", "python:cgportal.gunicorn", "cgportal.wsgi")
        portal.start_worker()
        eventually("both are healthy", lambda: healthy() == "True True")
