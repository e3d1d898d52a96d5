"""Who is entered twice: by whom, as far as one may know it; an equal entry is stopped, another one needs a reason."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.factories import customer, make_submission
from uploads.models import Action, AuditEvent, CustomerKey, Delivery, State, Submission, SurveyField

from .conftest import NEW, Desk

SAME = "/submissions/same/"


def body() -> dict[str, Any]:
    """What the audit log keeps of the last entry."""
    event = AuditEvent.objects.filter(action=Action.SUBMITTED).latest("id")
    read: dict[str, Any] = json.loads(bytes(event.payload.body))
    return read


def entered(agent: User, minutes: int = 60, **fields: Any) -> Submission:
    """An entry of a while ago that can be found by its customer's identities."""
    row = make_submission(agent, created_at=timezone.now() - timedelta(minutes=minutes), **fields)
    for field in row.customer:
        if field["kind"] in {"email", "identifier", "phone"}:
            value = CustomerKey.normal(field["kind"], field["value"])
            CustomerKey.objects.create(submission=row, kind=field["kind"], value=value)
    return row


def test_a_customer_can_be_found_by_every_identity(desk: Desk) -> None:
    SurveyField.objects.create(key="Phone", label="Phone", kind="phone")
    desk.save(Email="Lee@Company.com", CustomerNumber="A-77", Phone="+31 (20) 123-4567")
    keys = {(row.kind, row.value) for row in Submission.objects.get().customer_keys.all()}
    assert keys == {("email", "lee@company.com"), ("identifier", "a-77"), ("phone", "31201234567")}


def test_own_entries_are_shown_with_score_and_link_others_without(desk: Desk, agent: User, agent2: User) -> None:
    own = entered(agent, score=9, email="lee@company.com")
    foreign = entered(agent2, minutes=90, score=3, email="LEE@company.com", comment="not to be seen")
    page = desk.client.post(SAME, {"Email": " Lee@company.com "})
    assert page.status_code == 200
    assert f'href="/submissions/{own.uuid}/"' in page.text
    assert "score 9" in page.text
    assert "by <bdi>bram</bdi>" in page.text
    for secret in (str(foreign.uuid), "score 3", "not to be seen", "Klameth"):
        assert secret not in page.text


@pytest.mark.parametrize(
    "typed",
    [{}, {"Email": ""}, {"Email": "somebody@company.com"}, {"FirstName": "Lee"}, {"Email": "\0"}, {"Email": "1143"}],
)
def test_nothing_is_shown_of_nobody(desk: Desk, agent: User, typed: dict[str, str]) -> None:
    entered(agent)
    assert desk.client.post(SAME, typed).text.strip() == ""


def test_what_is_not_sent_or_was_corrected_is_not_shown(desk: Desk, agent: User) -> None:
    entered(agent, state=State.CANCELLED)
    assert desk.client.post(SAME, {"CustomerNumber": "1143"}).text.strip() == ""
    old = entered(agent, state=State.DELIVERED, score=5)
    entered(agent, state=State.DELIVERED, score=6, revision_of=old)
    page = desk.client.post(SAME, {"CustomerNumber": "1143"}).text
    assert "score 6" in page
    assert "score 5" not in page


def test_an_equal_entry_is_stopped_with_a_link(desk: Desk) -> None:
    first = desk.save(warn="1").headers["Location"]
    page = desk.save(warn="1", comment="other words", overrule="yes", warned="before")
    assert page.status_code == 422
    assert "This seems to be entered already, by you at" in page.text
    assert f'<a href="{first}">Open it</a>' in page.text
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [
        {"score": "5"},
        {"Email": "other@company.com", "CustomerNumber": "2"},
        {"comment": "x", "completed_at": "2026-11-01T10:00", "sent_at": "2026-11-01T09:00"},
    ],
)
def test_another_survey_is_not_taken_for_the_same(desk: Desk, other: dict[str, str]) -> None:
    desk.save(warn="1")
    page = desk.save(warn="1", **other)
    assert "This seems to be entered already" not in page.content.decode()


def test_somebody_elses_equal_entry_is_named_and_not_linked(desk: Desk, desk2: Desk) -> None:
    answers = desk.answers()
    desk.client.post(NEW, answers)
    page = desk2.client.post(NEW, answers | {"warn": "1", "submit_token": desk2.token()})
    assert page.status_code == 422
    assert "This seems to be entered already, by Anna de Vries at" in page.text
    assert str(Submission.objects.get().uuid) not in page.text


def test_after_ten_minutes_an_equal_entry_needs_only_a_reason(desk: Desk, agent: User) -> None:
    entered(agent, minutes=11, email="lee@company.com")
    page = desk.save(warn="1", comment="Waited too long")
    assert page.status_code == 422
    assert "A result of this customer was entered before, by you" in page.text
    assert "This seems to be entered already" not in page.text
    saved = desk.save(warn="1", warned="before", overrule="The quarterly survey")
    assert saved.status_code == 302
    assert body()["overruled"] == "The quarterly survey"


def test_who_posts_only_the_answers_is_not_stopped_and_it_is_recorded(desk: Desk) -> None:
    assert desk.save().status_code == desk.save().status_code == 302
    assert Delivery.objects.count() == 2
    said = body()["warnings"]
    assert said[0].startswith("This seems to be entered already, by you")
    assert said[1].startswith("A result of this customer was entered before")
    assert "overruled" not in body()


def test_a_key_is_compared_within_its_kind(desk: Desk, agent: User) -> None:
    make = make_submission(agent, customer=[customer("CustomerNumber", "Customer number", "identifier", "31201234567")])
    CustomerKey.objects.create(submission=make, kind="identifier", value="31201234567")
    SurveyField.objects.create(key="Phone", label="Phone", kind="phone")
    assert desk.client.post(SAME, {"Phone": "+31 20 1234567"}).text.strip() == ""
