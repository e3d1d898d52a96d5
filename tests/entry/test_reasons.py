"""Choosing reasons: the most used first, found by words or code, and asked about when the score changes sides."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from tests.factories import make_submission
from tests.processes import Portal
from uploads.models import ReasonCode

from .conftest import NEW, Desk, errors_of


def order(desk: Desk) -> list[str]:
    """The codes in the order in which the form shows them."""
    field = desk.client.get(NEW).context["form"].fields["reasons"]
    return [reason.code for branch in field.branches for reason in (branch.primary, *branch.secondaries)]


def chosen(agent: User, code: str, **fields: Any) -> None:
    make_submission(agent, reasons=[{"code": code, "label": "as it was"}], **fields)


def test_inside_a_group_the_most_used_of_late_come_first(
    desk: Desk, agent: User, reasons: dict[str, ReasonCode]
) -> None:
    assert order(desk) == ["10000", "10020", "10030", "10040", "13000"]
    cache.clear()
    for code in ("10040", "10040", "10030", "13000"):
        chosen(agent, code)
    for _ in range(5):
        chosen(agent, "10020", created_at=timezone.now() - timedelta(days=91))
    assert order(desk) == ["10000", "10040", "10030", "10020", "13000"]


def test_three_hundred_codes_are_all_offered_and_many_of_them_can_be_chosen(desk: Desk) -> None:
    ReasonCode.objects.bulk_create(ReasonCode(code=f"C{number:03}", label=f"Reason {number}") for number in range(300))
    codes = [f"C{number:03}" for number in range(300)]
    assert order(desk) == codes
    assert desk.save(reasons=codes).status_code == 302


def test_a_reason_of_the_other_side_is_refused_by_name_not_dropped(desk: Desk, reasons: dict[str, ReasonCode]) -> None:
    answer = desk.save(score="9", reasons=["10020"])
    assert errors_of(answer)["reasons"] == [
        "Reasons hold “Waiting time”, not offered for the score 9. Untick it or change the score."
    ]


# -- in a browser --------------------------------------------------------------------------------------------


def give(page: Page, score: str) -> None:
    page.locator("input[name=score]").first.focus()
    page.keyboard.press(score)


def reason(page: Page, label: str) -> Locator:
    return page.get_by_role("checkbox", name=label, exact=True)


def ticked(page: Page) -> int:
    return page.locator("input[name=reasons]:checked:enabled").count()


@pytest.mark.browser
@pytest.mark.processes
def test_a_score_of_the_other_side_asks_what_becomes_of_the_chosen_reasons(form: Page) -> None:
    question = form.locator(".reason-question")
    give(form, "3")
    reason(form, "Problem not solved").check()
    expect(question).to_be_hidden()
    give(form, "9")
    expect(question).to_contain_text("“Problem not solved” is not offered for the score 9.")
    form.get_by_role("button", name="Go back to 3").click()
    expect(question).to_be_hidden()
    expect(form.locator("[data-read]")).to_have_text("3 of 10, detractor")
    assert ticked(form) == 1
    give(form, "9")
    form.get_by_role("button", name="Remove it").click()
    expect(question).to_be_hidden()
    assert ticked(form) == 0
    give(form, "3")
    expect(reason(form, "Problem not solved")).not_to_be_checked()


@pytest.mark.browser
@pytest.mark.processes
def test_an_unanswered_question_comes_back_with_the_form_and_nothing_is_dropped(form: Page, web: Portal) -> None:
    give(form, "3")
    reason(form, "Problem not solved").check()
    give(form, "9")
    form.keyboard.press("Control+Enter")
    expect(form.locator(".entry-summary")).to_contain_text("“Problem not solved”, not offered for the score 9")
    expect(form.locator(".reason-question")).to_contain_text("What shall become of it?")
    expect(form.get_by_role("button", name="Go back")).to_be_hidden()
    assert web.sql("SELECT count(*) FROM uploads_submission") == [(0,)]


@pytest.mark.browser
@pytest.mark.processes
def test_the_filter_finds_by_words_in_any_order_and_by_code(form: Page, web: Portal) -> None:
    ((code,),) = web.sql("SELECT code FROM uploads_reasoncode WHERE label = 'Problem not solved'")
    give(form, "3")
    for words in ("solved PROBLEM", code, "prôblem not"):
        form.fill("[data-filter]", words)
        expect(reason(form, "Problem not solved")).to_be_visible()
        form.locator("[data-filter]").press("Enter")
        expect(form.locator("button.reason-chip")).to_have_text("Problem not solved")
        reason(form, "Problem not solved").uncheck()
    form.fill("[data-filter]", str(uuid.uuid4()))
    expect(form.get_by_text("No reason matches.")).to_be_visible()
