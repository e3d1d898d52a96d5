"""The company's own sign-in, against a provider that really runs: who comes in, as what, and what is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django import Settings

from cgportal.single_sign_on import SingleSignOn
from tests.factories import make_user
from tests.processes import Template, portal_for
from uploads.models import Action, AuditEvent

from .openid import CLIENT, SECRET, Provider

BEGIN, CALLBACK = "/accounts/sso/", "/accounts/sso/callback/"
NORA = {
    "sub": "u-17",
    "preferred_username": "nora",
    "given_name": "Nora",
    "family_name": "Vos",
    "email": "nora@x.example",
}
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture
def provider(running: Provider, settings: Settings, db: None) -> Provider:
    cache.clear()
    running.reset()
    running.person = NORA | {"groups": ["Callers"]}
    settings.SSO = SingleSignOn(
        name="Example Co", issuer=running.url, origin=running.url, client_id=CLIENT, client_secret=SECRET,
        roles={"Callers": frozenset({"agent"}), "Leads": frozenset({"manager"})}, groups_claim="groups",
        scopes=("openid", "profile"), local="superusers",
    )  # fmt: skip
    return running


def there_and_back(client: Client, **data: str) -> Any:
    """What the portal answers to a browser that comes back from the provider."""
    there = client.post(BEGIN, data)
    assert there.status_code == 302, there.text
    back = requests.get(there["Location"], allow_redirects=False, timeout=5).headers["Location"]
    return client.get(CALLBACK, dict(parse_qs(urlsplit(back).query)))


def who(client: Client) -> str:
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk).username if pk else ""


def test_a_newcomer_gets_an_account_with_the_role_of_the_group(provider: Provider, client: Client) -> None:
    answer = there_and_back(client, next="/submissions/")
    assert (answer.status_code, answer["Location"]) == (302, "/submissions/")
    nora = User.objects.get()
    assert (nora.username, nora.get_full_name(), nora.email) == ("nora", "Nora Vos", "nora@x.example")
    assert [group.name for group in nora.groups.all()] == ["agent"]
    assert not nora.has_usable_password()
    assert client.get("/submissions/new/").status_code == 200
    assert AuditEvent.objects.get(action=Action.USER_ADDED).actor_name == "company sign-in"
    assert AuditEvent.objects.get(action=Action.SIGNED_IN).outcome == "sso"
    assert SocialAccount.objects.get().extra_data == {}


def test_the_groups_decide_anew_at_each_sign_in(provider: Provider, client: Client) -> None:
    there_and_back(client)
    provider.person = NORA | {"groups": ["Leads", "Others"], "family_name": "Maas"}
    there_and_back(Client())
    nora = User.objects.get()
    assert (nora.last_name, [group.name for group in nora.groups.all()]) == ("Maas", ["manager"])
    assert AuditEvent.objects.filter(action=Action.USER_CHANGED).count() == 1
    provider.person = NORA | {"groups": []}
    gone = Client()
    answer = there_and_back(gone)
    assert (answer.status_code, who(gone)) == (403, "")
    assert "none of your groups there has a role" in answer.text
    assert not nora.groups.exists()
    assert client.get("/submissions/new/").status_code == 403


@pytest.mark.parametrize("groups", [None, "Strangers", ["callers"], {"Callers": True}, [["Callers"], 7]])
def test_without_a_group_that_has_a_role_no_account_is_made(provider: Provider, client: Client, groups: Any) -> None:
    provider.person = NORA | {"groups": groups}
    assert there_and_back(client).status_code == 403
    assert not User.objects.exists()
    assert AuditEvent.objects.get(action=Action.SIGN_IN_REFUSED).outcome == "no_role"


def hmac_with_the_public_key(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, "x" * 64, "HS256", headers={"kid": "one"})


WRONG: dict[str, Callable[[Provider], object]] = {
    "nonce": lambda it: setattr(it, "bend", lambda claims: claims | {"nonce": "another"}),
    "no nonce": lambda it: setattr(it, "bend", lambda claims: {k: v for k, v in claims.items() if k != "nonce"}),
    "audience": lambda it: setattr(it, "bend", lambda claims: claims | {"aud": "another portal"}),
    "authorised party": lambda it: setattr(it, "bend", lambda c: c | {"aud": [CLIENT, "other"], "azp": "other"}),
    "issuer": lambda it: setattr(it, "bend", lambda claims: claims | {"iss": "https://evil.example"}),
    "expired": lambda it: setattr(it, "bend", lambda c: c | {"iat": c["iat"] - 900, "exp": c["exp"] - 600}),
    "from the future": lambda it: setattr(it, "bend", lambda c: c | {"iat": c["iat"] + 900, "exp": c["exp"] + 900}),
    "no subject": lambda it: setattr(it, "bend", lambda claims: claims | {"sub": ""}),
    "subject with a NUL": lambda it: setattr(it, "bend", lambda claims: claims | {"sub": "a\0b"}),
    "signature": lambda it: setattr(it, "sign", lambda claims: it.signed(claims, key=STRANGER)),
    "unknown key": lambda it: setattr(it, "sign", lambda claims: it.signed(claims, kid="two")),
    "unsigned": lambda it: setattr(it, "sign", lambda c: jwt.encode(c, "", "none", headers={"kid": "one"})),
    "symmetric": lambda it: setattr(it, "sign", hmac_with_the_public_key),
    "no token": lambda it: setattr(it, "sign", lambda claims: ""),
    "nonsense": lambda it: setattr(it, "sign", lambda claims: "a.b.c"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_token_that_is_not_meant_for_this_sign_in_is_refused(
    provider: Provider, client: Client, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    WRONG[wrong](provider)
    answer = there_and_back(client)
    (told,) = [record for record in caplog.records if record.name == "uploads.access.newcomers"]
    assert "the id token" in vars(told)["evidence"]
    assert (answer.status_code, who(client)) == (401, "")
    assert "Please begin again" in answer.text
    assert not User.objects.exists()


def test_a_way_back_that_this_browser_did_not_begin_is_refused(provider: Provider, client: Client) -> None:
    there = client.post(BEGIN)["Location"]
    back = requests.get(there, allow_redirects=False, timeout=5).headers["Location"]
    query = dict(parse_qs(urlsplit(back).query))
    stranger = Client()
    assert stranger.get(CALLBACK, query).status_code == 401
    assert client.get(CALLBACK, query | {"state": "guessed"}).status_code == 401
    assert (who(stranger), who(client)) == ("", "")
    assert client.get(CALLBACK, query).status_code == 302
    assert client.get(CALLBACK, query).status_code == 401, "the same address opens nothing twice"


def test_details_that_the_token_lacks_come_from_userinfo_of_the_same_person(provider: Provider, client: Client) -> None:
    provider.person = {"sub": "u-17"}
    provider.userinfo = NORA | {"groups": ["Callers"], "sub": "u-18"}
    assert there_and_back(client).status_code == 401
    provider.userinfo = NORA | {"groups": ["Callers"]}
    assert there_and_back(client).status_code == 302
    assert who(client) == "nora"


def test_nobody_takes_over_an_account_by_its_name_or_address(provider: Provider, client: Client) -> None:
    root = User.objects.create_superuser("nora", "nora@x.example", "demo")
    assert there_and_back(client).status_code == 302
    newcomer = User.objects.exclude(pk=root.pk).get()
    assert who(client) == newcomer.username != "nora"
    assert not newcomer.is_superuser
    root.refresh_from_db()
    assert root.check_password("demo")


def test_an_account_is_linked_on_the_command_line_only(provider: Provider, client: Client) -> None:
    anna = make_user("anna", "agent")
    call_command("link_account", "anna", "u-17")
    there_and_back(client)
    assert who(client) == "anna"
    assert AuditEvent.objects.get(action=Action.LINKED).object_name == "anna"
    with pytest.raises(CommandError, match="signs in as “anna” already"):
        call_command("link_account", make_user("bram").username, "u-17")
    User.objects.create_superuser("root", password="demo")
    with pytest.raises(CommandError, match="no account that can be linked"):
        call_command("link_account", "root", "u-18")
    anna.refresh_from_db()
    assert not anna.has_usable_password()


def test_only_accounts_for_emergencies_sign_in_with_a_password(
    provider: Provider, client: Client, manager: User, superuser: User
) -> None:
    answer = client.post("/accounts/login/", {"login": "mia", "password": "demo"})
    assert (answer.status_code, who(client)) == (403, "")
    assert "signs in with Example Co" in answer.text
    assert AuditEvent.objects.get(action=Action.SIGN_IN_REFUSED).outcome == "not_local"
    assert client.get("/history/").status_code == 302
    client.post("/accounts/login/", {"login": "root", "password": "demo"})
    assert who(client) == "root"


def test_an_account_that_is_switched_off_stays_off(provider: Provider, client: Client) -> None:
    there_and_back(client)
    User.objects.update(is_active=False)
    later = Client()
    assert there_and_back(later)["Location"] == "/accounts/inactive/"
    assert who(later) == ""


def test_no_password_can_be_had_for_an_account_of_the_company(provider: Provider, client: Client) -> None:
    there_and_back(client)
    Client().post("/accounts/password/reset/", {"email": "nora@x.example"})
    assert all("/password/reset/key/" not in message.body for message in mail.outbox)


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
    ],
)
def test_a_provider_that_names_another_place_is_not_followed(
    provider: Provider, client: Client, discovery: dict[str, Any]
) -> None:
    provider.discovery = discovery
    answer = client.post(BEGIN)
    assert answer.status_code == 502
    assert "does not answer as it should" in answer.text


def test_a_provider_that_is_away_gets_a_page(provider: Provider, client: Client, settings: Settings) -> None:
    settings.SSO = SingleSignOn(**{name: getattr(settings.SSO, name) for name in settings.SSO.__slots__} | {
        "issuer": "http://127.0.0.1:9", "origin": "http://127.0.0.1:9"})  # fmt: skip
    assert client.post(BEGIN).status_code == 502
    assert client.get(CALLBACK, {"code": "x", "state": "y"}).status_code in {401, 502}


def test_without_a_provider_there_is_no_such_sign_in(client: Client, db: None) -> None:
    assert client.post(BEGIN).status_code == 404
    assert client.get(CALLBACK).status_code == 404
    assert BEGIN not in client.get("/accounts/login/").text


@pytest.mark.browser
@pytest.mark.processes
def test_a_browser_gets_through_under_the_content_security_policy(
    running: Provider, portal_template: Template, tmp_path: Path, page: Page
) -> None:
    running.reset()
    running.person = NORA | {"groups": ["Callers"]}
    with portal_for(
        portal_template, tmp_path, OIDC_ISSUER=running.url, OIDC_CLIENT_ID=CLIENT, OIDC_CLIENT_SECRET=SECRET,
        OIDC_ROLES="agent=Callers", OIDC_NAME="Example Co",
    ) as portal:  # fmt: skip
        portal.start_web()
        page.goto(f"{portal.url}/submissions/")
        page.get_by_role("button", name="Sign in with Example Co").click()
        expect(page).to_have_url(f"{portal.url}/submissions/")
