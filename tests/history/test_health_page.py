"""The health page for people: what stands still, why, who must act, and the button that does it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.factories import make_submission
from uploads.audit import guards
from uploads.models import Channel, State, Worker


def test_pausing_and_resuming_are_one_button_that_changes(browser: Client, manager: User) -> None:
    assert "Pause sending" in browser.get("/health/").text
    paused = browser.post("/health/pause/", follow=True).text
    assert "Resume sending" in paused
    assert "Somebody paused it." in paused
    assert "Pause sending" in browser.post("/health/resume/", follow=True).text


def test_a_wait_that_customergauge_asked_for_is_told_as_such(browser: Client, manager: User) -> None:
    Channel.current().wait("host:12", timezone.now() + timedelta(hours=1), "asked_to_wait")
    assert "CustomerGauge asked us to wait. Sending goes on by itself." in browser.get("/health/").text


def test_workers_are_told_apart_by_their_last_sign_of_life(browser: Client) -> None:
    assert "No worker is running" in browser.get("/health/").text
    Worker.objects.create(name="host:1")
    Worker.objects.create(name="host:2", beat_at=timezone.now() - timedelta(minutes=5))
    html = browser.get("/health/").text
    assert html.index("host:1") < html.index("Working") < html.index("host:2") < html.index("Silent")


@pytest.mark.parametrize(("who", "linked"), [("manager", True), ("admin", False)])
def test_numbers_lead_to_the_history_for_those_who_may_read_it(
    request: pytest.FixtureRequest, signed_in: Callable[[User], Client], agent: User, who: str, linked: bool
) -> None:
    make_submission(agent, State.FAILED)
    html = signed_in(request.getfixturevalue(who)).get("/health/").text
    assert ('href="/history/?state=failed"' in html) is linked


def test_a_missing_guard_of_the_audit_log_is_said_loudly(browser: Client) -> None:
    guards.remove()
    html = browser.get("/health/").text
    assert "The audit log is not protected" in html
    assert "uploads_auditevent_no_update" in html
    guards.install()
    assert "The audit log is not protected" not in browser.get("/health/").text
