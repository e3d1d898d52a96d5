"""Reasons, statuses and fields: changed through the pages, audited with before and after, never deleted."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from uploads.models import Action, AuditEvent, ReasonCode, SurveyField, WorkflowStatus

REASON = {
    "code": "10020",
    "label": "Waiting time",
    "promoter_label": "",
    "parent": "",
    "side": "any",
    "position": "10",
}
CHANGELIST = "/admin/uploads/reasoncode/"


@pytest.fixture
def reason(db: None) -> ReasonCode:
    return ReasonCode.objects.create(code="10020", label="Waiting time", position=10)


def recorded(action: Action) -> list[dict[str, Any]]:
    """The bodies of all events of this kind, oldest first."""
    events = AuditEvent.objects.filter(action=action).order_by("id").select_related("payload")
    return [json.loads(bytes(event.payload.body)) for event in events]


def listed(rows: list[ReasonCode], **changes: str) -> dict[str, str]:
    """The list page's form as it stands, with some values changed."""
    data = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": str(len(rows)), "_save": "Save"}
    for number, row in enumerate(rows):
        data |= {f"form-{number}-id": str(row.pk), f"form-{number}-position": str(row.position)}
        data |= {f"form-{number}-active": "on"} if row.active else {}
    return data | changes


def test_an_added_reason_is_recorded_with_what_it_says(browser: Client, admin: User) -> None:
    response = browser.post(f"{CHANGELIST}add/", REASON | {"active": "on"})
    assert response.status_code == 302
    event = AuditEvent.objects.get(action=Action.LOOKUP_ADDED)
    assert (event.actor, event.object_type, event.object_name) == (admin, "reasoncode", "10020 Waiting time")
    (body,) = recorded(Action.LOOKUP_ADDED)
    assert body["before"] is None
    assert (body["after"]["code"], body["after"]["active"]) == ("10020", True)


def test_a_change_is_recorded_with_before_and_after(browser: Client, reason: ReasonCode) -> None:
    url = f"{CHANGELIST}{reason.pk}/change/"
    browser.post(url, REASON | {"label": "Queue", "active": "on"})
    (body,) = recorded(Action.LOOKUP_CHANGED)
    differing = {name for name in body["after"] if body["before"][name] != body["after"][name]}
    assert differing == {"label"}
    assert (body["before"]["label"], body["after"]["label"]) == ("Waiting time", "Queue")


def test_saving_without_a_change_records_nothing(browser: Client, reason: ReasonCode) -> None:
    assert browser.post(f"{CHANGELIST}{reason.pk}/change/", REASON | {"active": "on"}).status_code == 302
    assert recorded(Action.LOOKUP_CHANGED) == []


def test_editing_in_the_list_is_recorded_row_by_row(browser: Client, reason: ReasonCode) -> None:
    other = ReasonCode.objects.create(code="20020", label="Price", position=20)
    data = listed([reason, other], **{"form-1-position": "5"})
    assert browser.post(CHANGELIST, data).status_code == 302
    (body,) = recorded(Action.LOOKUP_CHANGED)
    assert (body["before"]["code"], body["before"]["position"], body["after"]["position"]) == ("20020", 20, 5)


@pytest.mark.parametrize(("action", "before", "after"), [("switch_off", True, False), ("switch_on", False, True)])
def test_switching_records_those_that_changed(
    browser: Client, reason: ReasonCode, action: str, before: bool, after: bool
) -> None:
    ReasonCode.objects.update(active=before)
    already = ReasonCode.objects.create(code="1", label="As wished already", active=after)
    response = browser.post(CHANGELIST, {"action": action, "_selected_action": [reason.pk, already.pk]}, follow=True)
    assert "1 switched" in response.text
    assert set(ReasonCode.objects.values_list("active", flat=True)) == {after}
    (body,) = recorded(Action.LOOKUP_CHANGED)
    assert (body["before"]["code"], body["before"]["active"], body["after"]["active"]) == (
        "10020",
        before,
        after,
    )


def test_a_change_that_cannot_be_recorded_is_not_made(browser: Client, reason: ReasonCode) -> None:
    browser.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE uploads_auditevent RENAME COLUMN outcome TO gone")
    assert browser.post(f"{CHANGELIST}{reason.pk}/change/", REASON | {"label": "Queue"}).status_code == 503
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE uploads_auditevent RENAME COLUMN gone TO outcome")
    reason.refresh_from_db()
    assert (reason.label, reason.active) == ("Waiting time", True)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["admin", "superuser"])
def test_nothing_can_be_deleted(
    request: pytest.FixtureRequest,
    signed_in: Callable[[User], Client],
    reason: ReasonCode,
    method: str,
    who: str,
) -> None:
    browser = signed_in(request.getfixturevalue(who))
    assert getattr(browser, method)(f"{CHANGELIST}{reason.pk}/delete/", {"post": "yes"}).status_code == 403
    delete = {"action": "delete_selected", "_selected_action": [reason.pk], "post": "yes"}
    assert getattr(browser, method)(CHANGELIST, delete).status_code in (200, 302)
    assert ReasonCode.objects.filter(pk=reason.pk).exists()
    assert "delete" not in browser.get(f"{CHANGELIST}{reason.pk}/change/").text.lower()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"code": "10 020"}, "letters, digits, dot, hyphen and underscore"),
        ({"code": "<b>"}, "letters, digits, dot, hyphen and underscore"),
        ({"code": "20"}, "already exists"),
        ({"label": ""}, "required"),
        ({"position": "-1"}, "greater than or equal to 0"),
        ({"side": "everybody"}, "not one of the available choices"),
        ({"parent": "secondary"}, "not one of the available choices"),
        ({"parent": "promoters", "side": "any"}, "Its primary is offered for: Promoters"),
    ],
)
def test_a_reason_that_breaks_a_rule_is_refused_beside_its_field(
    browser: Client, changes: dict[str, str], sentence: str
) -> None:
    promoters = ReasonCode.objects.create(code="20", label="Praise", side="promoter")
    secondary = ReasonCode.objects.create(code="21", label="Praise of staff", side="promoter", parent=promoters)
    rows = {"promoters": str(promoters.pk), "secondary": str(secondary.pk)}
    data = REASON | {name: rows.get(value, value) for name, value in changes.items()}
    response = browser.post(f"{CHANGELIST}add/", data)
    assert response.status_code == 200
    assert sentence in response.text
    assert ReasonCode.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"key": "score"}, "is a name the form uses itself"),
        ({"key": "1st"}, "Start with a letter"),
        ({"kind": "choice"}, "at least one line to choose from"),
        ({"pattern": "("}, "Not a regular expression"),
        ({"role": "score"}, "There is a field with this role already"),
    ],
)
def test_a_field_that_breaks_a_rule_is_refused_with_a_sentence(
    browser: Client, changes: dict[str, str], sentence: str
) -> None:
    data = {
        "key": "Branch",
        "label": "Branch",
        "help": "",
        "role": "customer",
        "kind": "text",
        "max_length": "20",
    }
    data |= {"pattern": "", "choices": "", "position": "200"} | changes
    response = browser.post("/admin/uploads/surveyfield/add/", data)
    assert response.status_code == 200
    assert sentence in response.text
    assert not SurveyField.objects.filter(label="Branch").exists()


def test_a_field_and_a_status_are_audited_like_a_reason(browser: Client) -> None:
    status = WorkflowStatus.objects.get(code="OPEN")
    data = {"code": "OPEN", "label": "Offen", "position": "1", "active": "on"}
    assert browser.post(f"/admin/uploads/workflowstatus/{status.pk}/change/", data).status_code == 302
    (body,) = recorded(Action.LOOKUP_CHANGED)
    assert (body["before"]["label"], body["after"]["label"]) == ("Open", "Offen")


def test_reasons_stand_as_a_tree(browser: Client) -> None:
    late = ReasonCode.objects.create(code="1", label="Late primary", position=20)
    early = ReasonCode.objects.create(code="2", label="Early primary", position=10)
    ReasonCode.objects.create(code="3", label="Second of late", parent=late, position=2)
    ReasonCode.objects.create(code="4", label="First of late", parent=late, position=1)
    ReasonCode.objects.create(code="5", label="Only of early", parent=early, position=900)
    html = browser.get(CHANGELIST).text
    order = ["Early primary", "Only of early", "Late primary", "First of late", "Second of late"]
    positions = [html.index(f'">{label}</span>') for label in order]
    assert positions == sorted(positions)


@pytest.mark.parametrize("who", ["agent", "manager", "outsider"])
@pytest.mark.parametrize("path", ["", "uploads/reasoncode/", "uploads/reasoncode/add/", "auth/user/", "jsi18n/"])
def test_others_are_refused_and_the_refusal_is_recorded(
    request: pytest.FixtureRequest, signed_in: Callable[[User], Client], who: str, path: str
) -> None:
    user = request.getfixturevalue(who)
    browser = signed_in(user)
    assert browser.get(f"/admin/{path}").status_code == 403
    assert browser.post(f"/admin/{path}", REASON).status_code == 403
    assert AuditEvent.objects.filter(action=Action.ACCESS_REFUSED, actor=user).count() == 2
    assert not ReasonCode.objects.exists()


def test_an_anonymous_visitor_goes_to_the_portals_sign_in(client: Client, db: None) -> None:
    response = client.get("/admin/uploads/reasoncode/")
    assert response["Location"] == "/accounts/login/?next=/admin/uploads/reasoncode/"
    assert client.get("/admin/login/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/")


@pytest.mark.parametrize(
    "model", ["submission", "delivery", "attempt", "auditevent", "auditpayload", "channel", "worker"]
)
def test_evidence_has_no_page(superuser: User, signed_in: Callable[[User], Client], model: str) -> None:
    assert signed_in(superuser).get(f"/admin/uploads/{model}/").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "",
        "uploads/",
        "uploads/reasoncode/",
        "uploads/reasoncode/add/",
        "uploads/surveyfield/",
        "uploads/workflowstatus/",
    ],
)
def test_pages_carry_no_inline_script_or_style(browser: Client, reason: ReasonCode, path: str) -> None:
    html = browser.get(f"/admin/{path}").text
    assert "style=" not in html
    assert "<style" not in html
    assert "<script>" not in html
    assert "onclick" not in html
    assert 'href="/"' in html


def test_every_list_can_be_saved_as_it_stands_and_rearranged(browser: Client) -> None:
    """Rules about fields that the list does not show must not stand in the way."""
    for model in (ReasonCode, WorkflowStatus, SurveyField):
        page = f"/admin/uploads/{model._meta.model_name}/"
        rows = list(model.objects.all())
        data = {
            "form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows), "form-MIN_NUM_FORMS": 0,
            "form-MAX_NUM_FORMS": 1000, "_save": "Save",
        }  # fmt: skip
        ordered = browser.get(page).context["cl"].result_list
        for number, row in enumerate(ordered):
            data |= {f"form-{number}-id": row.pk, f"form-{number}-position": row.position + 1}
            if row.active:
                data[f"form-{number}-active"] = "on"
        answer = browser.post(page, data)
        assert answer.status_code == 302, (model, answer.context and answer.context["cl"].formset.errors)
        assert {row.pk: row.position for row in model.objects.all()} == {row.pk: row.position + 1 for row in rows}


def test_each_standard_field_can_be_opened_and_saved_unchanged(browser: Client) -> None:
    for field in SurveyField.objects.all():
        page = f"/admin/uploads/surveyfield/{field.pk}/change/"
        form = browser.get(page).context["adminform"].form
        data = {name: value for name, value in form.initial.items() if value not in (None, False)}
        answer = browser.post(page, data)
        assert answer.status_code == 302, (field, answer.context and answer.context["adminform"].form.errors)


def test_the_score_cannot_be_switched_off(browser: Client) -> None:
    score = SurveyField.objects.get(role="score")
    page = "/admin/uploads/surveyfield/"
    answer = browser.post(page, {"action": "switch_off", "_selected_action": [score.pk]}, follow=True)
    assert "this field stays switched on" in answer.text
    assert SurveyField.objects.get(pk=score.pk).active
