"""A telephone system opens the form: only the customer's fields, judged like typed ones, nothing saved."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from uploads.models import Draft, Submission, SurveyField

from .conftest import NEW, Desk, filled

POP = "/submissions/prefill/"
CUSTOMER = {"CustomerNumber": "000077", "Email": "lee@company.com", "FirstName": "Lee", "LastName": "O’Neil <b>"}
BOTH = [("get", NEW), ("post", POP)]


def pop(desk: Desk, how: tuple[str, str], data: dict[str, Any]) -> Any:
    method, path = how
    return getattr(desk.client, method)(path, data)


@pytest.mark.parametrize("how", BOTH)
def test_the_customer_stands_in_the_form_and_nothing_is_saved(desk: Desk, how: tuple[str, str]) -> None:
    page = pop(desk, how, CUSTOMER)
    assert page.status_code == 200
    values = filled(page)
    assert {name: values[name] for name in CUSTOMER} == CUSTOMER
    assert not Draft.objects.exists()
    assert not Submission.objects.exists()
    assert "data-clean" in page.text


@pytest.mark.parametrize("how", BOTH)
def test_what_the_customer_says_is_never_taken_over(desk: Desk, how: tuple[str, str]) -> None:
    said = {"score": "10", "comment": "Great", "contact": "Y", "completed_at": "2026-11-02T10:00", "unknown": "x"}
    values = filled(pop(desk, how, CUSTOMER | said | {"submit_token": "x", "warn": "0"}))
    assert "score" not in values
    assert (values["comment"], values["completed_at"]) == ("", "")
    assert values["warn"] == "1"
    assert values["submit_token"] != "x"


@pytest.mark.parametrize("how", BOTH)
@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"Email": "lee at company"}, "Left out: E-mail is not an e-mail address."),
        ({"Email": ["a@company.com", "b@company.com"]}, "E-mail came more than once and was left out."),
        ({"FirstName": "a\0b"}, "Left out: First name"),
        ({"CustomerNumber": "x" * 5000}, "Left out: Customer number is too long"),
    ],
)
def test_what_nobody_could_type_is_left_out(
    desk: Desk, how: tuple[str, str], values: dict[str, Any], sentence: str
) -> None:
    page = pop(desk, how, {"LastName": "Klameth"} | values)
    assert sentence in page.text
    assert filled(page)[next(iter(values))] == ""
    assert filled(page)["LastName"] == "Klameth"


def test_a_field_that_is_switched_off_is_ignored(desk: Desk) -> None:
    SurveyField.objects.filter(key="LastName").update(active=False)
    assert "Klameth" not in desk.client.get(NEW, {"LastName": "Klameth", "FirstName": "Lee"}).text


def test_a_post_from_another_site_is_posted_once_more_from_here_and_begins_no_session(agent: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    page = browser.post(POP, CUSTOMER, headers={"Origin": "https://phone.example"})
    assert page.status_code == 200
    assert 'action="/submissions/prefill/"' in page.text
    assert 'name="LastName" value="O’Neil &lt;b&gt;"' in page.text
    assert not page.cookies
    assert not Session.objects.exists()
    browser.force_login(agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    again = browser.post(POP, CUSTOMER, headers={"Origin": "http://testserver"})
    assert filled(again)["LastName"] == "O’Neil <b>"


def test_who_has_to_sign_in_first_finds_the_customer_as_a_draft(agent: User) -> None:
    browser = Client()
    answer = browser.post(POP, CUSTOMER, headers={"Origin": "http://testserver"})
    back = browser.post(answer.headers["Location"], {"login": "anna", "password": "demo"})
    assert filled(browser.get(back.headers["Location"]))["Email"] == "lee@company.com"


@pytest.mark.parametrize("who", ["admin", "outsider", "superuser"])
def test_only_who_enters_results_gets_the_form(request: pytest.FixtureRequest, who: str) -> None:
    browser = Client()
    user = request.getfixturevalue(who)
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.post(POP, CUSTOMER).status_code == 403
