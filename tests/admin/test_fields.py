"""Fields tried out before they are saved, compared with the account's sample; and the limits that can be set."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from uploads.models import Action, AuditEvent, SurveyField, Thresholds

FIELDS = "/admin/uploads/surveyfield/"
PREVIEW = f"{FIELDS}preview/"
NEW = {
    "key": "Branch", "label": "Branch office", "help": "", "role": "customer", "kind": "choice", "max_length": "20",
    "pattern": "", "choices": "North\nSouth", "position": "5", "active": "on",
}  # fmt: skip
SAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<records><record>
  <CustomerNumber>1143</CustomerNumber><EMAIL>a@b.nl</EMAIL><NPS>9</NPS>
  <SegmentB>North</SegmentB><SMS_Mobile>31</SMS_Mobile><OrderDate>2026-01-01 10:00:00</OrderDate><a-b>x</a-b>
</record></records>"""


def test_the_preview_shows_the_form_and_the_request_as_they_are(browser: Client) -> None:
    page = browser.get(PREVIEW)
    pairs = dict(page.context["pairs"])
    assert (pairs["NetPromoterScore"], pairs["Email"], pairs["WorkflowStatus"]) == ("4", "name@company.com", "OPEN")
    assert 'name="Email"' in page.text
    assert "Authorization: api_key ***" in page.text
    assert "NetPromoterScore=4" in page.text
    assert "canary-key" not in page.text


def test_a_field_is_previewed_before_it_is_saved(browser: Client) -> None:
    page = browser.post(PREVIEW, NEW)
    assert next(iter(page.context["form"].fields)) == "Branch"
    assert ("Branch", "North") in page.context["pairs"]
    assert not SurveyField.objects.filter(key="Branch").exists()
    assert not AuditEvent.objects.filter(action=Action.LOOKUP_ADDED).exists()


def test_a_changed_field_is_previewed_in_the_place_of_the_saved_one(browser: Client) -> None:
    email = SurveyField.objects.get(key="Email")
    page = browser.post(f"{PREVIEW}?field={email.pk}", NEW | {"key": "EMAIL", "kind": "email", "label": "Mail"})
    keys = dict(page.context["pairs"])
    assert ("EMAIL" in keys, "Email" in keys) == (True, False)
    email.refresh_from_db()
    assert email.key == "Email"


def test_an_order_is_previewed_before_it_is_saved(browser: Client) -> None:
    rows = list(browser.get(FIELDS).context["cl"].result_list)
    data: dict[str, Any] = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows)}
    for place, row in enumerate(rows):
        data |= {f"form-{place}-id": row.pk, f"form-{place}-position": 1000 - row.position}
        data |= {f"form-{place}-active": "on"} if row.active else {}
    page = browser.post(PREVIEW, data)
    before = [row.key for row in rows if row.active and row.role == "customer"]
    assert list(page.context["form"].fields)[: len(before)] == before[::-1]
    assert SurveyField.objects.get(pk=rows[0].pk).position == rows[0].position


@pytest.mark.parametrize(
    ("query", "data", "status", "sentence"),
    [
        ("", NEW | {"key": "1st"}, 422, "Key: Start with a letter"),
        ("", NEW | {"choices": ""}, 422, "Choices: A choice needs at least one line"),
        ("", {"form-TOTAL_FORMS": "x"}, 422, "could not be saved"),
        ("?field=999999", NEW, 404, ""),
        ("?field=²", NEW, 404, ""),
    ],
)
def test_what_could_not_be_saved_is_not_previewed(
    browser: Client, query: str, data: dict[str, str], status: int, sentence: str
) -> None:
    answer = browser.post(PREVIEW + query, data)
    assert (answer.status_code, sentence in answer.text) == (status, True)


def test_the_keys_of_the_accounts_sample_are_proposed_switched_off(browser: Client) -> None:
    page = browser.post(f"{FIELDS}import/", {"source": "sample", "sample": SAMPLE})["Location"]
    shown = browser.get(page)
    assert [change.name for change in shown.context["plan"].changes] == [
        "Segment b (SegmentB)", "SMS mobile (SMS_Mobile)", "Order date (OrderDate)",
    ]  # fmt: skip
    for note in ("“EMAIL” is written “Email” here", "“NPS” may be the key of “Score”", "“a-b” cannot be a key here",
                 "Sent, and not in the sample: “FirstName” (First name), “LastName”"):  # fmt: skip
        assert note in shown.text
    browser.post(page, {"seen": shown.context["plan"].seen})
    found = SurveyField.objects.filter(key__in=("SegmentB", "SMS_Mobile", "OrderDate")).order_by("position")
    assert [(row.kind, row.personal, row.active) for row in found] == [
        ("text", False, False), ("phone", True, False), ("datetime", False, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The sample is missing."),
        ("CustomerNumber;Email", "This is not XML."),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a><b>&b;</b></a>', "This is not XML."),
        ("<a/>", "There are no keys in it."),
        ("<a>" + "".join(f"<k{n}/>" for n in range(300)) + "</a>", "These are 300 keys"),
        ("<a>" + " " * 100_000 + "</a>", "This is too long for a sample"),
    ],
)
def test_what_is_no_sample_is_refused_with_a_sentence(browser: Client, text: str, sentence: str) -> None:
    answer = browser.post(f"{FIELDS}import/", {"source": "sample", "sample": text})
    assert (answer.status_code, sentence in answer.text) == (422, True)


# -- thresholds ----------------------------------------------------------------------------------------------

LIMITS = {
    "survey_days": "30", "comment_score": "6", "slow_minutes": "15", "far_too_slow_minutes": "120",
    "out_of_reach_minutes": "15", "in_doubt_minutes": "60", "export_rows": "10000",
}  # fmt: skip


def test_thresholds_have_defaults_and_each_change_is_recorded(browser: Client, admin: User) -> None:
    page = "/admin/uploads/thresholds/"
    form = browser.get(page, follow=True).context["adminform"].form
    assert {name: str(form[name].value()) for name in LIMITS} == LIMITS
    browser.post(f"{page}add/", LIMITS)
    browser.post(f"{page}1/change/", LIMITS | {"comment_score": "", "slow_minutes": "5"})
    limits = Thresholds.current()
    assert (limits.comment_score, limits.minutes("slow").total_seconds()) == (None, 300)
    assert [event.actor for event in AuditEvent.objects.filter(object_type="thresholds")] == [admin, admin]
    assert browser.post(f"{page}add/", LIMITS).status_code == 403


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"survey_days": "0"}, "greater than or equal to 1"),
        ({"comment_score": "11"}, "less than or equal to 10"),
        ({"slow_minutes": "120"}, "must be longer than the first"),
    ],
)
def test_a_threshold_without_sense_is_refused(browser: Client, changes: dict[str, str], sentence: str) -> None:
    assert sentence in browser.post("/admin/uploads/thresholds/add/", LIMITS | changes).text
    assert not Thresholds.objects.exists()
