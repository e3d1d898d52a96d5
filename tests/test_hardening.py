"""Requests that no page of the portal makes: each gets a page that says so, nothing is saved, and nothing breaks."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.template.loader import render_to_string
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import Settings

from tests.factories import make_submission
from uploads.models import Action, AuditEvent, ReasonCode, Submission

REASONS = "/admin/uploads/reasoncode/"
USERS = "/admin/auth/user/"
HUGE = str(10**20)
NUL = "a\0b"
PERSON = {"username": "nina", "password1": "a-long-enough-phrase", "password2": "a-long-enough-phrase"}
LISTED = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-position": "5", "_save": "Save"}

ASKED = [
    (REASONS, {"id__in": f"1,{HUGE}"}),
    (REASONS, {"id__in": "1,x"}),
    (REASONS, {"id__exact": HUGE}),
    (REASONS, {"id__gt": HUGE}),
    (REASONS, {"side__exact": NUL}),
    (REASONS, {"side__in": f"any,{NUL}"}),
    (REASONS, {"code__exact": NUL}),
    (REASONS, {"parent__id__exact": HUGE}),
    (REASONS, {"parent__id__exact": NUL}),
    (REASONS, {"parent__isnull": NUL}),
    (REASONS, {"active__exact": NUL}),
    (REASONS, {"label__regex": "("}),
    (REASONS, {"password__startswith": "x"}),
    (REASONS, {"q": NUL}),
    (REASONS, {"p": HUGE}),
    (REASONS, {"o": HUGE}),
    (REASONS, {"e": NUL}),
    (f"{REASONS}add/", {"parent": HUGE}),
    (f"{REASONS}add/", {"parent": NUL, "code": NUL, "position": HUGE}),
    (f"{REASONS}{HUGE}/change/", {}),
    (f"{REASONS}a%00b/change/", {}),
    (f"{REASONS}{HUGE}/history/", {}),
    (f"{REASONS}a%00b/history/", {}),
    (USERS, {"username__exact": NUL}),
    (USERS, {"groups__id__exact": HUGE}),
    (USERS, {"groups__id__in": f"{HUGE},1"}),
    (USERS, {"password__startswith": "scrypt"}),
    (f"{USERS}{HUGE}/password/", {}),
    (f"{USERS}a%00b/password/", {}),
    (f"{USERS}add/", {"groups": f"{HUGE},{NUL}"}),
    (f"/admin/r/{HUGE}/{HUGE}/", {}),
    ("/admin/r/a%00b/a%00b/", {}),
    ("/admin/autocomplete/", {"app_label": NUL, "model_name": NUL, "field_name": NUL}),
    ("/admin/a%00b/", {}),
]
POSTED = [
    (REASONS, {"action": "switch_off", "_selected_action": "abc"}),
    (REASONS, {"action": "switch_off", "_selected_action": NUL}),
    (REASONS, {"action": "switch_off", "_selected_action": ["1", HUGE]}),
    (REASONS, {"action": NUL, "_selected_action": "1", "index": NUL}),
    (REASONS, {"action": "switch_off", "_selected_action": "0", "index": HUGE}),
    (REASONS, LISTED | {"form-0-id": HUGE}),
    (REASONS, LISTED | {"form-0-id": "abc"}),
    (REASONS, LISTED | {"form-0-id": NUL}),
    (REASONS, LISTED | {"form-TOTAL_FORMS": HUGE}),
    (REASONS, LISTED | {"form-TOTAL_FORMS": NUL}),
    (f"{REASONS}add/", {"code": NUL, "label": NUL, "side": NUL, "parent": NUL, "position": NUL}),
    (f"{REASONS}add/", {"code": "1", "label": "One", "side": "any", "parent": HUGE, "position": "1"}),
    (f"{REASONS}{HUGE}/change/", {"code": "1"}),
    (USERS, {"action": "switch_off", "_selected_action": "abc"}),
    (USERS, {"action": "switch_off", "_selected_action": HUGE}),
    (f"{USERS}add/", PERSON | {"groups": HUGE}),
    (f"{USERS}add/", PERSON | {"groups": NUL}),
    (f"{USERS}add/", PERSON | {"username": NUL}),
    (f"{USERS}{HUGE}/password/", {"password1": "x"}),
]


@pytest.fixture
def root(superuser: User, signed_in: Callable[[User], Client]) -> Client:
    ReasonCode.objects.create(code="10020", label="Waiting time", position=10)
    return signed_in(superuser)


def kept() -> list[object]:
    """What none of these requests may change."""
    return [*ReasonCode.objects.order_by("pk").values_list(), *User.objects.order_by("pk").values_list()]


@pytest.mark.parametrize(("path", "query"), ASKED)
def test_an_administrator_who_asks_for_nonsense_is_told_so(root: Client, path: str, query: dict[str, str]) -> None:
    assert root.get(path, query).status_code in {200, 302, 400, 403, 404}


@pytest.mark.parametrize(("path", "data"), POSTED)
def test_an_administrator_who_posts_nonsense_changes_nothing(root: Client, path: str, data: dict[str, str]) -> None:
    before = kept()
    assert root.post(path, data).status_code in {200, 302, 400, 403, 404}
    assert kept() == before


def test_the_refusal_of_nonsense_shows_the_way_back(root: Client) -> None:
    answer = root.post(REASONS, {"action": "switch_off", "_selected_action": "abc"})
    assert answer.status_code == 400
    assert f'href="{REASONS}"' in answer.text
    assert "nothing was saved" in answer.text


def test_an_address_cannot_bring_its_own_regular_expression(root: Client) -> None:
    """It would run on every row, and some run for hours."""
    assert root.get(REASONS, {"label__regex": "Wait"}).status_code == 400
    assert root.get(REASONS, {"label__iregex": "wait"}).status_code == 400
    assert root.get(REASONS, {"side__exact": "any"}).status_code == 200


@pytest.mark.parametrize(
    "key",
    ['"\\000abcdefghijk"', "abcdefgh", "a" * 31, "A" * 32, "a" * 33, "../../../../etc/passwd0000000000", "é" * 32],
)
def test_a_session_key_that_was_never_given_out_is_nobodys(
    manager: User, signed_in: Callable[[User], Client], key: str
) -> None:
    signed_in(manager)
    Session.objects.update(session_key="abcdefgh")
    answer = Client().get("/history/", headers={"Cookie": f"session={key}"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")
    assert Client().get("/accounts/login/", headers={"Cookie": f"session={key}"}).status_code == 200


def test_signing_in_over_a_strange_session_key_gives_a_fresh_one(client: Client, manager: User) -> None:
    data = {"login": "mia", "password": "demo"}
    answer = client.post("/accounts/login/", data, headers={"Cookie": 'session="\\000abcdefghijk"'})
    assert answer.status_code == 302
    assert Session.objects.get().session_key == answer.cookies["session"].value
    client.cookies = answer.cookies
    assert client.get("/history/").status_code == 200


PLACES = [
    "/?next={}", "/accounts/login/?next={}", "/accounts/password/reset/?next={}", "/accounts/signup/?next={}",
    "/accounts/password/reset/key/1-{}/", "/accounts/password/reset/key/zzzzzzzzzzzzzzzzzzzzzz-{}/",
    "/submissions/?before={}", "/submissions/?after={}", "/submissions/new/?CustomerNumber={}&Email={}&revises={}",
    "/submissions/new/?again={}", "/history/?q={}", "/history/?before={}&agent={}&state={}", "/history/?after={}",
    "/history/?customer={}&number={}&email={}", "/history/?score_min={}&since={}&until={}&reason={}",
    "/attention/?state={}&before={}", "/attention/?after={}", "/history/{}/", "/submissions/{}/", "/{}", "/static/{}",
    "/health/?x={}", "/healthz?x={}", "/readyz?x={}",
]  # fmt: skip


@pytest.mark.parametrize("what", ["%00", "a%00b", "%F0%9F%98%80%00", "%ED%A0%80", str(10**40)])
@pytest.mark.parametrize("place", PLACES)
def test_no_address_breaks_a_page(manager: User, signed_in: Callable[[User], Client], place: str, what: str) -> None:
    for browser in (Client(), signed_in(manager)):
        assert browser.get(place.replace("{}", what)).status_code < 500


@pytest.mark.parametrize(
    "header",
    ["Cookie", "Referer", "Origin", "HX-Request", "HX-Current-URL", "X-Forwarded-For", "X-Request-ID", "Accept"],
)
def test_no_header_breaks_a_page(manager: User, signed_in: Callable[[User], Client], header: str) -> None:
    value = 'csrf="\\000a"; messages="\\000"; x="\\000"' if header == "Cookie" else NUL
    assert Client().get("/accounts/login/", headers={header: value}).status_code < 500
    data = {"login": "mia", "password": "wrong"}
    assert Client().post("/accounts/login/", data, headers={header: value}).status_code < 500
    if header != "Cookie":
        assert signed_in(manager).get("/history/", headers={header: value}).status_code < 500


@pytest.mark.parametrize("path", ["/submissions/new/", "/accounts/login/", REASONS, "/nothing/here", "/history/"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("csrf", ["", "csrf=" + "a" * 32])
def test_a_form_in_another_alphabet_is_refused_with_a_page(
    manager: User, signed_in: Callable[[User], Client], path: str, kind: str, csrf: str
) -> None:
    for browser in (signed_in(manager), Client()):
        browser.handler.enforce_csrf_checks = True
        if csrf:
            browser.cookies["csrf"] = "a" * 32
        answer = browser.generic("POST", path, "score=9".encode("utf-16"), f"{kind}; charset=utf-16")
        assert 400 <= answer.status_code < 500
        assert "· cgportal</title>" in answer.text


def test_a_form_that_cannot_be_read_says_so(client: Client, db: None) -> None:
    answer = client.post(
        "/accounts/login/", b"login=mia", content_type="application/x-www-form-urlencoded; charset=utf-16"
    )
    assert answer.status_code == 400
    assert "nothing was saved" in answer.text


# -- who looked


@pytest.fixture
def theirs(agent: User) -> Submission:
    return make_submission(agent, comment="Nobody called back")


def looks(submission: Submission) -> int:
    return AuditEvent.objects.about(submission).filter(action=Action.VIEWED).count()


@pytest.mark.parametrize("query", ["", "?seen=", "?seen=x", "?seen=-1", "?seen=99"])
def test_a_fragment_shows_nothing_without_a_record(
    theirs: Submission, manager: User, signed_in: Callable[[User], Client], query: str
) -> None:
    browser = signed_in(manager)
    answer = browser.get(f"/history/{theirs.uuid}/{query}", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert looks(theirs) == 1


def test_only_a_page_that_says_what_it_showed_asks_again(
    theirs: Submission, manager: User, signed_in: Callable[[User], Client]
) -> None:
    browser = signed_in(manager)
    for number in (1, 2):
        browser.get(f"/history/{theirs.uuid}/", headers={"HX-Request": "true"})
        assert looks(theirs) == number


def test_a_page_that_asks_again_is_recorded_once_for_each_person(
    theirs: Submission, manager: User, superuser: User, signed_in: Callable[[User], Client]
) -> None:
    for person, before in ((manager, 0), (superuser, 1)):
        browser = signed_in(person)
        assert browser.get(f"/history/{theirs.uuid}/").status_code == 200
        for _ in range(3):
            assert browser.get(f"/history/{theirs.uuid}/?seen=99", headers={"HX-Request": "true"}).status_code == 200
        assert looks(theirs) == before + 1


# -- who may become whom


@pytest.mark.parametrize(
    "page", ["email/", "confirm-email/", "confirm-email/abc/", "login/code/", "login/code/confirm/", "3rdparty/", ""]
)
def test_of_the_librarys_pages_only_the_wanted_ones_are_there(
    manager: User, signed_in: Callable[[User], Client], page: str
) -> None:
    for browser in (Client(), signed_in(manager)):
        assert browser.get(f"/accounts/{page}").status_code == 404
        assert browser.post(f"/accounts/{page}", {"action_add": "", "email": "mine@evil.example"}).status_code == 404
    assert not User.objects.exclude(email="").exists()


def test_no_address_of_ones_own_can_be_set(db: None) -> None:
    with pytest.raises(NoReverseMatch):
        reverse("account_email")


def test_somebody_without_a_password_gets_one_through_the_mail_only(
    manager: User, signed_in: Callable[[User], Client]
) -> None:
    manager.set_unusable_password()
    manager.save()
    browser = signed_in(manager)
    answer = browser.get("/accounts/password/change/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/password/reset/"
    assert answer.status_code == 200


NEW = {"password1": "another-long-phrase", "password2": "another-long-phrase"}


def link_in_the_mail(client: Client) -> str:
    cache.clear()
    User.objects.update(email="mia@example.com")
    client.post("/accounts/password/reset/", {"email": "mia@example.com"})
    (message,) = mail.outbox
    first = next(word for word in message.body.split() if "/accounts/" in word)
    return client.get("/accounts/" + first.split("/accounts/")[1], follow=True).redirect_chain[-1][0]


def test_a_changed_password_is_recorded_and_the_password_is_not(
    manager: User, signed_in: Callable[[User], Client]
) -> None:
    cache.clear()
    browser = signed_in(manager)
    assert browser.post("/accounts/password/change/", NEW | {"oldpassword": "demo"}).status_code == 302
    event = AuditEvent.objects.get(action=Action.PASSWORD_CHANGED)
    assert (event.actor, event.object_name, bytes(event.commitment)) == (manager, "mia", b"")


def test_a_password_chosen_through_the_mail_is_recorded(client: Client, manager: User) -> None:
    assert client.post(link_in_the_mail(client), NEW).status_code == 302
    event = AuditEvent.objects.get(action=Action.PASSWORD_RESET)
    assert (event.actor, event.object_name) == (manager, "mia")


def test_a_refused_password_is_neither_changed_nor_recorded(manager: User, signed_in: Callable[[User], Client]) -> None:
    cache.clear()
    assert signed_in(manager).post("/accounts/password/change/", NEW | {"oldpassword": "x"}).status_code == 200
    assert not AuditEvent.objects.filter(action=Action.PASSWORD_CHANGED).exists()
    assert User.objects.get(username="mia").check_password("demo")


def test_without_a_mail_server_no_link_is_made(client: Client, manager: User, settings: Settings) -> None:
    settings.EMAIL_CONFIGURED = False
    User.objects.update(email="mia@example.com")
    for answer in (
        client.get("/accounts/password/reset/"),
        client.post("/accounts/password/reset/", {"email": "mia@example.com"}),
    ):
        assert "a superuser sets a new password under Lists → Users" in answer.text
    assert mail.outbox == []
    assert "/password/reset/" not in client.get("/accounts/login/").text


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "False dummy"),
        ({"DEBUG": "true"}, "True console"),
        ({"EMAIL_URL": "smtp://mail.example.com:25"}, "True smtp"),
    ],
)
def test_links_to_accounts_are_printed_in_development_only(
    tmp_path: Path, variables: dict[str, str], expected: str
) -> None:
    env = {"SECRET_KEY": "x" * 40, "VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "cgportal.settings"}
    told = "from django.conf import settings as s; print(s.EMAIL_CONFIGURED, s.EMAIL_BACKEND.split('.')[-2])"
    answer = subprocess.run(
        [sys.executable, "-c", told], cwd=Path(__file__).parents[1], env=env | variables, capture_output=True, text=True
    )
    assert answer.stdout.strip() == expected, answer.stderr


def test_with_a_mail_server_the_sign_in_page_offers_the_link(client: Client, db: None) -> None:
    assert "/accounts/password/reset/" in client.get("/accounts/login/").text


# -- what the pages say


def test_the_sign_in_page_waits_for_the_name(client: Client, db: None) -> None:
    html = client.get("/accounts/login/").text
    name = next(tag for tag in html.split("<input") if 'name="login"' in tag)
    assert "autofocus" in name
    assert html.count("autofocus") == 1


@pytest.mark.parametrize("page", ["login/", "password/change/", "password/reset/", "reauthenticate/"])
def test_no_box_repeats_its_label(manager: User, signed_in: Callable[[User], Client], page: str) -> None:
    browser = signed_in(manager) if page in {"password/change/", "reauthenticate/"} else Client()
    html = browser.get(f"/accounts/{page}").text
    assert "<input" in html
    assert "placeholder" not in html


def test_the_page_for_a_new_password_has_no_box_that_repeats_its_label(client: Client, manager: User) -> None:
    html = client.get(link_in_the_mail(client)).text
    assert 'name="password2"' in html
    assert "placeholder" not in html


def test_a_lost_page_promises_nothing_about_what_was_typed() -> None:
    html = render_to_string("500.html")
    assert "is still there" not in html
    assert "what you typed on the page may be lost" in html


@pytest.mark.parametrize("page", ["login/", "signup/", "inactive/", "password/reset/"])
def test_people_without_an_account_are_sent_to_who_makes_them(client: Client, db: None, page: str) -> None:
    html = client.get(f"/accounts/{page}").text
    assert "under Lists → Users" in html
    assert "administrator" not in html


def test_the_administration_shows_hours_from_0_to_23(root: Client, agent: User) -> None:
    User.objects.filter(pk=agent.pk).update(date_joined="2026-11-05T15:37:00Z", last_login="2026-11-05T23:05:00Z")
    html = root.get(f"{USERS}{agent.pk}/change/").text
    assert "5 Nov 2026, 16:37" in html
    assert "6 Nov 2026, 00:05" in html
