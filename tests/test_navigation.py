"""The head of every page says where one is."""

import re
import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.factories import make_submission
from uploads.models import Bulk, Channel, Outage, State


@pytest.fixture
def browser(manager: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(manager)


def current(browser: Client, path: str) -> list[str]:
    """What the navigation marks as the page one is on."""
    page = browser.get(path)
    assert page.status_code == 200, path
    head = page.content.decode().partition("</header>")[0]
    return [text.split(" (")[0] for text in re.findall(r'aria-current="page">([^<]*)</a>', head)]


def test_pages_about_one_result_are_part_of_the_history(browser: Client, agent: User) -> None:
    submission = make_submission(agent, State.DELIVERED)
    for page in ("", "correct/", "case/"):
        assert current(browser, f"/history/{submission.uuid}/{page}") == ["History"]


def test_decisions_about_many_are_part_of_attention(browser: Client, agent: User, manager: User) -> None:
    make_submission(agent, State.FAILED)
    bulk = Bulk.objects.create(
        token=uuid.uuid4(), decision="drop", states=["failed"], counted_at=timezone.now(), counted=1, reason="old",
        manager=manager, request_id=uuid.uuid4().hex,
    )  # fmt: skip
    for path in (
        "/attention/",
        "/attention/bulk/",
        "/attention/bulk/new/?decision=drop",
        f"/attention/bulk/{bulk.uuid}/",
    ):
        assert current(browser, path) == ["Attention"]


def test_outages_are_part_of_health(browser: Client, agent: User) -> None:
    make_submission(agent)
    Channel.current().pause("worker", "credential_refused")
    outage = Outage.write_down(timezone.now(), "credential_refused")
    assert outage
    for path in ("/health/", "/health/outages/", f"/health/outages/{outage.pk}/"):
        assert current(browser, path) == ["Health"]
