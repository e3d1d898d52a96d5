"""Deciding about everything that matches a filter: counted, confirmed with a reason, followed, stopped."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.factories import make_submission, make_user
from tests.processes import Portal, eventually, hidden
from uploads.delivery import bulk as side_job
from uploads.models import Bulk, Delivery, State, Worker

NEW = "/attention/bulk/new/"


@pytest.fixture
def three(agent: User) -> None:
    """Two that failed for want of a name server, and one because of our own program."""
    for evidence in ("dns", "dns", "internal"):
        make_submission(agent, State.FAILED, evidence=evidence)


@pytest.fixture
def second(db: None, signed_in: Callable[[User], Client]) -> Client:
    """Another manager's browser."""
    return signed_in(make_user("max", "manager"))


def form(browser: Client, query: str, **values: Any) -> dict[str, Any]:
    html = browser.get(f"{NEW}?{query}").text
    names = ("decision", "state", "cause", "counted_at", "token")
    found = {name: re.search(rf'name="{name}"(?: value="([^"]*)")?', html) for name in names}
    return {name: (match[1] or "") if match else "" for name, match in found.items()} | {"reason": "Back"} | values


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_attention_page_offers_what_can_be_done_about_all_that_match(browser: Client, three: None) -> None:
    html = browser.get("/attention/").text
    assert "Send again all 3" in html
    assert "Drop all 3" in html
    narrowed = browser.get("/attention/?state=failed&cause=dns").text
    assert "Drop all 2" in narrowed
    assert 'href="/attention/bulk/new/?state=failed&amp;cause=dns&amp;decision=drop"' in narrowed
    assert "Drop all" not in browser.get("/attention/?state=failed&cause=internal").text, "one alone has its own page"


def test_rejected_ones_are_not_offered_to_be_sent_again(browser: Client, agent: User) -> None:
    for _ in range(2):
        make_submission(agent, State.REJECTED)
    html = browser.get("/attention/").text
    assert "Drop all 2" in html
    assert "Send again all" not in html


def test_it_is_counted_and_explained_before_it_begins(browser: Client, three: None) -> None:
    said = text(browser.get(f"{NEW}?decision=again&cause=dns").text)
    assert "Send again all 2?" in said
    assert "they cannot arrive twice" in said
    assert "could not be resolved" in said
    assert not Bulk.objects.exists()


def test_confirmed_it_begins_and_its_page_tells_how_far_it_is(browser: Client, three: None) -> None:
    answer = browser.post(NEW, form(browser, "decision=drop&state=failed"))
    bulk = Bulk.objects.get()
    assert answer.headers["Location"] == f"/attention/bulk/{bulk.uuid}/"
    page = browser.get(answer.headers["Location"]).text
    assert "0 of 3 done" in page
    assert "No worker is running" in page
    assert "Stop" in page
    side_job.carry_on()
    done = browser.get(answer.headers["Location"]).text
    assert "Finished: 3 of 3 done." in done
    assert done.count('href="/history/') >= 3
    assert 'hx-get="/attention' not in done
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.CANCELLED}
    assert "Finished: 3 of 3 done." in browser.get("/attention/bulk/").text


def test_pressing_twice_adds_nothing(browser: Client, three: None) -> None:
    given = form(browser, "decision=drop")
    places = {browser.post(NEW, given).headers["Location"] for _ in range(2)}
    assert len(places) == 1
    assert Bulk.objects.count() == 1


def test_a_reason_is_asked_for_and_what_was_given_is_kept(browser: Client, three: None) -> None:
    answer = browser.post(NEW, form(browser, "decision=drop&cause=dns", reason=" "))
    assert answer.status_code == 422
    assert "Give the reason" in answer.text
    assert "Drop all 2?" in answer.text
    assert not Bulk.objects.exists()


def test_what_came_after_it_was_counted_is_not_touched(browser: Client, three: None, agent: User) -> None:
    given = form(browser, "decision=drop")
    make_submission(agent, State.FAILED)
    browser.post(NEW, given)
    side_job.carry_on()
    assert (Bulk.objects.get().counted, Delivery.objects.filter(state=State.FAILED).count()) == (3, 1)


def test_where_nothing_is_left_nothing_begins(browser: Client, three: None) -> None:
    given = form(browser, "decision=drop")
    Delivery.objects.update(state=State.CANCELLED)
    answer = browser.post(NEW, given)
    assert answer.status_code == 409
    assert "Nothing was changed" in answer.text
    assert not Bulk.objects.exists()


@pytest.mark.parametrize(
    "query", ["", "decision=delete", "decision=drop&state=queued", "decision=drop&cause=%00", "decision=drop&cause=A'"]
)
def test_an_address_that_makes_no_sense_says_so(browser: Client, three: None, query: str) -> None:
    answer = browser.get(f"{NEW}?{query}")
    assert answer.status_code == 422
    assert "does not exist" in answer.text


@pytest.mark.parametrize(
    "wrong",
    [{"token": "x"}, {"counted_at": "yesterday"}, {"state": "delivered"}, {"cause": "x" * 60}, {"decision": ""}],
)
def test_a_form_that_was_tampered_with_changes_nothing(browser: Client, three: None, wrong: dict[str, str]) -> None:
    answer = browser.post(NEW, form(browser, "decision=drop") | wrong)
    assert answer.status_code == 422
    assert not Bulk.objects.exists()


def test_it_can_be_stopped_and_a_late_stop_is_told(browser: Client, three: None) -> None:
    place = browser.post(NEW, form(browser, "decision=drop")).headers["Location"]
    assert browser.post(f"{place}stop/").status_code == 302
    assert "Stopped: 0 of 3 done; the others stay as they were." in browser.get(place).text
    side_job.carry_on()
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.FAILED}
    finished = browser.post(NEW, form(browser, "decision=drop")).headers["Location"]
    side_job.carry_on()
    late = browser.post(f"{finished}stop/")
    assert (late.status_code, "finished before" in late.text) == (409, True)


def test_many_unconfirmed_ones_take_a_second_manager(
    browser: Client, second: Client, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from uploads.models import bulk

    monkeypatch.setattr(bulk, "TWO_MANAGERS", 1)
    for _ in range(2):
        make_submission(agent, State.UNCONFIRMED)
    place = browser.post(NEW, form(browser, "decision=again&state=unconfirmed")).headers["Location"]
    mine = browser.get(place).text
    assert "a second manager has to approve it" in mine
    assert "Approve" not in mine
    assert browser.post(f"{place}approve/").status_code == 409
    assert "Approve" in second.get(place).text
    assert second.post(f"{place}approve/").status_code == 302
    assert Bulk.objects.get().approved_by == User.objects.get(username="max")
    assert second.post(f"{place}approve/").status_code == 409


def test_a_page_that_asks_again_is_answered_only_when_something_has_changed(browser: Client, three: None) -> None:
    Worker.objects.create(name="here:1")
    place = browser.post(NEW, form(browser, "decision=drop")).headers["Location"]
    asks = re.search(r'hx-get="([^"]+)"', browser.get(place).text.split("</header>")[1].split('id="live"')[1])
    assert asks
    fragment = {"headers": {"HX-Request": "true"}}
    assert browser.get(asks[1], **fragment).status_code == 204
    side_job.carry_on()
    answer = browser.get(asks[1], **fragment)
    assert (answer.status_code, "Finished" in answer.text) == (286, True)


@pytest.mark.parametrize("who", ["agent", "admin"])
def test_only_who_reviews_decides(
    request: pytest.FixtureRequest, signed_in: Callable[[User], Client], browser: Client, three: None, who: str
) -> None:
    place = browser.post(NEW, form(browser, "decision=drop")).headers["Location"]
    other = signed_in(request.getfixturevalue(who))
    for path in (f"{place}stop/", f"{place}approve/", NEW):
        assert other.post(path, {"decision": "drop", "token": str(uuid.uuid4())}).status_code == 403


@pytest.mark.processes
def test_a_real_worker_carries_it_out_by_itself(portal: Portal) -> None:
    portal.simulator.behave("500", count=3)
    agent, manager = portal.browser_session("agent"), portal.browser_session("manager")
    for _ in range(3):
        agent.enter()
    eventually("three are unconfirmed", lambda: portal.states().get("unconfirmed") == 3)
    page = manager.get(f"{NEW}?decision=drop&state=unconfirmed").text
    names = ("csrfmiddlewaretoken", "decision", "state", "counted_at", "token")
    answer = manager.post({name: hidden(page, name) for name in names} | {"reason": "Entered anew", "cause": ""}, NEW)
    assert answer.status_code == 302, answer.text[:2000]
    eventually("they are dropped", lambda: portal.states().get("cancelled") == 3, within=30)
    eventually("it is finished", lambda: "Finished: 3 of 3 done" in manager.get(answer.headers["Location"]).text)
