"""Views of the history that managers keep: whose they are, who sees them, and what is not kept with them."""

import json
import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.factories import make_submission, make_user
from uploads.models import Action, AuditEvent, SavedView


@pytest.fixture
def other(db: None, signed_in: Callable[[User], Client]) -> Client:
    """Another manager's browser."""
    return signed_in(make_user("max", "manager"))


def keep(client: Client, query: str, name: str, **more: str) -> str:
    """Keep a view; gives where that leads to."""
    return client.post(f"/history/views/?{query}", {"name": name, **more}).headers["Location"]


def offered(client: Client) -> list[tuple[str, str]]:
    """The views on the page: address and name."""
    html = client.get("/history/").text
    return re.findall(r'<a href="/history/\?([^"]*)"[^>]*><bdi>([^<]*)</bdi>', html)


def test_a_view_is_the_filter_under_a_name(browser: Client, agent: User) -> None:
    make_submission(agent)
    assert keep(browser, "state=failed&band=detractor&before=1-1", "Unhappy & failed") == (
        "/history/?state=failed&band=detractor"
    )
    assert offered(browser) == [("state=failed&amp;band=detractor", "Unhappy &amp; failed")]
    html = browser.get("/history/?state=failed&band=detractor").text
    assert 'aria-current="true"><bdi>Unhappy' in html
    assert "Keep this view" not in html
    assert "Keep this view" in browser.get("/history/?state=failed").text
    assert "Keep this view" not in browser.get("/history/").text


def test_a_view_of_the_same_name_takes_the_place_of_the_old_one(browser: Client) -> None:
    keep(browser, "state=failed", "Mine")
    keep(browser, "state=queued", "Mine")
    assert offered(browser) == [("state=queued", "Mine")]


def test_others_see_a_view_only_if_it_is_shared_and_cannot_remove_it(browser: Client, other: Client) -> None:
    keep(browser, "state=failed", "Mine")
    keep(browser, "state=queued", "For all", shared="on")
    assert offered(other) == [("state=queued", "For all")]
    html = other.get("/history/?state=queued").text
    assert "by mia" in html
    assert "Remove this view" not in html
    view = SavedView.objects.get(name="For all")
    assert other.post(f"/history/views/{view.pk}/remove/").status_code == 404
    keep(other, "state=rejected", "For all")
    assert SavedView.objects.filter(name="For all").count() == 2


def test_an_own_view_can_be_removed(browser: Client) -> None:
    keep(browser, "state=failed", "Mine")
    view = SavedView.objects.get()
    assert "Remove this view" in browser.get("/history/?state=failed").text
    assert (
        browser.post(f"/history/views/{view.pk}/remove/?state=failed").headers["Location"] == "/history/?state=failed"
    )
    assert offered(browser) == []


def test_the_words_of_a_search_are_not_kept(browser: Client) -> None:
    keep(browser, "q=lee@example.com&state=failed", "Mine")
    assert SavedView.objects.get().query == "state=failed"
    page = browser.get("/history/?q=lee@example.com&state=failed").text
    assert "lee@example.com" in page


@pytest.mark.parametrize(
    ("query", "name", "sentence"),
    [
        ("", "Mine", "There is nothing to keep"),
        ("q=refund", "Mine", "There is nothing to keep"),
        ("state=zz", "Mine", "There is nothing to keep"),
        ("state=failed", "", "Give the view a name."),
        ("state=failed", "x" * 41, "This name is too long: at most 40 characters."),
        ("state=failed", "a\0b", "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(browser: Client, query: str, name: str, sentence: str) -> None:
    answer = browser.post(f"/history/views/?{query}", {"name": name}, follow=True)
    assert sentence in answer.text
    assert not SavedView.objects.exists()


def test_keeping_and_removing_are_on_the_record(browser: Client, manager: User) -> None:
    keep(browser, "state=failed", "Mine", shared="on")
    browser.post(f"/history/views/{SavedView.objects.get().pk}/remove/")
    saved, removed = AuditEvent.objects.filter(action__startswith="view.").order_by("id")
    assert (saved.action, removed.action) == (Action.VIEW_SAVED, Action.VIEW_REMOVED)
    assert (saved.actor, saved.object_id) == (manager, removed.object_id)
    assert json.loads(bytes(saved.payload.body)) == {"query": "state=failed", "shared": True}


@pytest.mark.parametrize("who", ["agent", "admin", "outsider"])
def test_only_who_reads_the_history_keeps_views_and_shows_names(
    request: pytest.FixtureRequest, signed_in: Callable[[User], Client], agent2: User, who: str
) -> None:
    client, foreign = signed_in(request.getfixturevalue(who)), make_submission(agent2)
    for path in ("/history/views/?state=failed", "/history/names/", f"/history/{foreign.uuid}/show/"):
        assert client.post(path, {"name": "Mine"}).status_code == 403
    assert not SavedView.objects.exists()
