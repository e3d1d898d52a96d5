"""The health page for people: what stands still, why, who must act, and the button that does it."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.factories import make_submission
from uploads.audit import guards
from uploads.models import CaseDelivery, CaseUpdate, Channel, Delivery, Outage, State, Submission, Worker


def test_pausing_and_resuming_are_one_button_that_changes(browser: Client, manager: User) -> None:
    assert "Pause sending" in browser.get("/health/").text
    paused = browser.post("/health/pause/", follow=True).text
    assert "Resume sending" in paused
    assert "Somebody paused it." in paused
    assert "Pause sending" in browser.post("/health/resume/", follow=True).text


def test_a_wait_that_customergauge_asked_for_is_told_as_such(browser: Client, manager: User) -> None:
    Channel.current().wait("host:12", timezone.now() + timedelta(hours=1), "asked_to_wait")
    html = browser.get("/health/").text
    assert "CustomerGauge asked us to wait until" in html
    assert "Sending goes on by itself." in html
    assert "Pause sending" in html
    assert "Resume sending" not in html


def test_how_often_customergauge_asked_us_to_wait_is_told_without_a_receipt(
    browser: Client, manager: User, agent: User
) -> None:
    make_submission(agent)
    assert "in the last 24 hours" not in browser.get("/health/").text
    channel = Channel.current()
    for minutes, times in ((10, "once"), (20, "2 times")):
        channel.wait("host:12", timezone.now() + timedelta(minutes=minutes), "asked_to_wait")
        assert f"CustomerGauge asked us to wait {times} in the last 24 hours" in browser.get("/health/").text
    Channel.objects.update(wait_until=timezone.now() - timedelta(seconds=1))
    assert not Outage.objects.exists()


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


# -- the channel in words ------------------------------------------------------------------------------------


def out_of_reach() -> None:
    Channel.current().trip("host:1", "refused")


def tried_again() -> None:
    out_of_reach()
    Channel.objects.update(wait_until=None)
    Channel.current().probed("host:1", "", answered=True)


def back() -> None:
    tried_again()
    Channel.current().succeeded("host:1")


@pytest.mark.parametrize(
    ("happened", "words"),
    [
        (lambda: None, "What agents enter is sent as it comes in."),
        (out_of_reach, "The CustomerGauge server refused the connection. It is asked again at"),
        (tried_again, "CustomerGauge answers again. One result is sent to see"),
        (back, "at most 2 at once now, twice as many after each success"),
        (lambda: Channel.current().pause("host:1", "certificate"), "An administrator must find out who answers"),
        (lambda: Channel.current().pause("host:1", "not_understood"), "The reply is none that CustomerGauge is known"),
    ],
)
def test_the_state_of_the_channel_is_told_in_plain_words(
    browser: Client, happened: Callable[[], object], words: str
) -> None:
    Worker.objects.create(name="host:1")
    happened()
    assert words in browser.get("/health/").text


# -- testing the connection, and resuming --------------------------------------------------------------------


@pytest.fixture
def refused(db: None) -> None:
    """A worker is there, and sending was paused because CustomerGauge refused the key."""
    Worker.objects.create(name="host:1")
    Channel.current().pause("host:1", "credential_refused")


def worker_says(*, passed: bool) -> None:
    """A worker answers what was asked for."""
    steps = [["Address", True, "The name is known."], ["Meaning", passed, "The key."], ["More", None, "Not reached."]]
    evidence = "" if passed else "credential_refused"
    assert Channel.current().tested("host:1", evidence, {"steps": steps}, passed=passed)


def test_what_the_line_has_shown_is_resumed_only_after_a_passed_test(browser: Client, refused: None) -> None:
    assert "Resume sending" not in browser.get("/health/").text
    answer = browser.post("/health/resume/")
    assert (answer.status_code, "Test the connection first" in answer.text) == (409, True)
    assert Channel.current().paused
    browser.post("/health/test/")
    assert "A test of the connection is under way" in browser.get("/health/").text
    worker_says(passed=False)
    html = browser.get("/health/").text
    assert "not passed" in html
    assert "Resume sending" not in html
    browser.post("/health/test/")
    worker_says(passed=True)
    assert "Resume sending" in browser.get("/health/").text
    assert browser.post("/health/resume/", {"cause": "credential_refused"}).status_code == 302
    assert Channel.current().is_open


def test_each_step_of_the_last_test_is_shown_with_who_asked_and_who_made_it(browser: Client, refused: None) -> None:
    browser.post("/health/test/")
    worker_says(passed=False)
    html = browser.get("/health/").text
    words = " ".join(re.sub(r"<[^>]+>", "", html).split())
    assert "✓Address: passed. The name is known." in words
    assert "✗Meaning: failed. The key." in words
    assert "–More: not reached. Not reached." in words
    assert "Asked for by mia, made by worker host:1." in words


def test_without_a_worker_nothing_is_asked_and_the_page_says_why(browser: Client) -> None:
    answer = browser.post("/health/test/")
    assert (answer.status_code, "No worker is running" in answer.text) == (409, True)
    assert not Channel.current().test_asked_at


def test_a_person_s_pause_is_resumed_by_a_word_unless_another_cause_has_come_up(browser: Client) -> None:
    Channel.current().pause("host:1", "refused_repeatedly")
    answer = browser.post("/health/resume/", {"cause": "by_person"})
    assert (answer.status_code, "another reason" in answer.text) == (409, True)
    assert browser.post("/health/resume/", {"cause": "refused_repeatedly"}).status_code == 302


def test_while_customergauge_is_out_of_reach_a_person_can_pause_and_after_a_test_go_on(browser: Client) -> None:
    Worker.objects.create(name="host:1")
    out_of_reach()
    html = browser.get("/health/").text
    assert "Pause sending" in html
    assert "Resume sending" not in html
    browser.post("/health/test/")
    worker_says(passed=True)
    assert "Resume sending" in browser.get("/health/").text
    browser.post("/health/resume/")
    assert Channel.current().is_open


# -- pages that are open -------------------------------------------------------------------------------------


def asks(html: str, path: str) -> str:
    found = re.search(rf'hx-get="({path}[^"]*)"', html)
    assert found
    return found[1]


def test_an_open_page_is_told_only_what_has_changed(browser: Client) -> None:
    Worker.objects.create(name="host:1")
    address = asks(browser.get("/health/").text, r"/health/\?seen")
    fragment = {"HX-Request": "true"}
    assert browser.get(address, headers=fragment).status_code == 204
    Channel.current().pause("host:1", "certificate")
    changed = browser.get(address, headers=fragment)
    assert (changed.status_code, "Paused" in changed.text, "<html" in changed.text) == (200, True, False)
    assert browser.get(asks(changed.text, r"/health/\?seen"), headers=fragment).status_code == 204


def seen(html: str) -> str:
    found = re.search(r'<input type="hidden" name="seen" value="([^"]+)"', html)
    assert found
    return found[1]


def test_the_banner_of_an_open_page_follows_what_happens(
    signed_in: Callable[[User], Client], agent: User, db: None
) -> None:
    Worker.objects.create(name="host:1")
    client, fragment = signed_in(agent), {"HX-Request": "true"}
    before = seen(client.get("/submissions/new/").text)
    assert client.get("/health/banner/", {"seen": before}, headers=fragment).status_code == 204
    out_of_reach()
    now = client.get("/health/banner/", {"seen": before}, headers=fragment)
    assert "CustomerGauge is out of reach" in now.text
    assert client.get("/health/banner/", {"seen": seen(now.text)}, headers=fragment).status_code == 204
    Channel.current().probed("host:1", "", answered=True)
    assert "out of reach" not in client.get("/health/banner/", {"seen": seen(now.text)}, headers=fragment).text


def test_a_banner_never_reloads_the_page_of_somebody_whose_session_is_over(client: Client, db: None) -> None:
    answer = client.get("/health/banner/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers.get("HX-Refresh")) == (204, None)


# -- outages -------------------------------------------------------------------------------------------------


def outage(manager: User, agent: User, count: int = 1) -> list[Submission]:
    """Some that waited for half an hour while the certificate was wrong."""
    Channel.current().pause("host:1", "certificate")
    Channel.objects.update(shut_since=timezone.now() - timedelta(minutes=30))
    rows = [make_submission(agent) for _ in range(count)]
    Channel.current().resume(manager)
    return rows


def test_the_last_outages_stand_on_the_page_in_one_sentence_each(browser: Client, manager: User, agent: User) -> None:
    rows = outage(manager, agent, 2)
    assert "2 waited, 0 delivered, 2 still open, 0 lost, 0 sent twice." in browser.get("/health/").text
    Delivery.objects.update(state=State.DELIVERED, cg_id="12", confirmed_by="reply", changed_at=timezone.now())
    html = browser.get("/health/").text
    assert re.search(r"2 waited, 2 delivered, 0 lost, 0 sent twice, slowest \d+ s\.", html)
    assert re.search(r"Down [^<]*\d\d:\d\d", html)
    page = browser.get(f"/health/outages/{Outage.objects.get().pk}/").text
    assert all(f'href="/history/{row.uuid}/"' in page for row in rows)


def test_an_admin_reads_the_receipt_without_links_to_results(
    signed_in: Callable[[User], Client], admin: User, manager: User, agent: User
) -> None:
    (row,) = outage(manager, agent)
    page = signed_in(admin).get(f"/health/outages/{Outage.objects.get().pk}/").text
    assert row.short_id in page
    assert "/history/" not in page
    assert "Klameth" not in page


def test_a_long_list_of_what_waited_comes_in_pages(browser: Client, manager: User, agent: User) -> None:
    rows = outage(manager, agent, 52)
    address = f"/health/outages/{Outage.objects.get().pk}/"
    first = browser.get(address).text
    following = re.search(r'href="[^"]*(\?after=\d+)"', first)
    assert following
    second = browser.get(address + following[1]).text
    assert [row for row in rows if row.short_id in first] == rows[:50]
    assert [row for row in rows if row.short_id in second] == rows[50:]
    assert browser.get(address + "?after=nonsense").status_code == 200
    assert browser.get("/health/outages/?before=x").text.count("52 waited") == 1


def test_case_updates_that_stand_still_count_as_needing_a_person(browser: Client, manager: User, agent: User) -> None:
    submission = make_submission(agent, State.DELIVERED)
    update = CaseUpdate.objects.create(
        token=uuid.uuid4(), submission=submission, author=manager, author_name="mia", status="OPEN"
    )
    CaseDelivery.objects.create(case_update=update, result=submission, state=State.FAILED)
    assert "Attention (1)" in browser.get("/health/").text


def test_the_history_tells_of_an_outage_for_a_day(browser: Client, manager: User, agent: User) -> None:
    assert "got nothing" not in browser.get("/history/").text
    outage(manager, agent)
    assert "1 waited, 0 delivered, 1 still open, 0 lost, 0 sent twice." in browser.get("/history/").text
    Outage.objects.update(ended_at=timezone.now() - timedelta(hours=25))
    assert "got nothing" not in browser.get("/history/").text
