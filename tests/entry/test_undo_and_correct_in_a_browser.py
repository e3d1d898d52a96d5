"""Undo and Correct as an agent meets them: while the next result is being typed, with a keyboard, in two tabs."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.processes import Portal, Template, hidden, portal_for

from .conftest import Form

pytestmark = [pytest.mark.browser, pytest.mark.processes]
NEW = "/submissions/new/"


@pytest.fixture
def holding(portal_template: Template, tmp_path: Path) -> Iterator[Portal]:
    """A portal that holds every result back for almost two minutes."""
    with portal_for(portal_template, tmp_path, SUBMISSION_HOLD_SECONDS="110") as portal:
        portal.start_web()
        yield portal


def sign_in(page: Page, portal: Portal) -> None:
    portal.browser_session("agent").lend(page)


def enter(page: Page, portal: Portal, **values: str) -> None:
    """Fill the empty form without saving it."""
    page.goto(portal.url + NEW)
    texts = {"FirstName": "Lee", "LastName": "Klameth", "Email": "lee@company.com", "comment": "First words"}
    for name, value in (texts | values).items():
        page.fill(f"[name={name}]", value)
    page.locator("input[name=score]").first.focus()
    page.keyboard.press("4")
    for button in page.locator("[data-now]").all():
        button.click()


def test_undo_beside_the_next_form_loses_neither_of_the_two(holding: Portal, page: Page) -> None:
    sign_in(page, holding)
    enter(page, holding)
    page.keyboard.press("Control+Enter")
    undo = page.locator(".alert-success").get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    page.fill("[name=comment]", "Words of the next customer")
    with page.context.expect_page() as opened:
        undo.click()
    again = opened.value
    expect(again.locator("[name=comment]")).to_have_value("First words")
    expect(again.locator("input[name=score]:checked")).to_have_value("4")
    expect(again.locator("main")).to_contain_text("Nothing was sent")
    expect(page.locator("[name=comment]")).to_have_value("Words of the next customer")
    again.get_by_role("button", name="Save", exact=True).click()
    left = again.get_by_role("timer")
    first = left.inner_text()
    expect(left).not_to_have_text(first)
    assert holding.sql("SELECT state FROM uploads_delivery ORDER BY submission_id") == [("cancelled",), ("queued",)]


def test_undo_works_with_the_keyboard_on_the_page_of_the_result(holding: Portal, page: Page) -> None:
    sign_in(page, holding)
    enter(page, holding)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Undo the result of Lee Klameth").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name=comment]")).to_have_value("First words")
    assert holding.sql("SELECT state, evidence FROM uploads_delivery") == [("cancelled", "undone")]


def test_a_refused_result_is_corrected_where_the_focus_is_and_delivered(portal: Portal, page: Page) -> None:
    portal.sql("UPDATE uploads_surveyfield SET required = false WHERE key = 'Email'")
    sign_in(page, portal)
    enter(page, portal, Email="")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("[data-state=rejected]")).to_contain_text("E-mail is missing", timeout=30_000)
    page.get_by_role("link", name="Correct").click()
    email = page.locator("[name=Email]")
    expect(email).to_be_focused()
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_have_accessible_description(re.compile("Fill it in"))
    page.keyboard.insert_text("lee@company.com")
    page.keyboard.press("Enter")
    expect(page.locator("[data-state=delivered]")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name=re.compile("^[0-9a-f]{8}$")).click()
    expect(page.locator("[data-state=cancelled]")).to_contain_text("It was corrected")
    (record,) = portal.simulator.records.values()
    assert dict(record.pairs)["Email"] == "lee@company.com"


def test_of_corrections_saved_at_the_same_moment_exactly_one_wins(portal: Portal, page: Page) -> None:
    portal.sql("UPDATE uploads_surveyfield SET required = false WHERE key = 'Email'")
    session = portal.browser_session("agent")
    path = session.enter(Email="")
    sign_in(page, portal)
    page.goto(portal.url + path)
    expect(page.locator("[data-state=rejected]")).to_be_visible(timeout=30_000)
    portal.stop("worker")
    forms = [session.get(f"{NEW}?from={path.split('/')[2]}").text for _ in range(8)]
    posts = [
        {name: value for name, (value, *_) in Form(html).values.items()}
        | {"Email": f"lee{number}@company.com", "submit_token": hidden(html, "submit_token")}
        for number, html in enumerate(forms)
    ]
    with ThreadPoolExecutor(8) as together:
        answers = list(together.map(session.post, posts))
    assert sorted(answer.status_code for answer in answers) == [302] + [422] * 7
    (won,) = (answer.headers["Location"] for answer in answers if answer.status_code == 302)
    for answer in answers:
        assert answer.status_code == 302 or f'<a href="{won}">see the corrected version</a>' in answer.text
    assert sorted(portal.sql("SELECT state, evidence FROM uploads_delivery")) == [
        ("cancelled", "replaced"),
        ("queued", ""),
    ]
