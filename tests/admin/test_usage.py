"""What a code is used for, and what CustomerGauge said of it, beside the code."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_submission
from tests.history.conftest import claim, deliver, end
from tests.history.test_cases import stuck
from uploads.admin.refused import refused
from uploads.admin.usage import Used, used
from uploads.models import Attempt, Draft, ReasonCode, State, Submission, SurveyField, WorkflowStatus
from uploads.models.totals import keep_totals

REASONS = "/admin/uploads/reasoncode/"
STATUSES = "/admin/uploads/workflowstatus/"
FIELDS = "/admin/uploads/surveyfield/"


@pytest.fixture
def reason(db: None) -> ReasonCode:
    return ReasonCode.objects.create(code="10020", label="Waiting time")


def days_ago(number: int) -> datetime:
    return timezone.now() - timedelta(days=number)


def refuse(submission: Submission, message: str, code: int = 400003) -> None:
    """CustomerGauge refuses it in these words."""
    body = f'{{"Error":{{"Message":"{message}","Code":{code}}}}}'
    assert submission.delivery.reject(end(claim(submission), "content_refused", 400, body, str(code)))


def test_uses_are_told_from_totals_and_from_what_came_since(agent: User, reason: ReasonCode) -> None:
    for number in (5, 5, 3):
        make_submission(agent, State.DELIVERED, created_at=days_ago(number))
    make_submission(agent, State.CANCELLED, created_at=days_ago(4))
    keep_totals()
    make_submission(agent)
    assert used(ReasonCode) == {"10020": Used(4, timezone.localdate())}
    assert used(WorkflowStatus)["OPEN"] == Used(5, timezone.localdate())
    assert used(WorkflowStatus)["CLOSED"] == Used(0, None)


def test_counting_stops_at_its_limit_and_says_so(
    agent: User, reason: ReasonCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uploads.admin.usage.MOST", 2)
    for _ in range(4):
        make_submission(agent)
    assert str(used(ReasonCode)["10020"]) == str(used(WorkflowStatus)["OPEN"]) == "2+"


@pytest.mark.parametrize(("model", "page"), [(ReasonCode, REASONS), (WorkflowStatus, STATUSES)])
def test_a_long_list_asks_no_more_questions_than_a_short_one(
    browser: Client, agent: User, reason: ReasonCode, model: Any, page: str
) -> None:
    refuse(make_submission(agent), "Field ReasonCode: 10020 is not known")
    browser.get(page)  # the first one of all looks some things up for good
    asked = []
    for number in range(2):
        with CaptureQueriesContext(connection) as captured:
            browser.get(page)
        asked.append(len(captured))
        model.objects.bulk_create(model(code=f"{number}-{row}", label="Another") for row in range(30))
    assert asked[0] == asked[1]


def test_the_page_of_a_code_says_what_uses_it(browser: Client, agent: User, reason: ReasonCode) -> None:
    make_submission(agent, State.DELIVERED, created_at=days_ago(2))
    make_submission(agent)
    Draft.objects.create(agent=agent, token=uuid.uuid4(), values={"reasons": ["10020"], "workflow_status": ["OPEN"]})
    Draft.objects.create(agent=agent, token=uuid.uuid4(), values={"reasons": ["1"], "Email": ["a@b.nl"]})
    today = timezone.localdate().strftime("%-d %B %Y")
    status = WorkflowStatus.objects.get(code="OPEN")
    for page in (f"{REASONS}{reason.pk}/change/", f"{STATUSES}{status.pk}/change/"):
        assert f"Used by 2 entries, 1 draft, 1 waiting; last on {today}." in browser.get(page).text
    email = SurveyField.objects.get(key="Email")
    text = browser.get(f"{FIELDS}{email.pk}/change/").text
    assert "Used by 1 draft, 1 waiting. What waits keeps the key “Email”" in text


def test_a_changed_key_says_how_many_results_keep_the_old_one(browser: Client, agent: User) -> None:
    make_submission(agent)
    page = f"{FIELDS}{SurveyField.objects.get(key='Email').pk}/change/"
    initial = browser.get(page).context["adminform"].form.initial
    data = {name: value for name, value in initial.items() if value not in (None, False)}
    assert "keep" not in browser.post(page, data | {"label": "Mail"}, follow=True).text
    told = browser.post(page, data | {"key": "EMAIL"}, follow=True).text
    assert "Waiting with the old key “Email”, which they keep: 1 result." in told


def test_a_refused_reason_is_flagged_until_it_is_accepted_again(
    browser: Client, agent: User, reason: ReasonCode
) -> None:
    ReasonCode.objects.create(code="9", label="Never refused")
    both = [{"code": "10020", "label": "Waiting time"}, {"code": "9", "label": "Never refused"}]
    refuse(make_submission(agent, reasons=both), "Field ReasonCode: 10020 is not known")
    text = browser.get(REASONS).text
    assert text.count("CustomerGauge refused it on") == 1
    assert "Field ReasonCode: 10020 is not known" in text
    assert "not accepted lately" in text
    deliver(make_submission(agent, created_at=timezone.now()))
    assert "CustomerGauge refused it on" not in browser.get(REASONS).text
    assert "; last accepted on" in browser.get(f"{REASONS}{reason.pk}/change/").text


def test_a_refused_status_is_flagged_by_its_error_code(browser: Client, agent: User) -> None:
    refuse(make_submission(agent), "Workflow status does not exist", 400011)
    refuse(make_submission(agent, workflow_status="CLOSED"), "Field email is required but seems to be empty.")
    text = browser.get(STATUSES).text
    assert text.count("CustomerGauge refused it on") == 1
    assert "Workflow status does not exist" in text


def test_a_status_that_was_refused_for_a_case_is_flagged_too(browser: Client, agent: User, manager: User) -> None:
    case = stuck(make_submission(agent, State.DELIVERED), manager, State.REJECTED, status="CLOSED")
    attempt = Attempt.objects.create(case=case, worker="here:1", wire_at=timezone.now())
    attempt.end(outcome="rejected", evidence="content_refused", seconds=0.1, status=400, code="400011")
    assert list(refused(WorkflowStatus)) == ["CLOSED"]
    assert "CustomerGauge refused it on" in browser.get(STATUSES).text
