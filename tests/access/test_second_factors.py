"""Second factors: app, passkeys, recovery codes; who needs one, what is kept, and the way back for who lost theirs."""

import base64
import hashlib
import hmac
import json
import re
import struct
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from tests.processes import PASSWORD, Template, portal_for
from uploads.models import Action, AuditEvent, Call, CallOutcome

LOGIN, HOME = "/accounts/login/", "/accounts/2fa/"
ADD, AGAIN, SECOND = f"{HOME}app/add/", "/accounts/reauthenticate/", f"{HOME}sign-in/"


@pytest.fixture(autouse=True)
def fresh_limits(db: None) -> None:
    cache.clear()


def code(secret: str, steps: int = 0) -> str:
    """RFC 6238: the code of an app that knows the secret, so many half minutes from now."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    (number,) = struct.unpack(">I", digest[digest[-1] & 15 :][:4])
    return f"{(number & 0x7FFFFFFF) % 10**6:06}"


def sign_in(name: str) -> Client:
    browser = Client()
    assert browser.post(LOGIN, {"login": name, "password": "demo"}).status_code == 302
    return browser


def add_app(browser: Client) -> tuple[str, list[str]]:
    """The secret of the app, and the recovery codes that are shown once."""
    assert browser.get(ADD)["Location"].startswith(AGAIN)
    browser.post(AGAIN, {"password": "demo"})
    found = re.search(r'<code class="words">(\w+)</code>', browser.get(ADD).text)
    assert found
    answer = browser.post(ADD, {"code": code(found[1])}, follow=True)
    return found[1], re.findall(r"\b(\d{8})\n", answer.text)


def test_after_the_password_comes_the_code_of_the_app(manager: User) -> None:
    secret, codes = add_app(sign_in("mia"))
    assert len(codes) == 10
    browser = sign_in("mia")
    assert browser.get("/history/").status_code == 302, "the password alone opens nothing"
    assert browser.post(SECOND, {"code": "000000"}).status_code == 200
    assert browser.post(SECOND, {"code": code(secret, 1)})["Location"] == "/"
    assert browser.get("/history/").status_code == 200
    told = AuditEvent.objects.filter(action__in=(Action.SIGNED_IN, Action.SIGN_IN_REFUSED)).order_by("id")
    assert [event.outcome for event in told] == ["password", "second_factor", "password_totp"]


def test_a_code_opens_once(manager: User) -> None:
    secret, codes = add_app(sign_in("mia"))
    for once in (code(secret, 1), codes[0]):
        assert sign_in("mia").post(SECOND, {"code": once}).status_code == 302
        assert sign_in("mia").post(SECOND, {"code": once}).status_code == 200
    browser = sign_in("mia")
    browser.post(SECOND, {"code": codes[1]})
    assert "8 of 10 are left" in browser.get(HOME).text


def test_recovery_codes_are_shown_once(manager: User) -> None:
    browser = sign_in("mia")
    _, codes = add_app(browser)
    later = browser.get(f"{HOME}codes/").text
    assert not any(once in later for once in codes)
    new = browser.post(f"{HOME}codes/new/", follow=True).text
    assert len(re.findall(r"\b\d{8}\b", new)) == 10
    assert not any(once in new for once in codes)


def test_too_many_wrong_codes_are_stopped(manager: User) -> None:
    secret, _ = add_app(sign_in("mia"))
    for number in range(10):
        sign_in("mia").post(SECOND, {"code": f"00000{number}"})
    assert sign_in("mia").post(SECOND, {"code": code(secret, 1)}).status_code == 200


def test_the_database_does_not_give_the_secrets_away(manager: User, settings: Settings) -> None:
    secret, codes = add_app(sign_in("mia"))
    kept = json.dumps([factor.data for factor in Authenticator.objects.all()])
    assert secret not in kept
    assert not any(once in kept for once in codes)
    settings.MFA_KEY = "another key, which fits nothing that was kept"
    browser = sign_in("mia")
    for guess in (code(secret, 1), codes[0]):
        assert browser.post(SECOND, {"code": guess}).status_code == 200
    unreadable = Authenticator.objects.get(type="totp").data["secret"]
    assert get_adapter().decrypt(unreadable) != get_adapter().decrypt(unreadable), "noise, which nobody can foresee"


def test_each_change_is_on_the_record_and_told_by_mail(
    manager: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    User.objects.update(email="mia@example.com")
    browser = sign_in("mia")
    add_app(browser)
    with django_capture_on_commit_callbacks(execute=True):
        assert browser.post(f"{HOME}app/remove/").status_code == 302
    (message,) = mail.outbox
    assert message.to == ["mia@example.com"]
    assert "The authenticator app was removed from your cgportal account." in message.body
    changed = AuditEvent.objects.filter(action__startswith="user.factor").order_by("id")
    assert [(event.action, event.outcome, event.actor) for event in changed] == [
        (Action.FACTOR_ADDED, "totp", manager),
        (Action.FACTOR_ADDED, "recovery_codes", manager),
        (Action.FACTOR_REMOVED, "totp", manager),
        (Action.FACTOR_REMOVED, "recovery_codes", manager),
    ]
    assert not Authenticator.objects.exists()


def test_nothing_changes_without_the_password_once_more(manager: User) -> None:
    browser = sign_in("mia")
    assert browser.post(ADD, {"code": "000000"})["Location"].startswith(AGAIN)
    assert browser.post(f"{HOME}passkeys/add/", {"name": "x"})["Location"].startswith(AGAIN)
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("credential", ["", "{}", "[]", "null", "{", '{"id": "x", "response": {}}', '"\\u0000"'])
def test_a_passkey_of_nonsense_is_refused(manager: User, client: Client, credential: str) -> None:
    client.get(f"{HOME}passkeys/sign-in/", headers={"Accept": "application/json"})
    assert client.post(f"{HOME}passkeys/sign-in/", {"credential": credential})["Location"] == LOGIN
    browser = sign_in("mia")
    browser.post(AGAIN, {"password": "demo"})
    browser.get(f"{HOME}passkeys/add/")
    assert browser.post(f"{HOME}passkeys/add/", {"name": "x", "credential": credential}).status_code == 200
    assert not Authenticator.objects.exists()


# -- roles that need one -------------------------------------------------------------------------------------


@pytest.fixture
def required(settings: Settings) -> None:
    settings.MFA_REQUIRED_ROLES = ["manager", "admin", "superuser"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", "/history/"), ("post", "/health/pause/"), ("get", "/"), ("get", "/accounts/sessions/"),
     ("get", "/accounts/password/change/"), ("post", "/history/names/"), ("get", "/history/export.csv")],
)  # fmt: skip
def test_a_role_that_needs_a_second_factor_gets_no_further_without(
    required: None, manager: User, method: str, path: str
) -> None:
    browser = sign_in("mia")
    assert getattr(browser, method)(path)["Location"] == HOME
    fragment = getattr(browser, method)(path, headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Redirect"]) == (204, HOME)
    waiting = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{ADD}"}
    assert "HX-Redirect" not in getattr(browser, method)(path, headers=waiting)
    assert "Your role needs a second factor" in browser.get(HOME).text
    assert not AuditEvent.objects.filter(action=Action.CHANNEL_PAUSED).exists()


@pytest.mark.parametrize("path", [HOME, "/nothing/here/"])
def test_without_one_no_page_names_customers(required: None, manager: User, path: str) -> None:
    outcome = CallOutcome.objects.all()[0]
    name = {"key": "LastName", "label": "Name", "kind": "text", "value": "Klameth", "personal": True}
    Call.objects.create(
        agent=manager, token=uuid.uuid4(), outcome=outcome, customer=[name], call_back_at=timezone.now()
    )
    assert "Klameth" not in sign_in("mia").get(path).text


def test_with_one_everything_opens_again(required: None, manager: User) -> None:
    browser = sign_in("mia")
    add_app(browser)
    assert browser.get("/history/").status_code == 200


def test_who_needs_one_is_a_matter_of_the_role(required: None, agent: User, admin: User, superuser: User) -> None:
    assert sign_in("anna").get("/submissions/new/").status_code == 200
    assert sign_in("ada").get("/admin/")["Location"] == HOME
    assert sign_in("root").get("/admin/")["Location"] == HOME


def test_by_default_nobody_needs_one(manager: User) -> None:
    assert sign_in("mia").get("/history/").status_code == 200


def test_signing_out_is_always_possible(required: None, manager: User) -> None:
    assert sign_in("mia").post("/accounts/logout/")["Location"] == LOGIN


# -- lost ----------------------------------------------------------------------------------------------------


def test_the_operator_takes_lost_factors_off_an_account(manager: User, capsys: pytest.CaptureFixture[str]) -> None:
    browser = sign_in("mia")
    add_app(browser)
    call_command("reset_second_factor", "mia")
    assert browser.get("/history/").status_code == 302, "sessions end with it"
    assert sign_in("mia").get("/history/").status_code == 200
    event = AuditEvent.objects.select_related("payload").get(action=Action.FACTORS_RESET)
    assert (event.object_name, event.actor_name) == ("mia", "command line")
    assert json.loads(bytes(event.payload.body)) == {"kinds": ["recovery_codes", "totp"]}


@pytest.mark.parametrize(("name", "sentence"), [("mia", "has no second factor"), ("nobody", "no account called")])
def test_there_is_nothing_to_take_off(manager: User, name: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("reset_second_factor", name)


# -- passkeys, in a browser with a key of its own ------------------------------------------------------------


def with_a_key(page: Page) -> Any:
    """A security key with a fingerprint reader, always touched; gives the browser's debugger."""
    debugger = page.context.new_cdp_session(page)
    debugger.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    more = {"isUserVerified": True, "automaticPresenceSimulation": True}
    debugger.send("WebAuthn.addVirtualAuthenticator", {"options": options | more})
    return debugger


@pytest.mark.browser
@pytest.mark.processes
def test_a_passkey_is_added_and_signs_in_alone(portal_template: Template, tmp_path: Path, page: Page) -> None:
    with portal_for(portal_template, tmp_path, MFA_REQUIRED_ROLES="manager") as portal:
        portal.start_web()
        here = f"http://localhost:{portal.port}"  # an address made of numbers has no passkeys
        with_a_key(page)
        page.goto(f"{here}/history/")
        page.fill("[name=login]", "manager")
        page.fill("[name=password]", PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("Your role needs a second factor")).to_be_visible()
        page.get_by_role("link", name="Add a passkey").click()
        page.fill("[name=password]", PASSWORD)
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("button", name="Add the passkey").click()
        page.get_by_role("link", name="I have kept them").click()
        page.context.clear_cookies()
        page.goto(f"{here}/history/")
        page.get_by_role("button", name="Use a passkey").click()
        expect(page).to_have_url(f"{here}/history/")
        assert portal.sql("SELECT outcome FROM uploads_auditevent WHERE action = 'session.signed_in' ORDER BY id") == [
            ("password",), ("webauthn",),
        ]  # fmt: skip
