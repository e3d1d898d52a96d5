"""An agent's own clock: typed and shown in it, stored in UTC, sent in the account's zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, expect
from pytest_django import Settings

from tests.factories import make_submission
from tests.processes import Portal
from uploads.entry.batch_work import carry_on
from uploads.models import Batch, Submission

from .conftest import NEW, Desk, filled

ZONE = "/submissions/zone/"
LISBON = "Europe/Lisbon"
TYPED = {"sent_at": "2026-11-01T08:00", "completed_at": "2026-11-02T13:59"}


@pytest.fixture(autouse=True)
def two_zones(settings: Settings) -> None:
    settings.TIME_ZONE = settings.CUSTOMERGAUGE_TIME_ZONE = "Europe/Amsterdam"


def choose(desk: Desk, zone: str) -> None:
    answer = desk.client.post(ZONE, {"zone": zone})
    assert (answer.status_code, answer.headers.get("Location")) == (302, NEW)


def test_what_is_typed_in_ones_own_zone_is_stored_in_utc_and_sent_in_that_of_the_account(desk: Desk) -> None:
    choose(desk, LISBON)
    assert "Time in Europe/Lisbon" in desk.client.get(NEW).text
    assert desk.save(**TYPED).status_code == 302
    saved = Submission.objects.get()
    assert saved.time_zone == LISBON
    assert saved.completed_at == datetime(2026, 11, 2, 13, 59, tzinfo=UTC)
    assert ["SurveyCompletedDate", "2026-11-02 14:59:00"] in saved.payload
    assert "2 November 2026 13:59" in desk.client.get(f"/submissions/{saved.uuid}/").text


def test_an_hour_that_comes_twice_or_never_is_that_of_ones_own_zone(desk: Desk) -> None:
    choose(desk, "America/New_York")
    answer = desk.save(completed_at="2026-11-01T01:30", sent_at="2026-10-25T02:30")
    assert answer.status_code == 422
    assert "came twice in America/New_York" in answer.text
    assert "Europe/Amsterdam: the clocks" not in answer.text


def test_what_was_typed_keeps_its_meaning_when_another_zone_is_chosen_in_another_tab(desk: Desk) -> None:
    opened = filled(desk.client.get(NEW)) | {"score": "9", "Email": "lee@example.com"} | TYPED
    choose(desk, LISBON)
    refused = desk.client.post(NEW, opened | {"Email": "lee at example"})
    assert "Time in Europe/Amsterdam" in refused.text
    assert desk.client.post(NEW, filled(refused) | {"Email": "lee@example.com"}).status_code == 302
    assert Submission.objects.get().completed_at == datetime(2026, 11, 2, 12, 59, tzinfo=UTC)


def test_a_draft_is_opened_by_the_clock_by_which_it_was_typed(desk: Desk) -> None:
    typed = filled(desk.client.get(NEW)) | TYPED
    assert desk.client.post("/submissions/draft/", typed).status_code == 204
    choose(desk, LISBON)
    opened = desk.client.get(f"{NEW}?draft={typed['submit_token']}")
    assert "Time in Europe/Amsterdam" in opened.text
    assert filled(opened)["completed_at"] == TYPED["completed_at"]
    assert "Time in Europe/Lisbon" in desk.client.get(NEW).text


def test_without_a_choice_it_is_the_portals_zone_and_nonsense_changes_nothing(desk: Desk) -> None:
    desk.client.cookies["zone"] = "../../etc/passwd"
    assert "Time in Europe/Amsterdam" in desk.client.get(NEW).text
    answer = desk.client.post(ZONE, {"zone": "Mars/Olympus"})
    assert answer.status_code == 422
    assert "There is no such zone. Choose one from the list." in answer.text


def test_a_zone_that_a_link_offers_is_only_shown_as_the_choice(desk: Desk) -> None:
    assert '<option value="Europe/Lisbon" selected>' in desk.client.get(f"{ZONE}?zone={LISBON}").text
    assert '<option value="Europe/Amsterdam" selected>' in desk.client.get(f"{ZONE}?zone=nonsense").text
    assert "zone" not in desk.client.cookies


def test_managers_pages_stay_in_the_zone_of_the_portal(desk: Desk, agent: User, manager: User) -> None:
    at = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)
    submission = make_submission(agent, created_at=at)
    desk.client.cookies["zone"] = "Asia/Tokyo"
    desk.client.force_login(manager, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = desk.client.get(f"/history/{submission.uuid}/").text
    shown = at.astimezone(ZoneInfo(timezone.get_current_timezone_name()))
    assert f"{shown:%H:%M}" in page
    assert "08:30" not in page


def test_a_list_is_read_with_the_clock_of_the_agent_whoever_works_on_it(desk: Desk) -> None:
    choose(desk, LISBON)
    table = "Email\tscore\tsent_at\tcompleted_at\nlee@example.com\t9\t2026-11-01 08:00\t2026-11-02 13:59\n"
    answer = desk.client.post("/submissions/many/", {"pasted": table})
    assert answer.status_code == 302
    batch = Batch.objects.get()
    assert batch.time_zone == LISBON
    page = desk.client.get(f"/submissions/many/{batch.uuid}/columns/")
    assert "Times are in Europe/Lisbon" in page.text
    Batch.objects.update(columns=["Email", "score", "sent_at", "completed_at"], status=Batch.Status.CHECKING)
    carry_on()
    batch.refresh_from_db()
    batch.rows.update(state="chosen")
    Batch.objects.update(status=Batch.Status.SAVING)
    carry_on()
    assert Submission.objects.get().completed_at == datetime(2026, 11, 2, 13, 59, tzinfo=UTC)
    assert timezone.get_current_timezone_name() != LISBON


@pytest.mark.browser
@pytest.mark.processes
def test_a_computer_with_another_clock_is_told_and_offered_its_own_zone(web: Portal, chromium: Browser) -> None:
    context = chromium.new_context(timezone_id="America/New_York")
    try:
        page = web.browser_session("agent").lend(context.new_page(), NEW)
        notice = page.locator("[data-clock-elsewhere]")
        expect(notice).to_contain_text("the clock of this computer shows those of America/New_York")
        notice.get_by_role("link").click()
        expect(page.locator("[name=zone]")).to_have_value("America/New_York")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator("[data-moment]").first).to_contain_text("Time in America/New_York")
        expect(notice).to_have_count(0)
    finally:
        context.close()
