"""Where one is signed in: listed, ended from elsewhere, and ended for whoever is switched off."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from uploads.access import seen
from uploads.access.devices import device
from uploads.delivery.jobs import tidy_up
from uploads.models import Action, AuditEvent

SESSIONS = "/accounts/sessions/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Safari/604.1"
CHROME = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML) Chrome/142.0.0.0 Safari/537.36"


@pytest.fixture(autouse=True)
def fresh_limits(db: None) -> None:
    cache.clear()


def sign_in(name: str, agent: str = FIREFOX) -> Client:
    browser = Client(headers={"User-Agent": agent})
    assert browser.post("/accounts/login/", {"login": name, "password": "demo"}).status_code == 302
    return browser


def test_own_sessions_are_listed_and_no_others(manager: User, agent: User) -> None:
    browser = sign_in("mia")
    sign_in("mia", SAFARI)
    sign_in("anna", CHROME)
    html = browser.get(SESSIONS).text
    assert html.index("Firefox on Windows") < html.index("This one") < html.index("Safari on iPhone")
    assert "Chrome on Mac" not in html


def test_another_session_is_ended_at_once_and_on_the_record(manager: User) -> None:
    browser, other = sign_in("mia"), sign_in("mia", SAFARI)
    lost = UserSession.objects.get(user_agent=SAFARI)
    assert "The session in Safari on iPhone is ended" in browser.post(f"{SESSIONS}{lost.pk}/end/", follow=True).text
    assert other.get("/history/").status_code == 302
    assert browser.get("/history/").status_code == 200
    event = AuditEvent.objects.get(action=Action.SESSION_ENDED)
    assert (event.actor, event.object_name, event.outcome) == (manager, "mia", "by_owner")


def test_all_others_are_ended_with_one_click(manager: User) -> None:
    browser, *others = (sign_in("mia") for _ in range(3))
    browser.post(f"{SESSIONS}end/")
    assert [other.get("/history/").status_code for other in others] == [302, 302]
    assert browser.get("/history/").status_code == 200


def test_nobody_ends_the_session_of_somebody_else(manager: User, agent: User) -> None:
    theirs = sign_in("anna")
    foreign = UserSession.objects.get(user=agent)
    browser = sign_in("mia")
    assert browser.post(f"{SESSIONS}{foreign.pk}/end/").status_code == 404
    browser.post(f"{SESSIONS}end/")
    assert theirs.get("/submissions/").status_code == 200
    assert Client().post(f"{SESSIONS}{foreign.pk}/end/")["Location"].startswith("/accounts/login/")


def test_a_session_that_is_over_is_not_listed(manager: User) -> None:
    browser, other = sign_in("mia"), sign_in("mia", SAFARI)
    other.post("/accounts/logout/")
    assert "Safari" not in browser.get(SESSIONS).text


def test_what_was_known_of_a_session_goes_when_its_time_is_over(manager: User) -> None:
    sign_in("mia")
    sign_in("mia", SAFARI)
    UserSession.objects.update(created_at=timezone.now() - timedelta(hours=13))
    over = UserSession.objects.get(user_agent=SAFARI)
    Session.objects.filter(session_key=over.session_key).update(expire_date=timezone.now() - timedelta(hours=1))
    tidy_up()
    assert [session.user_agent for session in UserSession.objects.all()] == [FIREFOX]


def test_a_new_password_ends_all_other_sessions(manager: User) -> None:
    browser, other = sign_in("mia"), sign_in("mia")
    new = {"password1": "another-long-phrase", "password2": "another-long-phrase"}
    browser.post("/accounts/password/change/", new | {"oldpassword": "demo"})
    assert other.get("/history/").status_code == 302
    assert browser.get("/history/").status_code == 200


def test_the_hour_of_the_last_page_is_noted_once_and_polls_are_not(manager: User) -> None:
    browser = sign_in("mia")
    yesterday = timezone.now() - timedelta(days=1)
    UserSession.objects.update(last_seen_at=yesterday)

    def noted(**headers: str) -> bool:
        browser.get("/health/", headers=headers)
        return UserSession.objects.get().last_seen_at != yesterday

    assert not noted(), "this process has noted the hour when she signed in"
    seen.note.cache_clear()  # as another process, or the next hour
    assert not noted(**{"HX-Request": "true"})
    assert noted()


def test_whoever_is_switched_off_does_not_come_back_with_an_old_session(
    manager: User, superuser: User, signed_in: Callable[[User], Client]
) -> None:
    theirs, root = sign_in("mia"), signed_in(superuser)
    for action in ("switch_off", "switch_on"):
        root.post("/admin/auth/user/", {"action": action, "_selected_action": [manager.pk]})
    assert theirs.get("/history/").status_code == 302
    assert AuditEvent.objects.get(action=Action.SESSION_ENDED).outcome == "switched_off"


def test_a_superuser_ends_the_sessions_of_a_lost_machine(
    manager: User, superuser: User, signed_in: Callable[[User], Client]
) -> None:
    theirs, root = sign_in("mia"), signed_in(superuser)
    root.post("/admin/auth/user/", {"action": "end_sessions", "_selected_action": [manager.pk, superuser.pk]})
    assert theirs.get("/history/").status_code == 302
    assert root.get(SESSIONS).status_code == 200
    event = AuditEvent.objects.get(action=Action.SESSION_ENDED)
    assert (event.actor, event.object_name) == (superuser, "mia")


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Windows"),
        (SAFARI, "Safari on iPhone"),
        (CHROME, "Chrome on Mac"),
        (f"{CHROME} Edg/142.0", "Edge on Mac"),
        ("Mozilla/5.0 (X11; Linux x86_64) curl", "Unknown browser on Linux"),
        ("", "Unknown browser"),
        ("<script>" * 100, "Unknown browser"),
    ],
)
def test_a_machine_is_called_as_people_call_it(user_agent: str, name: str) -> None:
    assert device(user_agent) == name
