"""The call script: what administrators may write, and what agents read."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect

from tests.processes import Portal
from uploads.entry.script import greeting
from uploads.models import Action, AuditEvent, CallScript, SurveyField

from .conftest import NEW, Desk

LIST = "/admin/uploads/callscript/"
TEXT = "{greeting}, {agent.first_name} speaking. Is that {customer.FirstName}?"
QUESTIONS = {"promoter": "What was best?", "passive": "What is missing?", "detractor": "What went wrong?"}

#: Adds up how far the page moves while it loads; 0.1 is what passes for good.
SHIFTS = """window.shifts = 0; new PerformanceObserver((list) => list.getEntries().forEach((shift) => {
    window.shifts += shift.value})).observe({type: "layout-shift", buffered: true});"""
SignedIn = Callable[[User], Client]


def words(page: str) -> str:
    """The script as it reads."""
    found = re.search(r'<div class="script-text".*?>(.*?)</div>', page, re.DOTALL)
    assert found, "the page holds no script"
    return unescape(re.sub("<[^>]*>", "", found[1]))


@pytest.fixture
def keeper(admin: User, signed_in: SignedIn) -> Client:
    return signed_in(admin)


def test_the_list_leads_to_the_one_script_and_there_is_never_a_second(keeper: Client) -> None:
    assert keeper.get(LIST).headers["Location"] == f"{LIST}add/"
    assert keeper.post(f"{LIST}add/", QUESTIONS | {"text": TEXT}).status_code == 302
    assert keeper.get(LIST).headers["Location"] == f"{LIST}1/change/"
    assert keeper.get(f"{LIST}add/").status_code == 403
    assert AuditEvent.objects.get(action=Action.LOOKUP_ADDED).object_name == "call script"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Hello {customer.Shoe}", "{customer.Shoe} is not a tag. Use one of these: {agent.first_name}"),
        ("Hello {password}", "{password} is not a tag."),
        ("Hello {customer.SMS_Telephone}", "{customer.SMS_Telephone} is not a tag."),  # switched off at first
        ("Hello {customer.FirstName", "A brace stands alone: a tag has one on either side."),
        ("Hello {{greeting}}", "A brace stands alone"),
    ],
)
@pytest.mark.parametrize("name", ["text", "detractor"])
def test_what_is_no_tag_is_refused_with_those_that_are(keeper: Client, name: str, text: str, sentence: str) -> None:
    answer = keeper.post(f"{LIST}add/", QUESTIONS | {"text": TEXT} | {name: text})
    assert sentence in unescape(answer.text)
    assert not CallScript.objects.exists()


def test_the_tags_that_may_be_used_stand_beside_the_text(keeper: Client) -> None:
    SurveyField.objects.filter(key="SMS_Telephone").update(active=True)
    page = unescape(keeper.get(f"{LIST}add/").text)
    assert "{customer.FirstName}" in page
    assert "{customer.SMS_Telephone}" in page


@pytest.mark.parametrize(
    ("hour", "said"),
    [(0, "evening"), (4, "evening"), (5, "morning"), (11, "morning"), (12, "afternoon"), (18, "evening")],
)
def test_one_greets_by_the_clock(hour: int, said: str) -> None:
    assert greeting(hour) == f"Good {said}"


def test_the_server_fills_in_what_it_knows_and_leaves_a_named_gap_for_the_rest(desk: Desk) -> None:
    CallScript.objects.create(pk=1, text=TEXT)
    assert re.fullmatch(r"Good \w+, Anna speaking. Is that first name\?", words(desk.client.get(NEW).text))
    assert words(desk.save(score="", FirstName="<b>Lee</b>").text).endswith("Is that <b>Lee</b>?")


def test_a_script_is_never_html(desk: Desk) -> None:
    CallScript.objects.create(pk=1, text="<img src=x>", promoter="<img src=y>")
    page = desk.client.get(NEW).text
    assert "<img src=x>" not in page
    assert "<img src=y>" not in page


def test_a_tag_whose_field_has_gone_is_a_gap_with_its_name(desk: Desk) -> None:
    CallScript.objects.create(pk=1, text=TEXT)
    SurveyField.objects.filter(key="FirstName").update(active=False)
    assert words(desk.client.get(NEW).text).endswith("Is that FirstName?")


def test_without_a_script_the_page_says_nothing_of_one(desk: Desk) -> None:
    page = desk.client.get(NEW).text
    assert "Call script" not in page
    assert "follow-up" not in page


@pytest.mark.browser
@pytest.mark.processes
def test_the_script_follows_what_is_typed_and_asks_what_fits_the_score(portal: Portal, page: Page) -> None:
    portal.sql("DELETE FROM uploads_callscript")  # the demonstration has one
    portal.sql(
        "INSERT INTO uploads_callscript (id, text, promoter, passive, detractor)"
        f" VALUES (1, '{TEXT}', 'What was best, {{customer.FirstName}}?', '', 'What went wrong?')"
    )
    portal.browser_session("agent").lend(page, NEW)
    script, questions = page.locator(".entry-by .script-text"), page.locator("[data-follow-up]:visible")
    page.fill("[name=FirstName]", "<i>Lee</i>")
    expect(script).to_contain_text("Is that <i>Lee</i>?")
    expect(questions).to_have_count(0)
    for key, asked in (("9", ["What was best, <i>Lee</i>?"]), ("8", []), ("3", ["What went wrong?"])):
        page.locator("input[name=score]").first.focus()
        page.keyboard.press(key)
        expect(questions).to_have_text([re.compile(re.escape(words)) for words in asked])
    page.fill("[name=FirstName]", "")
    expect(script).to_contain_text("Is that first name?")
    page.set_viewport_size({"width": 360, "height": 800})
    page.add_init_script(SHIFTS)
    page.reload()
    page.locator(".entry-form[data-live]").wait_for()
    assert page.evaluate("window.shifts") < 0.01
    script = page.locator(".entry-above .script-text")
    expect(script).to_be_hidden()
    page.locator("[name=CustomerNumber]").focus()
    page.keyboard.press("Shift+Tab")  # to what stands above the form, for eyes and for keys
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(script).to_be_visible()
    page.fill("[name=FirstName]", "Lee")
    expect(script).to_contain_text("Is that Lee?")
