"""Signing in and out, forgotten passwords, and the pages that say no."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from uploads.alerts import happenings
from uploads.alerts.situation import Situation
from uploads.models import Action, AuditEvent

LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def fresh_limits(db: None) -> None:
    cache.clear()


def test_signing_in_leads_to_where_one_wanted_to_go_and_is_recorded(client: Client, manager: User) -> None:
    response = client.post(f"{LOGIN}?next=/history/", {"login": "mia", "password": "demo"})
    assert (response.status_code, response["Location"]) == (302, "/history/")
    assert AuditEvent.objects.get(action=Action.SIGNED_IN).actor == manager


def test_sign_in_does_not_lead_to_other_sites(client: Client, manager: User) -> None:
    response = client.post(f"{LOGIN}?next=//evil.example/", {"login": "mia", "password": "demo"})
    assert response["Location"] == "/"


def test_a_wrong_password_and_an_unknown_name_read_the_same_and_are_recorded(client: Client, manager: User) -> None:
    def refusal(name: str, password: str) -> str:
        response = client.post(LOGIN, {"login": name, "password": password})
        assert response.status_code == 200
        found = re.search(r'role="alert">(.*?)</div>', response.text, re.DOTALL)
        assert found
        return found[1].strip()

    assert refusal("mia", "wrong") == refusal("nobody", "wrong") != ""
    assert AuditEvent.objects.filter(action=Action.SIGN_IN_REFUSED).count() == 2
    assert AuditEvent.objects.filter(action=Action.SIGNED_IN).count() == 0


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"login": "mia"},
        {"login": "", "password": ""},
        {"login": "mi\0a", "password": "x"},
        {"login": "m" * 10_000, "password": "x"},
        {"login": "mia", "password": "x" * 100_000},
        {"login": "<script>alert(1)</script>", "password": "x"},
    ],
)
def test_nonsense_at_the_door_is_refused_and_shown_as_text(client: Client, manager: User, data: dict[str, str]) -> None:
    response = client.post(LOGIN, data)
    assert response.status_code == 200
    assert "<script>alert" not in response.text
    assert "_auth_user_id" not in client.session


def test_too_many_wrong_passwords_for_one_name_are_stopped(client: Client, manager: User, agent: User) -> None:
    for _ in range(10):
        client.post(LOGIN, {"login": "mia", "password": "wrong"})
    stopped = client.post(LOGIN, {"login": "mia", "password": "demo"})
    assert "Too many failed login attempts" in stopped.text
    other = client.post(LOGIN, {"login": "anna", "password": "demo"})
    assert other.status_code == 302


def test_many_wrong_sign_ins_from_one_address_are_told(client: Client) -> None:
    def told() -> str:
        return happenings.sign_ins(Situation(since=timezone.now() - timedelta(minutes=1)))

    for number in range(49):
        client.post(LOGIN, {"login": f"guess{number}", "password": "wrong"})
    assert told() == ""
    client.post(LOGIN, {"login": "guess", "password": "wrong"})
    assert told() == "50 wrong sign-ins within 10 minutes were tried from 1 address."


def test_an_account_that_is_switched_off_stays_outside(client: Client, manager: User) -> None:
    User.objects.update(is_active=False)
    client.post(LOGIN, {"login": "mia", "password": "demo"})
    assert client.get("/history/").status_code == 302


def test_signing_out_ends_the_session_and_is_recorded(client: Client, manager: User) -> None:
    client.post(LOGIN, {"login": "mia", "password": "demo"})
    assert client.post("/accounts/logout/").status_code == 302
    assert client.get("/history/").status_code == 302
    assert AuditEvent.objects.get(action=Action.SIGNED_OUT).actor == manager


def test_there_is_no_sign_up(client: Client) -> None:
    page = client.get("/accounts/signup/")
    assert "Accounts are made by the operator of this portal" in page.text
    client.post("/accounts/signup/", {"username": "eve", "password1": "long-enough-1", "password2": "long-enough-1"})
    assert not User.objects.exists()
    assert "/signup/" not in client.get(LOGIN).text


def test_a_forgotten_password_is_replaced_through_the_mail(client: Client, manager: User) -> None:
    User.objects.update(email="mia@example.com")
    client.post("/accounts/password/reset/", {"email": "mia@example.com"})
    (message,) = mail.outbox
    assert message.subject.endswith("Choose a new password")
    link = re.search(r"http://[^/]+(/accounts/\S+)", message.body)
    assert link
    form = client.get(link[1], follow=True)
    new = "another-long-phrase"
    client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert client.post(LOGIN, {"login": "mia", "password": new}).status_code == 302
    assert "no longer works" in Client().get(link[1], follow=True).text


def test_asking_for_a_new_password_does_not_tell_who_has_an_account(client: Client, manager: User) -> None:
    User.objects.update(email="mia@example.com")
    answers = [
        client.post("/accounts/password/reset/", {"email": address}, follow=True)
        for address in ("mia@example.com", "nobody@example.com")
    ]
    assert answers[0].redirect_chain == answers[1].redirect_chain
    assert answers[0].text == answers[1].text
    assert "sign up" not in mail.outbox[1].body


def test_changing_the_password_asks_for_the_old_one(manager: User, signed_in: Callable[[User], Client]) -> None:
    browser = signed_in(manager)
    new = {"password1": "another-long-phrase", "password2": "another-long-phrase"}
    url = "/accounts/password/change/"
    assert browser.post(url, new | {"oldpassword": "wrong"}).status_code == 200
    assert browser.post(url, new | {"oldpassword": "demo"}).status_code == 302
    assert browser.get("/history/").status_code == 200


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short-one", "at least 10 characters"),
        ("1234567890", "too common"),
        ("mia-mia-mia", "too similar"),
        ("CGportal-survey-1", "easy to guess here"),
        ("passwordportal", "easy to guess here"),
        ("quiet lakes and slow trains", ""),
        ("ten lower!", ""),
        (" " + "ünïcödé 🚲 " * 20, ""),
    ],
)
def test_a_new_password_is_long_and_not_easily_guessed_and_that_is_all(
    manager: User, signed_in: Callable[[User], Client], password: str, sentence: str
) -> None:
    User.objects.update(username="mia-mia-mi")
    data = {"password1": password, "password2": password, "oldpassword": "demo"}
    answer = signed_in(manager).post("/accounts/password/change/", data)
    assert sentence in answer.text
    manager.refresh_from_db()
    assert manager.check_password(password) == (not sentence)


def test_whoever_changes_a_password_hears_of_it(
    manager: User,
    signed_in: Callable[[User], Client],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    User.objects.update(email="mia@example.com")
    new = {"password1": "another-long-phrase", "password2": "another-long-phrase", "oldpassword": "demo"}
    with django_capture_on_commit_callbacks(execute=True):
        signed_in(manager).post("/accounts/password/change/", new)
    (message,) = mail.outbox
    assert message.to == ["mia@example.com"]
    assert "If it was not you, tell the operator of the portal at once." in message.body
    assert "another-long-phrase" not in message.body


def test_a_password_can_be_pasted_and_filled_in_by_its_manager(client: Client) -> None:
    html = client.get(LOGIN).text
    assert 'autocomplete="current-password"' in html
    assert "onpaste" not in html


OPEN_PAGES = ["login/", "signup/", "password/reset/", "password/reset/done/", "inactive/"]
OWN_PAGES = ["logout/", "password/change/", "reauthenticate/"]


@pytest.mark.parametrize("path", OPEN_PAGES + OWN_PAGES)
def test_every_page_around_sign_in_has_the_portals_look(
    manager: User, client: Client, signed_in: Callable[[User], Client], path: str
) -> None:
    browser = signed_in(manager) if path in OWN_PAGES else client
    html = browser.get(f"/accounts/{path}", follow=True).text
    assert "· cgportal</title>" in html
    assert "css/portal.css" in html
    assert "style=" not in html
    assert "<script>" not in html
    assert "Menu:" not in html


def test_a_page_that_does_not_exist_says_so_in_the_portals_look(client: Client) -> None:
    response = client.get("/nothing/here")
    assert response.status_code == 404
    assert "There is nothing here" in response.text


def test_a_stale_form_is_refused_with_the_way_back(manager: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    response = browser.post(LOGIN, {"login": "mia", "password": "demo"})
    assert response.status_code == 403
    assert "Load the page again and repeat the last step." in response.text


def test_a_request_that_cannot_be_read_gets_a_page(client: Client) -> None:
    response = client.get("/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "The request could not be read" in response.text


@pytest.mark.parametrize(
    "template", ["400.html", "403.html", "404.html", "429.html", "500.html", "503.html", "403_csrf.html"]
)
def test_error_pages_need_nothing_that_could_be_broken(template: str) -> None:
    html = render_to_string(template)
    assert 'href="/' in html
    assert "· cgportal</title>" in html
    assert "style=" not in html
