"""The page that says what is kept for how long, how much there is, and when the next of it goes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import strip_tags
from pytest_django import Settings

from tests.audit.past import days_ago
from tests.audit.test_erase import entered
from tests.history.conftest import deliver, lose
from uploads.audit import retention


@pytest.fixture
def told(admin: User, signed_in: Callable[[User], Client]) -> Callable[[], str]:
    def words() -> str:
        page = signed_in(admin).get("/health/kept/").text
        return " ".join(strip_tags(page.replace("</h2>", " ").replace("</dt>", " ")).split())

    return words


def test_an_empty_portal_has_nothing_to_let_go(told: Callable[[], str]) -> None:
    text = told()
    assert "Requests and replies 2 years" in text
    assert "Drafts 30 days" in text
    assert text.count("Nothing is there.") == 5
    assert text.count("None yet. Workers look once a day.") == 5


def test_the_next_date_and_the_last_look_are_shown(told: Callable[[], str], agent: User) -> None:
    with days_ago(100):
        deliver(entered(agent))
    retention.run_due()
    goes = timezone.localtime(timezone.now() + timedelta(days=630))
    assert f"There now 2, the oldest from {date_format(goes - timedelta(days=730), 'j F Y')}" in told()
    assert f"Goes next On {date_format(goes, 'j F Y')}." in told()
    assert "0 went" in told()


def test_what_is_due_goes_now_and_what_waits_is_explained(told: Callable[[], str], agent: User) -> None:
    with days_ago(800):
        deliver(entered(agent))
        lose(entered(agent))
    assert "Goes next Now, a little at a time." in told()
    retention.run_due()
    assert "As soon as the oldest of it is through" in told()
    assert ", 2 went" in told()


def test_for_ever_and_without_a_key_are_said(told: Callable[[], str], settings: Settings) -> None:
    settings.RETENTION = settings.RETENTION | {"calls": None}
    settings.AUDIT_SEAL_KEY = ""
    assert "Calls without a survey for ever" in told()
    assert "What was entered for ever" in told()
    assert "because AUDIT_SEAL_KEY is not set" in told()
