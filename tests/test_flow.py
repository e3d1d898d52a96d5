"""The whole story, in a browser: an agent enters, CustomerGauge gets it, a manager reads the proof, an admin changes
a reason code that the next form shows."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from .processes import Portal

pytestmark = [pytest.mark.browser, pytest.mark.both, pytest.mark.processes]


def sign_in(page: Page, portal: Portal, user: str) -> None:
    page.goto(f"{portal.url}/accounts/login/")
    page.fill("input[name=login]", user)
    page.fill("input[name=password]", "demo")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def sign_out(page: Page) -> None:
    page.locator(".who summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("input[name=login]")).to_be_visible()


def test_from_the_agents_keyboard_to_the_managers_proof(portal: Portal, page: Page) -> None:
    # -- the agent enters a result without a mouse
    sign_in(page, portal, "agent")
    page.goto(f"{portal.url}/submissions/new/")
    expect(page.locator("input[name=score]:checked")).to_have_count(0)
    fill(page, "CustomerNumber", "000123")
    fill(page, "Email", "lee_klameth@directness.example")
    fill(page, "FirstName", "Lee")
    fill(page, "LastName", "Klameth")
    page.locator("input[name=score]").first.focus()
    page.keyboard.press("4")
    expect(page.locator("input[name=score]:checked")).to_have_value("4")
    reason = page.locator("input[name=reasons]:visible:enabled").first
    code = reason.get_attribute("value")
    reason.focus()
    page.keyboard.press("Space")
    fill(page, "comment", "Waited too long & <b>nobody</b> called back")
    now = datetime.now(ZoneInfo("Europe/Amsterdam"))
    page.locator("input[name=sent_at]").fill((now - timedelta(days=1)).strftime("%Y-%m-%dT09:30"))
    page.locator("input[name=completed_at]").fill((now - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M"))
    page.locator("input[name=contact][value=Y]").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")

    # -- the next empty form has the focus, and the result becomes delivered beside it
    expect(page.locator("input[name=score]:checked")).to_have_count(0)
    expect(page.locator("input[name=CustomerNumber]")).to_have_value("")
    expect(page.locator(".state-delivered").first).to_be_visible(timeout=30_000)
    ((uuid, cg_id),) = portal.sql(
        "SELECT s.uuid, d.cg_id FROM uploads_submission s JOIN uploads_delivery d ON d.submission_id = s.id"
    )
    uuid = str(uuid).replace("-", "")
    path = f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}"
    page.goto(f"{portal.url}/submissions/{path}/")
    expect(page.locator("[data-state=delivered]")).to_be_visible()
    expect(page.locator("main")).to_contain_text(cg_id)

    # -- CustomerGauge has it once, with the documented keys
    (record,) = portal.simulator.records.values()
    sent = dict(record.pairs)
    assert sent["NetPromoterScore"] == "4"
    assert sent["CustomerNumber"] == "000123"
    assert sent["Comment"] == "Waited too long & <b>nobody</b> called back"
    assert sent["FollowUpRequired"] == "Y"
    assert sent["ReasonCode"] == code
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", sent["SurveyCompletedDate"])
    sign_out(page)

    # -- the manager reads the story
    sign_in(page, portal, "manager")
    page.goto(f"{portal.url}/history/")
    page.get_by_role("button", name="Show names").click()
    page.get_by_role("link", name=re.compile("Klameth")).first.click()
    story = page.locator("main")
    expect(story).to_contain_text("delivered", ignore_case=True)
    expect(story).to_contain_text(cg_id)
    expect(story).to_contain_text("Anna de Vries")
    assert "canary-key" not in page.content()
    sign_out(page)

    # -- the admin renames the reason; the next form shows it, the old entry does not change
    sign_in(page, portal, "admin")
    page.goto(f"{portal.url}/admin/uploads/reasoncode/?q={code}")
    page.locator("#result_list th a, #result_list td a").first.click()
    page.fill("input[name=label]", "Renamed by the admin")
    page.locator("input[name=_save]").click()
    expect(page.locator(".messagelist")).to_contain_text("Renamed by the admin")
    before = portal.sql("SELECT reasons FROM uploads_submission")
    page.goto(f"{portal.url}/admin/")
    page.context.clear_cookies()
    sign_in(page, portal, "agent")
    page.goto(f"{portal.url}/submissions/new/")
    expect(page.locator("main")).to_contain_text("Renamed by the admin")
    assert portal.sql("SELECT reasons FROM uploads_submission") == before
    assert "Renamed" not in str(before)


def fill(page: Page, name: str, value: str) -> None:
    page.locator(f"[name={name}]").focus()
    page.keyboard.insert_text(value)
