"""Files that a worker prepares: the same bytes as a download, for their owner alone, for a day, and never after an
erasure."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.factories import make_submission, make_user
from tests.history.test_export import KINDS, NOON, csv_of, hang_up
from tests.processes import Portal, eventually, hidden
from uploads.audit.erase import erase
from uploads.history import export as export_page
from uploads.history import export_make
from uploads.history.export_make import make_due
from uploads.history.export_stream import AT_ONCE
from uploads.models import Action, AuditEvent, ExportFile, State, Worker
from uploads.models.erasure import ErasureReason
from uploads.models.exports import MOST, SILENT, TRIES, ExportPiece, PieceGone

MAKER = "host:77"


@pytest.fixture
def second(db: None, signed_in: Callable[[User], Client]) -> Client:
    """Another manager's browser."""
    return signed_in(make_user("max", "manager"))


def ask(browser: Client, query: str = "format=csv") -> str:
    """Have a file prepared; gives the address of its page."""
    response = browser.post("/history/exports/new/", query, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 302, response.text
    return str(response["Location"])


def prepared(browser: Client, query: str = "format=csv") -> str:
    """A file that is ready; gives the address of its page."""
    page = ask(browser, query)
    make_due(MAKER)
    assert ExportFile.objects.get(uuid=page.split("/")[-2]).can_be_fetched
    return page


def recorded() -> list[tuple[str, str, str]]:
    events = AuditEvent.objects.filter(action__startswith="history.").order_by("id")
    return [(event.action.partition(".")[2], event.actor_name, event.outcome) for event in events]


def told(action: Action) -> dict[str, Any]:
    event = AuditEvent.objects.select_related("payload").filter(action=action).latest("id")
    body: dict[str, Any] = json.loads(bytes(event.payload.body))
    return body


def forget_person(manager: User, submission: Any) -> None:
    assert erase(manager, ErasureReason.PERSON_ASKED, [submission])


# -- what is in it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_prepared_file_is_what_a_download_would_be(
    browser: Client, agent: User, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        make_submission(agent, State.FAILED, created_at=NOON + timedelta(hours=number))
    make_submission(agent, State.QUEUED)
    monkeypatch.setattr(export_make, "PIECE", 500)
    page = prepared(browser, f"format={kind}&state=failed&include=attempts")
    at_once = browser.get(f"/history/export.{kind}?state=failed&include=attempts")
    later = browser.get(f"{page}file/")
    assert later.status_code == 200
    data = later.getvalue()
    assert int(later.headers["Content-Length"]) == len(data)
    if kind == "xlsx":  # the archive holds the minute it was written in
        assert abs(len(data) - len(at_once.getvalue())) < 50
    else:
        assert data == at_once.getvalue()
    for header in ("Content-Type", "Content-Disposition", "Cache-Control"):
        assert later.headers[header] == at_once.headers[header]
    assert "7 results" in browser.get(page).text


def test_everything_that_is_done_with_a_file_is_recorded_under_the_request_that_asked(
    browser: Client, agent: User
) -> None:
    make_submission(agent, score=10)
    page = prepared(browser, "format=csv&band=promoter&include=hashes")
    browser.get(f"{page}file/").getvalue()
    browser.post(f"{page}remove/")
    assert recorded() == [
        ("export_asked", "mia", ""), ("export_made", MAKER, ""), ("export_begun", "mia", ""),
        ("exported", "mia", "complete"), ("export_removed", "mia", "removed"),
    ]  # fmt: skip
    asked = {"filter": {"band": "promoter"}, "format": "csv", "include": ["hashes"]}
    assert told(Action.EXPORT_ASKED) == asked
    assert told(Action.EXPORT_MADE).items() >= (asked | {"results": 1}).items()
    assert told(Action.EXPORTED) == asked | {"results": 1}
    by_file = AuditEvent.objects.filter(action__in=[Action.EXPORT_ASKED, Action.EXPORT_MADE, Action.EXPORT_REMOVED])
    assert len(set(by_file.values_list("request_id", flat=True))) == 1


def test_the_words_of_a_search_are_forgotten_as_soon_as_the_file_is_ready(browser: Client, agent: User) -> None:
    make_submission(agent)
    make_submission(agent, comment="Nothing to add", email="bo@example.com", customer=[])
    page = prepared(browser, "format=csv&q=Klameth")
    assert len(csv_of(browser.get(f"{page}file/").getvalue())) == 1
    file = ExportFile.objects.get()
    assert file.filter == {}
    assert "Klameth" not in json.dumps([file.recorded, told(Action.EXPORT_ASKED), told(Action.EXPORTED)])


# -- for whom, and for how long -----------------------------------------------------------------------------


def test_nobody_but_its_owner_finds_a_file(browser: Client, second: Client, agent: User) -> None:
    make_submission(agent)
    page = prepared(browser)
    for path in (page, f"{page}file/"):
        assert second.get(path).status_code == 404
    assert second.post(f"{page}remove/").status_code == 404
    assert page not in second.get("/history/exports/").text
    assert page in browser.get("/history/exports/").text
    assert ExportFile.objects.get().can_be_fetched


def test_an_owner_who_is_no_manager_any_more_does_not_get_it(browser: Client, manager: User, agent: User) -> None:
    make_submission(agent)
    page = prepared(browser)
    manager.groups.clear()
    assert browser.get(f"{page}file/").status_code == 403
    assert browser.get(page).status_code == 403


def test_after_a_day_a_file_is_gone_and_the_page_says_so(browser: Client, agent: User) -> None:
    make_submission(agent)
    page = prepared(browser)
    assert ExportFile.objects.get().expires_at == ExportFile.objects.get().ended_at + timedelta(hours=24)
    ExportFile.objects.update(expires_at=timezone.now())
    late = browser.get(f"{page}file/")
    assert late.status_code == 410
    assert "Its 24 hours are over." in late.text
    ExportFile.objects.tidy_up()
    assert not ExportPiece.objects.exists()
    assert recorded()[-1] == ("export_removed", "exports", "expired")
    assert "Its 24 hours are over." in browser.get(page).text
    ExportFile.objects.tidy_up()
    assert len(recorded()) == 3, "it is removed once"


def test_what_was_over_a_week_ago_is_forgotten_and_what_can_be_fetched_stays(browser: Client, agent: User) -> None:
    make_submission(agent)
    browser.post(f"{prepared(browser)}remove/")
    ExportFile.objects.update(ended_at=timezone.now() - timedelta(days=8))
    kept = prepared(browser)
    ExportFile.objects.tidy_up()
    assert [str(file.uuid) for file in ExportFile.objects.all()] == [kept.split("/")[-2]]


def test_an_erasure_takes_every_file_that_is_ready(browser: Client, manager: User, agent: User) -> None:
    gone = make_submission(agent, State.FAILED)
    make_submission(agent)
    page = prepared(browser)
    forget_person(manager, gone)
    assert not ExportPiece.objects.exists()
    fetched = browser.get(f"{page}file/")
    assert fetched.status_code == 410
    assert "data has been erased since" in fetched.text
    assert ("export_removed", "", "erased") in recorded()


def test_a_file_that_is_being_prepared_begins_anew_after_an_erasure(
    manager: User, browser: Client, agent: User
) -> None:
    gone = make_submission(agent, State.FAILED, comment="Erase me")
    ask(browser)
    file = ExportFile.objects.get()
    assert file.take(MAKER)
    assert file.add(MAKER, b"Erase me", 1)
    forget_person(manager, gone)
    assert not file.add(MAKER, b"more", 2), "who prepared it has lost it"
    assert not file.finish(MAKER)
    assert not ExportPiece.objects.exists()
    make_due("host:78")
    data = browser.get(f"/history/exports/{file.uuid}/file/").getvalue()
    assert b"Erase me" not in data
    assert len(csv_of(data)) == 1


def test_an_erasure_that_nobody_saw_coming_still_makes_it_begin_anew(browser: Client, agent: User) -> None:
    """Committed while it was prepared, by a transaction that knew nothing of the file yet."""
    make_submission(agent)
    ask(browser)
    file = ExportFile.objects.get()
    assert file.take(MAKER)
    ExportFile.objects.update(erasures=7)
    assert not file.finish(MAKER)
    make_due(MAKER)
    assert ExportFile.objects.get().can_be_fetched


def test_a_download_under_way_is_broken_off_when_its_file_goes(
    browser: Client, manager: User, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_make, "PIECE", 10)
    made = [make_submission(agent, State.FAILED) for _ in range(3)]
    page = prepared(browser)
    response = browser.get(f"{page}file/")
    forget_person(manager, made[0])
    with pytest.raises(PieceGone):
        list(response.streaming_content)
    hang_up(response)
    assert ("exported", "mia", "broken_off") in recorded()


# -- what goes wrong ----------------------------------------------------------------------------------------


def test_a_file_whose_maker_died_is_begun_anew_by_the_next_one_and_holds_everything_once(
    browser: Client, agent: User
) -> None:
    for _ in range(3):
        make_submission(agent)
    page = ask(browser)
    file = ExportFile.objects.get()
    assert file.take("host:1")
    assert file.add("host:1", b"half a fi", 1)
    make_due("host:2")
    assert ExportFile.objects.get().maker == "host:1", "it is still at it"
    ExportFile.objects.update(beat_at=timezone.now() - SILENT - timedelta(seconds=1))
    make_due("host:2")
    assert not file.add("host:1", b"le", 2), "who comes back late adds nothing"
    assert len(csv_of(browser.get(f"{page}file/").getvalue())) == 3


def test_a_file_that_kills_whoever_prepares_it_is_given_up(browser: Client) -> None:
    page = ask(browser)
    for number in range(TRIES):
        assert ExportFile.objects.get().take(f"host:{number}")
        ExportFile.objects.update(beat_at=timezone.now() - SILENT - timedelta(seconds=1))
    make_due(MAKER)
    assert "never finished" in browser.get(page).text
    assert recorded()[-1] == ("export_failed", MAKER, "crashed")
    assert browser.get(f"{page}file/").status_code == 410


def test_a_filter_that_means_nothing_any_more_makes_no_empty_file(browser: Client, agent: User) -> None:
    make_submission(agent)
    page = ask(browser, "format=csv&agent=anna")
    User.objects.filter(pk=agent.pk).update(username="anna2")
    make_due(MAKER)
    assert "Its filter means nothing any more" in browser.get(page).text
    assert browser.get(f"{page}file/").status_code == 410


def test_the_same_asked_for_twice_is_made_once(browser: Client) -> None:
    assert ask(browser, "format=csv&state=failed") == ask(browser, "format=csv&state=failed")
    assert ask(browser, "format=csv&state=queued") != ask(browser, "format=csv&state=failed")
    assert ExportFile.objects.count() == 2


def test_nobody_piles_up_files(browser: Client, second: Client) -> None:
    pages = [ask(browser, f"format=csv&since=2026-01-0{day}") for day in range(1, MOST + 1)]
    refused = browser.post("/history/exports/new/", {"format": "csv"})
    assert refused.status_code == 409
    assert f"You have {MOST} files already." in refused.text
    assert ask(second)
    browser.post(f"{pages[0]}remove/")
    assert ask(browser)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "Choose a format."),
        ("format=pdf", "There is no such format."),
        ("format=csv&state=zz", "There is no such state."),
        ("format=csv&include=passwords", "Nothing of this name can be added."),
    ],
)
def test_nonsense_asks_for_nothing_and_says_why(browser: Client, query: str, sentence: str) -> None:
    response = browser.post("/history/exports/new/", query, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 422
    assert sentence in response.text
    assert not ExportFile.objects.exists()


def test_too_many_downloads_at_a_time_are_asked_to_wait(browser: Client, agent: User) -> None:
    make_submission(agent)
    page = prepared(browser)
    running = [browser.get(f"{page}file/") for _ in range(AT_ONCE)]
    refused = browser.get(f"{page}file/")
    assert refused.status_code == 503
    assert "Other exports are running." in refused.text
    for response in running:
        hang_up(response)
    assert browser.get(f"{page}file/").getvalue()


# -- the pages ----------------------------------------------------------------------------------------------


def test_the_page_of_a_large_export_offers_to_prepare_it_only(
    browser: Client, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        make_submission(agent)
    assert "Download CSV" in browser.get("/history/export/").text
    assert "Prepare CSV" in browser.get("/history/export/").text
    monkeypatch.setattr(export_page, "LARGE", 2)
    html = browser.get("/history/export/").text
    assert "Download CSV" not in html
    assert "Prepare CSV" in html
    assert "More than 2 results" in html
    assert browser.get("/history/export.csv").status_code == 200, "its address still gives the file as it is written"


def test_the_page_follows_a_file_until_it_is_ready(browser: Client, agent: User) -> None:
    for _ in range(4):
        make_submission(agent)
    page = ask(browser)
    assert "No worker is running" in browser.get(page).text
    Worker.objects.create(name=MAKER)
    assert "It begins as soon as a worker is free." in browser.get(page).text
    htmx = {"HX-Request": "true"}
    assert browser.get(f"{page}?seen=waiting-0", headers=htmx).status_code == 204
    file = ExportFile.objects.get()
    assert file.take(MAKER)
    assert file.count(MAKER, 4)
    assert file.add(MAKER, b"x", 2)
    moved = browser.get(f"{page}?seen=waiting-0", headers=htmx)
    assert (moved.status_code, "2 of 4 results written." in moved.text) == (200, True)
    assert browser.get(f"{page}file/").status_code == 409
    assert file.finish(MAKER)
    ready = browser.get(f"{page}?seen=running-2", headers=htmx)
    assert ready.status_code == 286
    assert f'href="{page}file/"' in ready.text


def test_the_list_of_ones_files_is_empty_at_first(browser: Client) -> None:
    assert "No file has been prepared for you" in browser.get("/history/exports/").text
    assert "Your prepared files" not in browser.get("/history/export/").text


@pytest.mark.processes
def test_a_worker_prepares_what_is_asked_for_and_the_address_gives_it_to_its_owner(quiet_portal: Portal) -> None:
    quiet_portal.start_web()
    quiet_portal.start_worker()
    agent = quiet_portal.browser_session("agent")
    agent.enter()
    session = quiet_portal.browser_session("manager")
    token = hidden(session.get("/history/export/").text, "csrfmiddlewaretoken")
    asked = session.post({"format": "jsonl", "csrfmiddlewaretoken": token}, "/history/exports/new/")
    page = asked.headers["Location"]
    eventually("the file is ready", lambda: session.get(f"{page}file/").status_code == 200)
    assert [json.loads(line)["score"] for line in session.get(f"{page}file/").text.splitlines()]
    made = "SELECT actor_name FROM uploads_auditevent WHERE action = 'history.export_made'"
    assert len(quiet_portal.sql(made)) == 1
