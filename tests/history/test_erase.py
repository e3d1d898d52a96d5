"""A manager erases a person: finds what is kept, chooses, gives reason and password, and gets a certificate."""

import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils.html import strip_tags
from playwright.sync_api import Page

from tests.audit.test_erase import ASKED, entered, note_call, now, update_case
from tests.factories import customer, make_user
from tests.processes import Portal, eventually, hidden
from uploads.audit.erase import erase
from uploads.models import Action, AuditEvent, Batch, Call, Draft, Erasure, State, Submission

from .conftest import claim

OTHER = [customer("CustomerNumber", "Customer number", "identifier", "1143"),
         customer("Email", "E-mail", "email", "bo@example.com")]  # fmt: skip


def words(html: str) -> str:
    return " ".join(strip_tags(html).split())


def ticks(html: str) -> dict[str, bool]:
    """Every box of the page: what it names, and whether it is ticked."""
    boxes = re.findall(r'<input class="form-check-input" type="checkbox" [^>]*>', html)
    return {re.findall(r'value="([^"]+)"', box)[0]: " checked" in box for box in boxes}


def find(browser: Client, sought: str) -> Any:
    return browser.post("/erase/", {"sought": sought})


def confirm(browser: Client, *results: Submission, **given: Any) -> Any:
    whole = {"sought": "lee@example.com", "results": [str(one.uuid) for one in results], "reason": "person_asked"}
    return browser.post("/erase/confirm/", whole | {"password": "demo"} | given)


@pytest.mark.parametrize("sought", ["lee@example.com", " LEE@Example.com ", "1143"])
def test_a_person_is_found_by_what_they_are_known_by(browser: Client, agent: User, sought: str) -> None:
    submission = entered(agent)
    entered(agent, email="somebody@example.com", customer=[])
    answer = find(browser, sought)
    assert answer.status_code == 200
    assert ticks(answer.text) == {str(submission.uuid): True}
    assert "Lee Klameth" in answer.text


def test_a_telephone_number_is_found_however_it_is_written(browser: Client, agent: User) -> None:
    submission = entered(agent, customer=[customer("Phone", "Phone", "phone", "+31 (20) 123-4567")])
    assert ticks(find(browser, "+31201234567").text) == {str(submission.uuid): True}
    assert ticks(find(browser, "1234").text) == {}


def test_what_shares_only_a_number_is_shown_and_not_ticked(browser: Client, agent: User) -> None:
    lee, bo = entered(agent), entered(agent, customer=OTHER)
    answer = find(browser, "lee@example.com")
    assert ticks(answer.text) == {str(lee.uuid): True, str(bo.uuid): False}
    assert "Perhaps about somebody else" in answer.text
    assert "shares 1143" in words(answer.text)


def test_one_can_begin_at_a_result(browser: Client, agent: User) -> None:
    lee, bo = entered(agent), entered(agent, customer=OTHER)
    nameless = entered(agent, customer=[customer("LastName", "Last name", "text", "Klameth")])
    page = browser.get(f"/history/{lee.uuid}/").text
    assert f'href="/erase/?result={lee.uuid}"' in page
    assert ticks(browser.get(f"/erase/?result={lee.uuid}").text) == {str(lee.uuid): True, str(bo.uuid): False}
    assert ticks(browser.get(f"/erase/?result={nameless.uuid}").text) == {str(nameless.uuid): True}
    given = {"sought": "", "result": str(nameless.uuid)}
    assert confirm(browser, nameless, **given).status_code == 302
    assert Erasure.objects.get().submission == nameless


def test_calls_and_drafts_of_the_person_are_found_too(browser: Client, agent: User) -> None:
    call = note_call(agent)
    draft = Draft.objects.create(agent=agent, values={"Email": ["Lee@example.com"], "comment": ["x"]})
    Draft.objects.create(agent=agent, values={"Email": ["bo@example.com"]})
    assert ticks(find(browser, "lee@example.com").text) == {str(call.uuid): True, str(draft.pk): True}
    answer = confirm(browser, calls=[str(call.uuid)], drafts=[str(draft.pk)])
    assert answer.status_code == 302
    assert not Draft.objects.filter(pk=draft.pk).exists()
    assert Call.objects.get().customer == []
    assert "0 results, 1 call and 1 draft" in words(browser.get(answer.headers["Location"]).text)


def test_nobody_is_found_where_nothing_is_kept(browser: Client, agent: User, manager: User) -> None:
    erase(manager, ASKED, [entered(agent)])
    assert "Nothing is kept" in find(browser, "lee@example.com").text


def test_that_somebody_looked_is_recorded_and_for_whom_is_not(browser: Client, agent: User, manager: User) -> None:
    entered(agent)
    find(browser, "lee@example.com")
    find(browser, "nobody@example.com")
    events = AuditEvent.objects.filter(action=Action.PERSON_SOUGHT).order_by("id")
    assert [(event.actor, event.outcome) for event in events] == [(manager, "found"), (manager, "not_found")]
    assert all(not event.commitment for event in events)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (f"/erase/?result={uuid.uuid4()}", "There is no such result."),
        ("/erase/?result=nonsense", "There is no such result."),
    ],
)
def test_an_address_that_names_no_result_says_so(browser: Client, address: str, told: str) -> None:
    answer = browser.get(address)
    assert (answer.status_code, told in answer.text) == (422, True)


@pytest.mark.parametrize("sought", ["", "   ", "x" * 255, "\0"])
def test_a_search_for_nothing_is_refused(browser: Client, sought: str) -> None:
    assert find(browser, sought).status_code == 422


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"password": "wrong"}, "This is not your password. Nothing was erased."),
        ({"password": ""}, "Type your password once more"),
        ({"reason": ""}, "Choose the reason"),
        ({"reason": "reapplied"}, "Select a valid choice"),
        ({"results": []}, "Tick what shall be erased."),
        ({"results": [str(uuid.uuid4())]}, "Something that you ticked is not there any more."),
        ({"results": ["x"]}, "Something that you ticked is not there any more."),
    ],
)
def test_without_reason_password_and_choice_nothing_is_erased(
    browser: Client, agent: User, given: dict[str, Any], told: str
) -> None:
    submission = entered(agent)
    answer = confirm(browser, submission, **given)
    assert (answer.status_code, told in words(answer.text)) == (422, True)
    assert not Erasure.objects.exists()
    assert "demo" not in re.findall(r'<input type="password"[^>]*>', answer.text)[0]


def test_guessing_the_password_is_recorded_and_stopped(browser: Client, agent: User) -> None:
    cache.clear()
    submission = entered(agent)
    for _ in range(10):
        confirm(browser, submission, password="guess")
    assert AuditEvent.objects.filter(action=Action.SIGN_IN_REFUSED).count() == 10
    assert confirm(browser, submission).status_code == 422, "even the right one has to wait now"
    assert not Erasure.objects.exists()
    cache.clear()


def test_only_what_is_ticked_is_erased(browser: Client, agent: User) -> None:
    first, second = entered(agent), entered(agent)
    assert confirm(browser, second).status_code == 302
    assert Erasure.objects.among([first, second]) == {second.pk}


def test_only_what_was_found_can_be_erased(browser: Client, agent: User) -> None:
    """Whoever sends the number of another result gets a refusal: only what the page has shown is erased."""
    entered(agent)
    other = entered(agent, customer=[])
    assert confirm(browser, other).status_code == 422
    assert not Erasure.objects.exists()


def test_what_is_on_its_way_waits_with_a_sentence(browser: Client, agent: User) -> None:
    submission = entered(agent)
    claim(submission)
    answer = confirm(browser, submission)
    assert answer.status_code == 409
    assert f"Result {submission.short_id} is being sent" in answer.text
    assert not Erasure.objects.exists()


def test_a_second_press_erases_nothing_and_says_so(browser: Client, agent: User) -> None:
    submission = entered(agent)
    assert confirm(browser, submission).status_code == 302
    again = confirm(browser, submission)
    assert again.status_code == 422
    assert AuditEvent.objects.filter(action=Action.PERSON_ERASED).count() == 1


def test_the_certificate_names_nobody_and_says_what_is_left_to_do(browser: Client, agent: User) -> None:
    submission = entered(agent, State.DELIVERED, cg_id="4711")
    b"".join(browser.get("/history/export.csv").streaming_content)
    page = browser.get(confirm(browser, submission).headers["Location"]).text
    text = words(page)
    assert "1 result, 0 calls and 0 drafts" in text
    assert "The person asked for it" in text
    assert "has the record 4711. Have the person anonymised there" in text
    assert "Files that were taken out meanwhile may hold it." in text
    assert not any(word in text for word in ("lee@", "Klameth", "1143", "Waited"))
    assert re.search(r'href="/erase/\d+/"', browser.get("/erase/").text)


# -- what the history shows afterwards -----------------------------------------------------------------------


def test_the_history_shows_that_it_was_erased(browser: Client, agent: User, manager: User) -> None:
    submission = entered(agent, State.DELIVERED)
    update_case(submission, manager, State.DELIVERED)
    erase(manager, ASKED, [submission])
    page = browser.get(f"/history/{submission.uuid}/").text
    text = words(page)
    assert "Erased on " in text
    assert "The person asked for it. Score, dates, reasons and states stay" in text
    assert "mia erased what it said about the person." in text
    assert "4 of 10, detractor" in text
    assert not any(word in page for word in ("lee@", "Klameth", "1143", "Waited too long", "angry", "bo@"))
    assert "Erased" in words(browser.get("/history/").text)
    for offer in ("Compare with CustomerGauge", "Correct it", "Change its case", "/erase/?result"):
        assert offer not in page, offer


def test_what_is_erased_is_not_fetched_corrected_or_changed_again(
    browser: Client, agent: User, manager: User, signed_in: Callable[[User], Client]
) -> None:
    submission = entered(agent, State.DELIVERED)
    erase(manager, ASKED, [submission])
    assert browser.post(f"/history/{submission.uuid}/compare/").status_code == 409
    asked = {"token": str(uuid.uuid4()), "comment": "Call Lee"}
    assert browser.post(f"/history/{submission.uuid}/case/", asked).status_code == 409
    assert now(submission).lookup_at is None
    own = signed_in(agent).get(f"/submissions/{submission.uuid}/")
    assert own.status_code == 200
    assert "Erased on " in own.text
    assert "It was erased" in browser.get(f"/history/{submission.uuid}/correct/", follow=True).text


def test_trends_and_exports_still_count_the_score(browser: Client, agent: User, manager: User) -> None:
    submission = entered(agent, State.DELIVERED)
    before = words(browser.get("/trends/").text)
    erase(manager, ASKED, [submission])
    assert words(browser.get("/trends/").text) == before
    exported = b"".join(browser.get("/history/export.csv").streaming_content).decode()
    assert submission.short_id in exported
    assert "lee@example.com" not in exported


def test_only_managers_erase_and_never_a_superuser_alone(
    agent: User, admin: User, superuser: User, signed_in: Callable[[User], Client]
) -> None:
    submission = entered(agent)
    for user in (agent, admin, superuser, make_user("nobody")):
        answers = [signed_in(user).get("/erase/"), confirm(signed_in(user), submission)]
        assert [answer.status_code for answer in answers] == [403, 403], user
    assert not Erasure.objects.exists()
    assert "/erase/" not in signed_in(superuser).get("/history/").text


@pytest.mark.processes
def test_of_two_who_erase_at_once_one_does(portal: Portal) -> None:
    portal.stop("worker")
    number = portal.browser_session("agent").enter().split("/")[-2]
    managers = [portal.browser_session("manager") for _ in range(2)]
    form = {"sought": "", "result": number, "results": number, "reason": "person_asked", "password": "demo"}
    filled = [
        form | {"csrfmiddlewaretoken": hidden(one.get("/erase/").text, "csrfmiddlewaretoken")} for one in managers
    ]
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda one, given: one.post(given, "/erase/confirm/"), managers, filled))
    assert {answer.status_code for answer in answers} <= {200, 302, 409, 422}
    assert portal.sql("SELECT count(*) FROM uploads_erasure") == [(1,)]
    assert portal.sql("SELECT count(*) FROM uploads_auditevent WHERE action = 'person.erased'") == [(1,)]
    assert "Traceback" not in portal.log()


@pytest.mark.browser
@pytest.mark.processes
def test_a_manager_erases_a_person_in_a_browser(page: Page, portal: Portal) -> None:
    agent = portal.browser_session("agent")
    path = agent.enter(comment="unmistakable-words", Email="unmistakable@example.com")
    eventually("it is delivered", lambda: 'data-state="delivered"' in agent.get(path).text)
    page.goto(f"{portal.url}/accounts/login/?next=/history/")
    page.get_by_label("Username").fill("manager")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="unmistakable").or_(page.locator(".row-link")).first.click()
    page.get_by_role("link", name="Erase what is kept about this person").click()
    page.get_by_label("Reason").select_option("person_asked")
    page.get_by_label("Your password").fill("demo")
    page.get_by_role("button", name="Erase for good").click()
    page.get_by_role("heading", name="Certificate of erasure").wait_for()
    assert "unmistakable" not in page.content()
    assert portal.sql("SELECT count(*) FROM uploads_erasure") == [(1,)]
    page.goto(f"{portal.url}/history/")
    assert "unmistakable" not in page.content()


def test_rows_of_lists_that_are_not_saved_are_found_and_forgotten(browser: Client, agent: User) -> None:
    batch = Batch(token=uuid.uuid4(), agent=agent, name="A list", first=["9", "Lee@example.com"], titled=False)
    batch.begin([(2, ["9", "bo@example.com"]), (3, ["3", "lee@example.com "])])
    rows = dict(batch.rows.values_list("number", "pk"))
    assert ticks(find(browser, "lee@example.com").text) == {str(rows[1]): True, str(rows[3]): True}
    answer = confirm(browser, rows=[str(rows[1]), str(rows[3])])
    assert list(batch.rows.values_list("number", flat=True)) == [2]
    assert "2 rows of lists not saved yet" in words(browser.get(answer.headers["Location"]).text)
    batch.refresh_from_db()
    assert "example.com" not in str(batch.first)
