"""What is allowed and yet unlikely: the page asks why, the audit log keeps the answer, and history tells it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from uploads.models import Submission

from .conftest import NEW, Desk, Form
from .test_same_customer import body


def ago(days: int) -> str:
    return (timezone.localtime() - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


LONG_AGO = {"completed_at": ago(31), "sent_at": ago(32)}
CASES: list[tuple[str, dict[str, str], str]] = [
    ("long_ago", LONG_AGO, "lies 31 days back. Check the date."),
    ("out_of_reach", {"contact": "Y", "Email": ""}, "there is neither an e-mail address nor a phone number"),
    ("silent", {"score": "6", "comment": ""}, "The score is 6, without a comment. Ask the customer why."),
]
FINE = [{"score": "7", "comment": ""}, {"contact": "N", "Email": ""}, {"completed_at": ago(29), "sent_at": ago(29)}]


@pytest.fixture(autouse=True)
def optional_email(db: None) -> None:
    from uploads.models import SurveyField

    SurveyField.objects.filter(key="Email").update(required=False)


def shown(page: HttpResponse) -> list[str]:
    """The warnings a page shows, as it would send them back."""
    return Form(page.text).values.get("warned", [])


@pytest.mark.parametrize(("code", "answers", "sentence"), CASES)
def test_a_warning_is_shown_and_overruled_with_a_reason(
    desk: Desk, code: str, answers: dict[str, str], sentence: str
) -> None:
    token = desk.token()
    page = desk.save(warn="1", submit_token=token, **answers)
    assert page.status_code == 422
    assert shown(page) == [code]
    assert sentence in page.text
    assert Form(page.text).focus == "overrule"
    assert not Submission.objects.exists()
    saved = desk.save(warn="1", submit_token=token, warned=shown(page), overrule="  The customer said so ", **answers)
    assert saved.status_code == 302
    assert sentence in body()["warnings"][0]
    assert body()["overruled"] == "The customer said so"
    assert body()["ignored"] == 0


@pytest.mark.parametrize("answers", FINE)
def test_what_is_likely_is_saved_at_once(desk: Desk, answers: dict[str, str]) -> None:
    assert desk.save(warn="1", **answers).status_code == 302
    assert not {"warnings", "overruled"} & body().keys()


@pytest.mark.parametrize(("_code", "answers", "sentence"), CASES)
def test_without_the_page_nobody_is_asked_and_the_warning_is_recorded(
    desk: Desk, _code: str, answers: dict[str, str], sentence: str
) -> None:
    assert desk.save(**answers).status_code == 302
    assert sentence in body()["warnings"][0]
    assert "overruled" not in body()


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [("", "The reason is missing."), ("  \u200b", "The reason is missing."), ("x" * 501, "The reason is too long"),
     ("a\x07b", "The reason ")],
)  # fmt: skip
def test_a_reason_is_judged_like_any_text(desk: Desk, reason: str, sentence: str) -> None:
    page = desk.save(warn="1", warned="silent", comment="", overrule=reason)
    assert page.status_code == 422
    assert sentence in page.text
    assert not Submission.objects.exists()


def test_a_reason_does_not_overrule_what_was_not_shown(desk: Desk) -> None:
    page = desk.save(warn="1", warned="silent", comment="", overrule="in a hurry", **LONG_AGO)
    assert page.status_code == 422
    assert shown(page) == ["long_ago", "silent"]
    assert 'value="in a hurry"' in page.text


def test_errors_come_before_warnings(desk: Desk) -> None:
    page = desk.save(warn="1", comment="", score="11")
    assert page.status_code == 422
    assert shown(page) == []
    assert "must be a whole number from 0 to 10" in page.text


def test_history_tells_what_was_overruled_and_why(
    desk: Desk, manager: User, signed_in: Callable[[User], Client]
) -> None:
    answers: dict[str, Any] = desk.answers(warn="1", warned="silent", comment="", overrule="Was in a hurry")
    desk.client.post(NEW, answers)
    page = signed_in(manager).get(f"/history/{Submission.objects.get().uuid}/").text
    assert "Was in a hurry" in page
    assert "The score is 4, without a comment." in page
