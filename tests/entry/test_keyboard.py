"""A whole entry without a mouse, in few keys; keys never act where one types, and they can be switched off."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.processes import Portal

pytestmark = [pytest.mark.browser, pytest.mark.processes]
#: Keys pressed for one whole entry, beyond the text and the digit of the score.
AT_MOST = 12


class Hands:
    """Somebody at a keyboard, whose keys are counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pressed: list[str] = []

    def press(self, *keys: str) -> None:
        for key in keys:
            self.pressed.append(key)
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)


def test_a_whole_entry_takes_few_keys_and_the_next_empty_form_has_the_focus(form: Page, web: Portal) -> None:
    hands = Hands(form)
    first = form.locator("[name=CustomerNumber]")
    expect(first).to_be_focused()
    for text in ("000077", "lee@company.com", "Lee", "Klameth"):
        hands.write(text)
        hands.press("Tab")
    hands.write("9")
    hands.press("Tab")
    hands.write("first call")
    hands.press("Enter", "Tab", "Tab")
    hands.write("Quick and clear")
    hands.press("Tab", "ArrowRight", "Alt+n", "Control+Enter")
    expect(form.locator(".alert-success")).to_contain_text("Lee Klameth, score 9")
    expect(first).to_be_focused()
    expect(first).to_have_value("")
    assert len(hands.pressed) <= AT_MOST, hands.pressed
    assert web.sql("SELECT score, comment, contact FROM uploads_submission") == [(9, "Quick and clear", "Y")]
    ((reasons, sent, completed),) = web.sql("SELECT reasons, sent_at, completed_at FROM uploads_submission")
    assert "Solved at the first call" in str(reasons)
    assert sent
    assert sent == completed


def test_letters_in_the_list_of_reasons_go_to_the_filter_and_arrows_walk_through_it(form: Page) -> None:
    hands = Hands(form)
    form.locator("input[name=score]").first.focus()
    hands.write("9")
    listed = form.locator(".reason:not([hidden]) input")
    hands.press("Tab", "Tab")
    expect(listed.nth(0)).to_be_focused()
    hands.press("ArrowDown", "Space")
    expect(listed.nth(1)).to_be_checked()
    hands.write("re")
    expect(form.locator("[data-filter]")).to_be_focused()
    expect(form.locator("[data-filter]")).to_have_value("re")
    hands.press("ArrowDown", "ArrowUp")
    expect(form.locator("[data-filter]")).to_be_focused()


def test_keys_type_where_one_types(form: Page) -> None:
    comment = form.locator("[name=comment]")
    comment.focus()
    form.keyboard.type("Why? 5 stars? No")
    form.keyboard.press("Alt+n")
    expect(comment).to_have_value(re.compile(r"^Why\? 5 stars\? No"))
    expect(form.get_by_role("dialog")).to_be_hidden()
    expect(form.locator("input[name=score]:checked")).to_have_count(0)
    expect(form.locator("[name=sent_at]")).to_have_value("")


def test_this_moment_goes_into_the_date_that_has_the_focus_alone(form: Page) -> None:
    form.locator("[name=completed_at]").focus()
    form.keyboard.press("Alt+n")
    expect(form.locator("[name=completed_at]")).to_have_value(re.compile("^20"))
    expect(form.locator("[name=sent_at]")).to_have_value("")


def test_a_question_mark_lists_the_keys_and_they_can_be_switched_off_and_on(form: Page) -> None:
    score, keys = form.locator("input[name=score]"), form.get_by_role("dialog", name="Keys")
    score.first.focus()
    form.keyboard.press("?")
    expect(keys).to_contain_text("tick the only reason left")
    keys.get_by_label("Single keys act in this browser").uncheck()
    form.keyboard.press("Escape")
    form.reload()
    score.first.focus()
    for key in ("7", "?", "Alt+n"):
        form.keyboard.press(key)
    expect(form.locator("[data-read]")).to_have_text("Not given yet")
    expect(keys).to_be_hidden()
    expect(form.locator("[name=sent_at]")).to_have_value("")
    form.get_by_role("button", name="All keys").click()
    keys.get_by_label("Single keys act in this browser").check()
    keys.get_by_role("button", name="Close").click()
    score.first.focus()
    form.keyboard.press("7")
    expect(form.locator("[data-read]")).to_have_text("7 of 10, passive")


def test_with_keys_switched_off_every_reason_and_the_way_to_clear_the_score_are_stops_for_tab(form: Page) -> None:
    form.locator("input[name=score] + label").nth(9).click()
    unreachable = form.locator(".reason:not([hidden]) input[tabindex='-1'], [data-clear][tabindex='-1']")
    assert unreachable.count() > 2
    form.get_by_role("button", name="All keys").click()
    form.get_by_label("Single keys act in this browser").uncheck()
    expect(unreachable).to_have_count(0)


def test_enter_in_the_note_of_a_call_saves_nothing_and_leads_to_its_ends(form: Page, web: Portal) -> None:
    form.get_by_text("No survey?").click()
    form.get_by_label("Note").fill("Mailbox")
    form.keyboard.press("Enter")
    expect(form.get_by_role("button", name="No answer")).to_be_focused()
    form.keyboard.press("Enter")
    expect(form.locator(".alert-success")).to_have_text("Noted: No answer.")
    assert web.sql("SELECT outcome_label, note FROM uploads_call") == [("No answer", "Mailbox")]


# -- the score ------------------------------------------------------------------------------------------------


def test_the_score_tells_its_value_to_a_screen_reader(form: Page) -> None:
    group = form.get_by_role("radiogroup", name="Score")
    expect(group.get_by_role("radio", name="7 of 10, passive")).not_to_be_checked()
    form.locator("input[name=score]").first.focus()
    form.keyboard.press("End")
    expect(group.get_by_role("radio", name="10 of 10, promoter")).to_be_checked()
    form.keyboard.press("Delete")
    expect(form.locator("[data-read]")).to_have_text("Not given yet")


def test_a_finger_that_scrolls_over_the_score_chooses_nothing_and_one_that_slides_does(form: Page) -> None:
    form.set_viewport_size({"width": 390, "height": 600})
    form.locator("[data-track]").scroll_into_view_if_needed()
    box = form.locator("[data-track]").bounding_box()
    assert box
    x, y = box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2
    touch(form, [(x, y), (x + 20, y), (x + 90, y + 1), (box["x"] + box["width"] - 5, y + 2)])
    expect(form.locator("[data-read]")).to_have_text("10 of 10, promoter")
    form.get_by_role("button", name="Clear the score").click()
    touch(form, [(x, y), (x + 3, y - 8), (x + 4, y - 60), (x + 4, y - 160)])
    expect(form.locator("[data-read]")).to_have_text("Not given yet")


def touch(page: Page, places: list[tuple[float, float]]) -> None:
    """A finger goes down at the first place and up at the last."""
    browser = page.context.new_cdp_session(page)
    for number, (x, y) in enumerate(places):
        kind = "touchMove" if number else "touchStart"
        browser.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    browser.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
