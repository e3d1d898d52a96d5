"""Accounts: superusers make them, give a role and switch them off; every step is on the record, no password is."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from tests.factories import make_user
from uploads.models import Action, AuditEvent

USERS = "/admin/auth/user/"
PASSWORD = "a-long-enough-phrase"


@pytest.fixture
def browser(superuser: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(superuser)


def role(name: str) -> str:
    return str(Group.objects.get(name=name).pk)


def recorded(action: Action) -> list[dict[str, Any]]:
    events = AuditEvent.objects.filter(action=action).order_by("id").select_related("payload")
    return [json.loads(bytes(event.payload.body)) for event in events]


def person(user: User, **changes: Any) -> dict[str, Any]:
    """The change form of a user as it stands, with some values changed."""
    groups = [str(pk) for pk in user.groups.values_list("pk", flat=True)]
    data = {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
    }
    return data | ({"is_active": "on"} if user.is_active else {}) | {"groups": groups} | changes


def test_a_superuser_makes_an_account_with_a_role_that_can_sign_in(browser: Client, client: Client) -> None:
    data = {
        "username": "nina",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "first_name": "Nina",
        "last_name": "Vos",
    }
    response = browser.post(f"{USERS}add/", data | {"email": "nina@example.com", "groups": [role("manager")]})
    assert response.status_code == 302
    (body,) = recorded(Action.USER_ADDED)
    assert (body["before"], body["after"]["username"], body["after"]["groups"]) == (None, "nina", ["manager"])
    client.post("/accounts/login/", {"login": "nina", "password": PASSWORD})
    assert client.get("/history/").status_code == 200


def test_a_change_of_role_is_recorded_and_holds_at_once(
    browser: Client, agent: User, signed_in: Callable[[User], Client]
) -> None:
    theirs = signed_in(agent)
    assert theirs.get("/history/").status_code == 403
    browser.post(f"{USERS}{agent.pk}/change/", person(agent, groups=[role("manager")]))
    (body,) = recorded(Action.USER_CHANGED)
    assert (body["before"]["groups"], body["after"]["groups"]) == (["agent"], ["manager"])
    assert theirs.get("/history/").status_code == 200


def test_switching_an_account_off_ends_its_session(
    browser: Client, manager: User, signed_in: Callable[[User], Client]
) -> None:
    theirs = signed_in(manager)
    browser.post(USERS, {"action": "switch_off", "_selected_action": [manager.pk]})
    assert theirs.get("/history/").status_code == 302
    (body,) = recorded(Action.USER_CHANGED)
    assert (body["before"]["is_active"], body["after"]["is_active"]) == (True, False)


def test_a_new_password_is_recorded_without_the_password(browser: Client, agent: User, client: Client) -> None:
    data = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true", "set-password": "1"}
    assert browser.post(f"{USERS}{agent.pk}/password/", data).status_code == 302
    event = AuditEvent.objects.get(action=Action.USER_CHANGED)
    assert (event.object_name, event.outcome) == ("anna", "password_set")
    response = client.post("/accounts/login/", {"login": "anna", "password": PASSWORD})
    assert response.status_code == 302


def test_no_payload_holds_a_password_or_its_hash(browser: Client, agent: User) -> None:
    browser.post(f"{USERS}{agent.pk}/change/", person(agent, first_name="Ann"))
    (body,) = recorded(Action.USER_CHANGED)
    assert not {"password", "last_login"} & (body["after"].keys() | body["before"].keys())
    assert "md5$" not in json.dumps(body)


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_account_can_be_deleted(browser: Client, agent: User, method: str) -> None:
    assert getattr(browser, method)(f"{USERS}{agent.pk}/delete/", {"post": "yes"}).status_code == 403
    browser.post(USERS, {"action": "delete_selected", "_selected_action": [agent.pk], "post": "yes"})
    assert User.objects.filter(pk=agent.pk).exists()


def test_nobody_is_raised_to_superuser_by_a_forged_field(browser: Client, agent: User) -> None:
    forged = {"is_superuser": "on", "is_staff": "on", "user_permissions": ["1"]}
    browser.post(f"{USERS}{agent.pk}/change/", person(agent, first_name="Ann") | forged)
    agent.refresh_from_db()
    assert (agent.first_name, agent.is_superuser, agent.is_staff) == ("Ann", False, False)
    assert not agent.user_permissions.exists()


def test_superusers_cannot_touch_one_another(browser: Client, db: None) -> None:
    other = User.objects.create_superuser("other", password="demo")
    assert browser.post(f"{USERS}{other.pk}/change/", person(other, first_name="X")).status_code == 403
    assert browser.post(f"{USERS}{other.pk}/password/", {"password1": PASSWORD}).status_code == 403
    browser.post(USERS, {"action": "switch_off", "_selected_action": [other.pk]})
    other.refresh_from_db()
    assert (other.first_name, other.is_active) == ("", True)


def test_superusers_cannot_switch_themselves_off(browser: Client, superuser: User) -> None:
    browser.post(f"{USERS}{superuser.pk}/change/", {"username": "root", "first_name": "Ro", "groups": [role("agent")]})
    superuser.refresh_from_db()
    assert (superuser.first_name, superuser.is_active) == ("Ro", True)
    assert not superuser.groups.exists()


@pytest.mark.parametrize("path", ["", "add/", "1/change/", "1/password/"])
def test_administrators_of_lists_have_no_say_over_accounts(
    admin: User, signed_in: Callable[[User], Client], path: str
) -> None:
    browser = signed_in(admin)
    for response in (browser.get(f"{USERS}{path}"), browser.post(f"{USERS}{path}", {"username": "x"})):
        assert response.status_code in (302, 403, 404)
        assert response.status_code != 302 or response["Location"] == "/admin/"
    assert User.objects.count() == 1


def test_the_list_of_accounts_names_roles(browser: Client, agent: User, db: None) -> None:
    make_user("nobody")
    html = browser.get(USERS).text
    assert "Agent" in html
    assert "No role yet" in html
    assert "Superuser" in html


@pytest.mark.parametrize("way", ["action", "is_active", "groups"])
def test_the_last_administrator_stays(browser: Client, admin: User, db: None, way: str) -> None:
    def take_away(user: User) -> str:
        if way == "action":
            sent = browser.post(USERS, {"action": "switch_off", "_selected_action": [user.pk]}, follow=True)
        else:
            data = person(user, groups=[role("agent")]) if way == "groups" else person(user)
            data = {name: value for name, value in data.items() if way == "groups" or name != "is_active"}
            sent = browser.post(f"{USERS}{user.pk}/change/", data, follow=True)
        return sent.text

    def admins() -> int:
        return User.objects.filter(groups__name="admin", is_active=True).count()

    assert "the last administrator" in take_away(admin)
    assert admins() == 1
    second = make_user("olga", "admin")
    assert "the last administrator" not in take_away(second)
    assert "the last administrator" in take_away(admin)
    assert admins() == 1
    assert len(recorded(Action.USER_CHANGED)) == 1


def test_of_two_last_administrators_one_stays(browser: Client, admin: User, db: None) -> None:
    both = [admin.pk, make_user("olga", "admin").pk]
    browser.post(USERS, {"action": "switch_off", "_selected_action": both})
    assert User.objects.filter(pk__in=both, is_active=True).count() == 1


def test_an_administrator_may_be_renamed_though_the_last(browser: Client, admin: User) -> None:
    browser.post(f"{USERS}{admin.pk}/change/", person(admin, first_name="Ada"))
    admin.refresh_from_db()
    assert admin.first_name == "Ada"
