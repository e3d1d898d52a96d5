"""A manager also has CustomerGauge anonymise the person: asked for when erasing, followed, decided on."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from tests.audit.test_erase import entered
from tests.factories import customer
from tests.processes import Template, eventually, portal_for
from tests.test_accessibility import faults, sideways
from uploads.models import Anonymisation, AuditEvent, Cause, Erasure, State, Submission

from .conftest import LEASE, WORKER
from .test_erase import confirm, find, ticks, words

EMAIL = "lee@example.com"
BO = [customer("CustomerNumber", "Customer number", "identifier", "1143"),
      customer("Email", "E-mail", "email", "bo@example.com")]  # fmt: skip


@pytest.fixture(autouse=True)
def oauth(settings: Any) -> None:
    settings.CUSTOMERGAUGE_API_KEY = ""
    settings.CUSTOMERGAUGE_CLIENT_ID = "client-7"


@pytest.fixture
def asked(browser: Client, agent: User) -> Anonymisation:
    confirm(browser, entered(agent, State.DELIVERED), anonymise=[EMAIL])
    return Anonymisation.objects.get()


def call(row: Anonymisation, evidence: str, status: int | None) -> Cause:
    """A worker takes it, and the call ends so; what becomes of it is the caller's."""
    attempt = row.claim(WORKER, timezone.now() + LEASE, {"body": EMAIL})
    assert attempt
    row.mark_on_wire(attempt)
    attempt.end(outcome="played", evidence=evidence, seconds=0.2, status=status, code="")
    return Cause(WORKER, evidence, attempt, {"body": EMAIL})


def certificate(browser: Client, row: Anonymisation) -> str:
    return words(browser.get(f"/erase/{row.certificate}/").text)


def decide(browser: Client, row: Anonymisation, decision: str, version: int | None = None) -> Any:
    given = {"decision": decision, "version": row.version if version is None else version}
    return browser.post(f"/erase/anonymise/{row.pk}/decide/", given, follow=True)


def offered(browser: Client) -> bool:
    return 'name="anonymise"' in find(browser, EMAIL).text


def test_it_is_offered_and_not_ticked(browser: Client, agent: User) -> None:
    submission = entered(agent, State.DELIVERED)
    assert ticks(find(browser, EMAIL).text) == {str(submission.uuid): True, EMAIL: False}
    confirm(browser, submission)
    assert (Erasure.objects.count(), Anonymisation.objects.count()) == (1, 0)


@pytest.mark.parametrize("state", [State.QUEUED, State.REJECTED, State.CANCELLED])
def test_it_is_not_offered_where_customergauge_has_nothing(browser: Client, agent: User, state: State) -> None:
    entered(agent, state)
    assert not offered(browser)


def test_it_is_not_offered_without_an_oauth2_client(browser: Client, agent: User, settings: Any) -> None:
    submission = entered(agent, State.DELIVERED)
    settings.CUSTOMERGAUGE_API_KEY = "key"
    assert not offered(browser)
    assert confirm(browser, submission, anonymise=[EMAIL]).status_code == 422
    assert not Erasure.objects.exists()


@pytest.mark.parametrize("address", ["bo@example.com", "stranger@example.com", "x\0"])
def test_only_addresses_of_what_is_erased_are_asked_about(browser: Client, agent: User, address: str) -> None:
    lee = entered(agent, State.DELIVERED)
    entered(agent, State.DELIVERED, customer=BO)
    answer = confirm(browser, lee, anonymise=[address])
    assert (answer.status_code, "only about somebody who is erased here" in words(answer.text)) == (422, True)
    assert not Erasure.objects.exists()


def test_what_was_ticked_stays_ticked_when_something_is_missing(browser: Client, agent: User) -> None:
    answer = confirm(browser, entered(agent, State.DELIVERED), anonymise=[EMAIL], reason="")
    assert (answer.status_code, ticks(answer.text)[EMAIL]) == (422, True)


def test_the_certificate_follows_it_and_names_nobody(browser: Client, asked: Anonymisation) -> None:
    assert "Waiting" in certificate(browser, asked)
    cause = call(asked, "server_error", 500)
    asked.requeue(cause, timezone.now(), spend_try=True)
    assert "answered 500: CustomerGauge reports an error on its side." in certificate(browser, asked)
    asked.succeed(call(asked, "taken", 200), "")
    page = certificate(browser, asked)
    assert "CustomerGauge took the request; its reply does not say which records it changed." in page
    assert EMAIL not in page


def test_the_story_of_the_result_tells_it_without_the_address(browser: Client, asked: Anonymisation) -> None:
    asked.succeed(call(asked, "taken", 200), "")
    page = words(browser.get(f"/history/{asked.submission.uuid}/").text)
    assert "wants CustomerGauge to anonymise the person" in page
    assert "sent the request to anonymise the person (0.20 s): CustomerGauge answered 200." in page
    assert EMAIL not in page


def test_what_was_refused_needs_a_person(browser: Client, asked: Anonymisation) -> None:
    asked.reject(call(asked, "not_anonymised", 403))
    page = browser.get("/attention/").text
    assert "Persons whom CustomerGauge has not anonymised" in page
    assert "may not anonymise" in words(page)
    assert re.findall(r'name="decision" value="(\w+)"', page) == ["again", "done", "drop"]
    assert EMAIL not in page


@pytest.mark.parametrize(
    ("decision", "state", "kept"),
    [("again", State.QUEUED, EMAIL), ("done", State.DELIVERED, ""), ("drop", State.CANCELLED, "")],
)
def test_a_manager_decides_once(
    browser: Client, manager: User, asked: Anonymisation, decision: str, state: State, kept: str
) -> None:
    asked.reject(call(asked, "content_refused", 400))
    answer = decide(browser, asked, decision)
    seen = Anonymisation.objects.get()
    assert (answer.status_code, seen.state, seen.email) == (200, state, kept)
    event = AuditEvent.objects.about(asked.submission).last()
    assert event
    assert (event.action, event.actor, bytes(event.commitment)) == (f"anonymise.{state}", manager, b"")
    assert "Somebody was faster" in decide(browser, asked, decision).text
    assert Anonymisation.objects.get().version == seen.version


@pytest.mark.parametrize(("decision", "version"), [("nonsense", None), ("drop", 0)])
def test_a_decision_that_does_not_fit_changes_nothing(
    browser: Client, asked: Anonymisation, decision: str, version: int | None
) -> None:
    asked.reject(call(asked, "content_refused", 400))
    assert "Nothing was changed." in decide(browser, asked, decision, version).text
    assert Anonymisation.objects.get().state == State.FAILED


def test_what_still_goes_on_by_itself_is_not_decided_on(browser: Client, asked: Anonymisation) -> None:
    assert "Nothing was changed." in decide(browser, asked, "drop").text
    assert Anonymisation.objects.get().email == EMAIL


def test_two_results_with_one_address_are_one_request(browser: Client, agent: User) -> None:
    results = [entered(agent, State.DELIVERED), entered(agent, State.DELIVERED)]
    confirm(browser, *results, anonymise=[EMAIL])
    row = Anonymisation.objects.get()
    assert row.submission == Submission.objects.get(pk=results[1].pk)


@pytest.mark.browser
@pytest.mark.processes
def test_a_person_is_anonymised_in_both_places_from_one_page(
    page: Page, portal_template: Template, tmp_path: Path
) -> None:
    signing_in = {"CUSTOMERGAUGE_API_KEY": "", "CUSTOMERGAUGE_CLIENT_ID": "client-7",
                  "CUSTOMERGAUGE_CLIENT_SECRET": "canary-secret-91c"}  # fmt: skip
    with portal_for(portal_template, tmp_path, **signing_in) as portal:
        portal.start_web()
        portal.start_worker()
        agent = portal.browser_session("agent")
        path = agent.enter(Email=EMAIL, comment="unmistakable-words")
        eventually("it is delivered", lambda: 'data-state="delivered"' in agent.get(path).text)
        portal.simulator.behave("403", 1, on="POST")
        page.emulate_media(reduced_motion="reduce")
        page.goto(f"{portal.url}/accounts/login/?next=/erase/?result={path.split('/')[-2]}")
        page.get_by_label("Username").fill("manager")
        page.get_by_label("Password").fill("demo")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label(f"Also ask CustomerGauge to anonymise {EMAIL}").check()
        assert (faults(page), sideways(page)) == ({}, {})
        page.get_by_label("Reason").select_option("person_asked")
        page.get_by_label("Your password").fill("demo")
        page.get_by_role("button", name="Erase for good").click()
        there = page.get_by_role("region", name="At CustomerGauge")
        eventually("it was refused", lambda: page.reload() and there.get_by_text("Failed").count())
        assert (faults(page), sideways(page)) == ({}, {})
        certificate = page.url
        page.goto(f"{portal.url}/attention/")
        assert (faults(page), sideways(page)) == ({}, {})
        page.get_by_text("Send again").first.click()
        page.get_by_role("button", name="Send again").click()
        page.wait_for_url(certificate)
        eventually("it was taken", lambda: page.reload() and there.get_by_text("Delivered").count())
        assert EMAIL not in page.content()
        (record,) = portal.simulator.records.values()
        assert (record.fields["FirstName"], record.fields["Comment"][:12]) == ("***", "This comment")
        assert portal.sql("SELECT email FROM uploads_anonymisation") == [("",)]
