"""What is typed is kept on the server: while typing, when the session ends, and until it is saved or discarded."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from tests.factories import make_submission
from uploads.audit.retention import run_due
from uploads.models import Call, CallOutcome, Draft, ReasonCode, State, Submission, SurveyField, WorkflowStatus

from .conftest import NEW, Desk, filled

SAVE, DISCARD = "/submissions/draft/", "/submissions/draft/discard/"
SignedIn = Callable[[User], Client]


def keep(client: Client, token: str, version: int = 0, **answers: Any) -> HttpResponse:
    """What the page sends by itself while somebody types."""
    return client.post(SAVE, {"submit_token": token, "draft-version": str(version)} | answers)


def opened(client: Client, token: str) -> HttpResponse:
    return client.get(f"{NEW}?draft={token}")


def test_what_is_typed_is_kept_and_opens_again(desk: Desk, agent: User, reasons: dict[str, ReasonCode]) -> None:
    token = desk.token()
    typed = {"FirstName": "Lee", "score": "4", "comment": " two\nlines ", "reasons": ["10020", "10030"], "contact": "N"}
    first = keep(desk.client, token, **typed)
    assert (first.status_code, first.headers["X-Draft-Version"]) == (204, "1")
    page = opened(desk.client, token)
    assert page.status_code == 200
    values = filled(page)
    assert {name: values[name] for name in typed} == typed
    assert values["submit_token"] == token
    assert values["draft-version"] == "1"
    assert Draft.objects.get().agent == agent
    assert not Submission.objects.exists()


@pytest.mark.parametrize("typed", [{}, {"comment": "  "}, {"workflow_status": "IN-PROGRESS", "contact": ""}])
def test_an_empty_form_makes_no_draft(desk: Desk, default_status: None, typed: dict[str, str]) -> None:
    answer = keep(desk.client, desk.token(), **typed)
    assert (answer.status_code, answer.headers["X-Draft-Version"]) == (204, "0")
    assert not Draft.objects.exists()


def test_a_form_that_is_emptied_leaves_no_draft(desk: Desk) -> None:
    token = desk.token()
    keep(desk.client, token, comment="x")
    assert keep(desk.client, token, 1, comment="").headers["X-Draft-Version"] == "0"
    assert not Draft.objects.exists()


def test_of_two_tabs_the_second_is_told_and_may_go_on(desk: Desk) -> None:
    token = desk.token()
    keep(desk.client, token, comment="both")
    assert keep(desk.client, token, 1, comment="first tab").status_code == 204
    clash = keep(desk.client, token, 1, comment="second tab")
    assert (clash.status_code, clash.headers["X-Draft-Version"]) == (409, "2")
    assert Draft.objects.get().values["comment"] == ["first tab"]
    assert keep(desk.client, token, 2, comment="second tab").headers["X-Draft-Version"] == "3"


def test_saving_takes_the_draft_away_and_a_late_one_is_refused(desk: Desk) -> None:
    token = desk.token()
    keep(desk.client, token, comment="typed")
    assert desk.save(submit_token=token).status_code == 302
    assert not Draft.objects.exists()
    assert keep(desk.client, token, 1, comment="typed later").status_code == 410
    assert not Draft.objects.exists()
    page = opened(desk.client, token)
    assert page.headers["Location"] == f"/submissions/{Submission.objects.get().uuid}/"


def test_a_refused_form_keeps_its_draft(desk: Desk) -> None:
    token = desk.token()
    keep(desk.client, token, comment="typed")
    page = desk.save(submit_token=token, score="11", **{"draft-version": "1"})
    assert page.status_code == 422
    assert filled(page)["draft-version"] == "1"
    assert Draft.objects.exists()


def test_what_became_a_call_without_a_survey_is_kept_no_more(desk: Desk, agent: User) -> None:
    token = uuid.uuid4()
    Call.objects.note(agent, token, CallOutcome.objects.first())
    assert keep(desk.client, str(token), comment="typed later").status_code == 410


def test_a_draft_is_its_agents_alone(desk: Desk, desk2: Desk) -> None:
    token = desk.token()
    keep(desk.client, token, FirstName="Annalies")
    assert opened(desk2.client, token).status_code == opened(desk2.client, str(uuid.uuid4())).status_code == 404
    assert keep(desk2.client, token, 1, FirstName="Bert").status_code == 404
    desk2.client.post(DISCARD, {"draft": token})
    assert Draft.objects.get().values["FirstName"] == ["Annalies"]
    assert "Annalies" not in desk2.client.get(NEW).text


@pytest.mark.parametrize("name", ["draft", "call", "from"])
@pytest.mark.parametrize("value", ["", "x", "\0", str(uuid.UUID(int=9))])
def test_an_address_that_names_nothing_is_not_found(desk: Desk, name: str, value: str) -> None:
    assert desk.client.get(NEW, {name: value}).status_code == 404


def test_what_is_offered_no_more_is_named(desk: Desk, reasons: dict[str, ReasonCode]) -> None:
    token = desk.token()
    keep(desk.client, token, score="4", reasons=["10020", "10030"], workflow_status="OPEN", LastName="Klameth")
    ReasonCode.objects.filter(code="10020").update(active=False)
    WorkflowStatus.objects.filter(code="OPEN").update(active=False)
    SurveyField.objects.filter(key="LastName").update(active=False)
    page = opened(desk.client, token)
    assert filled(page)["reasons"] == ["10030"]
    assert "“Waiting time” is not offered any more. Choose again." in page.text
    assert "“Open” is not offered any more. Choose again." in page.text
    assert "“Klameth” (LastName) is not asked any more and was left out." in page.text


def test_drafts_stand_in_the_list_and_beside_the_form_until_they_are_discarded(desk: Desk) -> None:
    token = desk.token()
    keep(desk.client, token, FirstName="Lee", LastName="Klameth", score="4")
    for path in (NEW, "/submissions/"):
        page = desk.client.get(path)
        assert f'href="{NEW}?draft={token}"' in page.text
        assert "Lee Klameth" in page.text
    assert not opened(desk.client, token).context["drafts"]
    assert desk.client.post(DISCARD, {"draft": token, "list": "1"}).headers["Location"] == "/submissions/"
    assert not Draft.objects.exists()


def test_drafts_that_nobody_touched_for_a_month_are_forgotten(desk: Desk) -> None:
    for days in (29, 31):
        token = desk.token()
        keep(desk.client, token, comment=f"{days} days")
        Draft.objects.filter(token=token).update(updated_at=timezone.now() - timedelta(days=days))
    run_due()
    assert Draft.objects.get().values["comment"] == ["29 days"]


@pytest.mark.parametrize("version", ["", "x", "-1", "1.0", "٣", "9" * 40])
def test_nonsense_is_refused(desk: Desk, version: str) -> None:
    answer = desk.client.post(SAVE, {"submit_token": desk.token(), "draft-version": version, "comment": "x"})
    assert answer.status_code == 400
    assert keep(desk.client, "no token", comment="x").status_code == 400


def test_any_text_can_be_kept_but_not_any_amount(desk: Desk) -> None:
    token = desk.token()
    assert keep(desk.client, token, comment="a\0b 😀 \u202e", unknown="x").status_code == 204
    assert Draft.objects.get().values == {"comment": ["a\ufffdb 😀 \u202e"]}
    assert keep(desk.client, token, 1, comment="x" * 50_001).status_code == 413


def test_a_draft_of_a_correction_opens_as_a_correction(desk: Desk, agent: User) -> None:
    old = make_submission(agent, State.DELIVERED)
    form = filled(desk.client.get(f"{NEW}?from={old.uuid}"))
    token = form["submit_token"]
    assert desk.client.post(SAVE, form | {"comment": "corrected"}).status_code == 204
    page = opened(desk.client, token)
    values = filled(page)
    assert (values["revises"], values["comment"]) == (str(old.uuid), "corrected")
    answer = desk.client.post(NEW, values | {"correction-reason": "misheard"})
    assert answer.status_code == 302
    assert not Draft.objects.exists()


def test_a_managers_correction_is_kept_for_the_manager(manager: User, agent: User, signed_in: SignedIn) -> None:
    old, client, token = make_submission(agent, State.DELIVERED), signed_in(manager), str(uuid.uuid4())
    keep(client, token, comment="by the manager", revises=str(old.uuid))
    page = client.get(f"{NEW}?draft={token}", follow=True)
    assert page.redirect_chain == [(f"/history/{old.uuid}/correct/?draft={token}", 302)]
    assert filled(page)["comment"] == "by the manager"
    assert opened(signed_in(agent), token).status_code == 404


def test_nobody_keeps_a_correction_of_what_they_may_not_see(desk2: Desk, agent: User) -> None:
    old = make_submission(agent, State.DELIVERED)
    assert keep(desk2.client, str(uuid.uuid4()), comment="x", revises=str(old.uuid)).status_code == 404
    assert not Draft.objects.exists()


# -- the session has ended ---------------------------------------------------------------------------------------


def sign_in(browser: Client, name: str, follow: str) -> HttpResponse:
    return browser.post(follow, {"login": name, "password": "demo"})


def test_a_form_saved_after_the_session_ended_is_offered_after_the_sign_in(desk: Desk, agent: User) -> None:
    answers = desk.answers(comment="typed for ten minutes")
    Session.objects.all().delete()
    answer = desk.client.post(NEW, answers)
    assert answer.headers["Location"].startswith("/accounts/login/?next=")
    assert not Submission.objects.exists()
    assert not Draft.objects.exists()
    assert "is kept for a quarter of an hour: sign in" in desk.client.get(answer.headers["Location"]).text
    back = sign_in(desk.client, "anna", answer.headers["Location"])
    assert back.headers["Location"] == f"{NEW}?draft={answers['submit_token']}"
    page = desk.client.get(back.headers["Location"])
    assert "This is what stood in the form before you signed in." in page.text
    assert "Draft kept" in page.text
    assert {name: filled(page)[name] for name in answers} == answers
    assert Draft.objects.get().agent == agent
    assert desk.client.post(NEW, filled(page)).status_code == 302
    assert Submission.objects.get().comment == "typed for ten minutes"
    assert desk.client.session.get_expire_at_browser_close()


def test_what_was_kept_already_is_brought_up_to_date(desk: Desk) -> None:
    token = desk.token()
    keep(desk.client, token, comment="typ")
    answers = desk.answers(submit_token=token, comment="typed to the end")
    Session.objects.all().delete()
    answer = desk.client.post(NEW, answers)
    sign_in(desk.client, "anna", answer.headers["Location"])
    assert Draft.objects.get().values["comment"] == ["typed to the end"]


def test_a_form_that_was_saved_before_the_session_ended_is_no_draft(desk: Desk) -> None:
    answers = desk.answers()
    desk.client.post(NEW, answers)
    Session.objects.all().delete()
    back = sign_in(desk.client, "anna", desk.client.post(NEW, answers).headers["Location"])
    assert not Draft.objects.exists()
    page = desk.client.get(back.headers["Location"])
    assert page.headers["Location"] == f"/submissions/{Submission.objects.get().uuid}/"


def test_somebody_elses_draft_stays_theirs(desk: Desk, agent2: User) -> None:
    token = desk.token()
    keep(desk.client, token, comment="typ")
    answers = desk.answers(submit_token=token, comment="typed by Anna")
    Session.objects.all().delete()
    answer = desk.client.post(NEW, answers)
    sign_in(desk.client, "bram", answer.headers["Location"])
    assert [(draft.agent.username, draft.values["comment"]) for draft in Draft.objects.all()] == [("anna", ["typ"])]


@pytest.mark.parametrize(("who", "made"), [("agent2", 1), ("manager", 1), ("admin", 0), ("outsider", 0)])
def test_only_who_may_enter_results_gets_the_draft(
    request: pytest.FixtureRequest, db: None, who: str, made: int
) -> None:
    browser, user = Client(), request.getfixturevalue(who)
    answer = browser.post(NEW, {"comment": "typed", "submit_token": str(uuid.uuid4())})
    sign_in(browser, user.username, answer.headers["Location"])
    assert Draft.objects.filter(agent=user).count() == Draft.objects.count() == made
    assert "typed" not in browser.session


def test_what_waits_for_a_sign_in_waits_a_quarter_of_an_hour(agent: User) -> None:
    browser = Client()
    browser.post(NEW, {"comment": "typed", "submit_token": str(uuid.uuid4())})
    row = Session.objects.get()
    assert timedelta(minutes=14) < row.expire_date - timezone.now() <= timedelta(minutes=15)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    sign_in(browser, "anna", "/accounts/login/")
    assert not Draft.objects.exists()


def test_another_browser_gets_nothing(agent: User) -> None:
    answer = Client().post(NEW, {"comment": "typed", "submit_token": str(uuid.uuid4())})
    sign_in(Client(), "anna", answer.headers["Location"])
    assert not Draft.objects.exists()


@pytest.mark.parametrize(("origin", "kept"), [("http://testserver", 1), ("http://evil.example", 0), ("null", 0)])
def test_with_a_stale_key_and_no_session_only_our_own_page_is_listened_to(agent: User, origin: str, kept: int) -> None:
    browser = Client(enforce_csrf_checks=True)
    answer = browser.post(NEW, {"comment": "typed", "submit_token": str(uuid.uuid4())}, headers={"Origin": origin})
    assert answer.status_code == (302 if kept else 403)
    assert Session.objects.count() == kept
    assert ("session" in answer.cookies) == bool(kept)
