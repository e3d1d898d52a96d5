"""What a manager decides: which decisions a state allows, what each does, and who wins when two decide."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import Settings

from tests.factories import make_submission, make_user
from tests.processes import Portal, eventually, hidden
from uploads.models import Action, AuditEvent, Cause, ConfirmedBy, Delivery, State, Submission

from .conftest import WORKER, claim, end, lose, refuse, reject

REASON = "Seen there this morning"
DECISIONS = ("delivered", "again", "drop")
#: Where each decision leads from each state; "-" where it is not offered.
TABLE = """
             delivered  again   drop
queued       -          -       -
sending      -          -       -
rejected     -          -       cancelled
failed       delivered  queued  cancelled
unconfirmed  delivered  queued  cancelled
delivered    -          -       -
cancelled    -          -       -
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()[1:]]
CELLS = [(row[0], *cell) for row in ROWS for cell in zip(DECISIONS, row[1:], strict=True)]
EVENTS = {"delivered": Action.DELIVERED, "again": Action.QUEUED, "drop": Action.CANCELLED}


def post(client: Client, submission: Submission, decision: str, **fields: Any) -> Any:
    """Decide as the page does, having seen the delivery as `submission` knows it."""
    given = {"decision": decision, "version": submission.delivery.version, "reason": REASON, "looked": "on"} | fields
    return client.post(f"/history/{submission.uuid}/decide/", given)


def words(html: str) -> str:
    return " ".join(strip_tags(html).split())


def live(html: str) -> str:
    """The opening tag of the part of a page that may ask again."""
    return html[html.index('<div id="live"') :].split(">")[0]


def now(submission: Submission) -> Delivery:
    return Delivery.objects.get(pk=submission.pk)


def decided(submission: Submission) -> list[AuditEvent]:
    """What people did to it, oldest first."""
    events = AuditEvent.objects.about(submission).filter(actor__isnull=False)
    return list(events.exclude(action=Action.VIEWED))


@pytest.fixture
def failed(agent: User) -> Submission:
    """Its tries are used up, and nothing was ever sent."""
    submission = make_submission(agent)
    refuse(submission)
    assert submission.delivery.fail(end(claim(submission, wire=False), "refused", None))
    return submission


@pytest.fixture
def unconfirmed(agent: User) -> Submission:
    submission = make_submission(agent)
    lose(submission)
    return submission


@pytest.mark.parametrize(("state", "decision", "leads_to"), CELLS)
def test_a_state_allows_its_decisions_and_no_other(
    browser: Client, agent: User, manager: User, state: str, decision: str, leads_to: str
) -> None:
    submission = make_submission(agent, State(state))
    page = browser.get(f"/history/{submission.uuid}/").text
    assert (f'name="decision" value="{decision}"' in page) is (leads_to != "-")
    response = post(browser, submission, decision)
    if leads_to == "-":
        assert response.status_code == 409
        assert "This decision is not open to it." in response.text
        assert now(submission).state == state
        assert decided(submission) == []
        return
    assert response.headers["Location"] == f"/history/{submission.uuid}/"
    assert now(submission).state == leads_to
    [event] = decided(submission)
    assert (event.action, event.actor) == (EVENTS[decision], manager)


def test_a_decision_is_recorded_with_its_reason_outside_the_event(
    browser: Client, failed: Submission, manager: User
) -> None:
    post(browser, failed, "drop", reason="  The customer\r\nwithdrew it  ")
    [event] = decided(failed)
    assert (event.actor, event.actor_name, event.outcome) == (manager, "mia", "by_person_dropped")
    assert bytes(event.payload.body) == b'{"reason":"The customer\\nwithdrew it"}'
    assert all("withdrew" not in str(value) for value in vars(event).values())


def test_the_story_tells_who_decided_and_why(browser: Client, unconfirmed: Submission, manager: User) -> None:
    manager.first_name, manager.last_name = "Mia", "Hoffmann"
    manager.save()
    response = browser.post(
        f"/history/{unconfirmed.uuid}/decide/",
        {"decision": "delivered", "version": unconfirmed.delivery.version, "reason": REASON},
        follow=True,
    )
    text = words(response.text)
    assert "It counts as delivered." in text
    assert f"Mia Hoffmann (mia) confirmed that CustomerGauge has it. {REASON} A manager vouches" in text


def test_a_number_is_proof_enough_and_is_kept(browser: Client, unconfirmed: Submission) -> None:
    assert post(browser, unconfirmed, "delivered", number=" A_b-9 ", reason="").status_code == 302
    delivery = now(unconfirmed)
    assert (delivery.cg_id, delivery.confirmed_by) == ("A_b-9", ConfirmedBy.PERSON)
    [event] = decided(unconfirmed)
    assert bytes(event.payload.body) == b'{"number":"A_b-9"}'


def test_without_a_number_the_reason_is_proof(browser: Client, failed: Submission) -> None:
    assert post(browser, failed, "delivered", number="").status_code == 302
    delivery = now(failed)
    assert (delivery.cg_id, delivery.confirmed_by) == ("", ConfirmedBy.PERSON)


def test_sending_again_makes_it_due_at_once(browser: Client, failed: Submission) -> None:
    assert not Delivery.objects.due().exists()
    post(browser, failed, "again")
    assert Delivery.objects.due().get() == failed.delivery


SENT = [["Email", "lee@example.com"], ["NetPromoterScore", "4"], ["SurveyCompletedDate", "2026-11-02 13:59:12"]]


@pytest.fixture
def findable(agent: User) -> Submission:
    """Unconfirmed, and CustomerGauge can be asked for it."""
    submission = make_submission(agent, payload=SENT)
    lose(submission)
    return submission


def look(submission: Submission, evidence: str, *records: dict[str, str]) -> None:
    """A worker looks it up; the records are those that fit."""
    delivery = now(submission)
    attempt = delivery.begin_lookup(WORKER, timezone.now() + timedelta(minutes=2))
    assert attempt
    cause = end(attempt, evidence, 200)
    if evidence == "lookup_failed":
        assert delivery.miss_lookup(replace(cause, body={"read": 0, "failed": {"message": "No"}}))
    else:
        assert delivery.end_lookup(replace(cause, body={"read": 9, "records": list(records)}))
    submission.delivery.refresh_from_db()


def test_what_may_have_arrived_is_looked_up_before_it_is_sent_again(
    browser: Client, findable: Submission, manager: User
) -> None:
    assert post(browser, findable, "again", looked="").status_code == 302
    delivery = now(findable)
    assert (delivery.state, delivery.again_by) == (State.UNCONFIRMED, manager)
    assert Delivery.objects.lookups_due().get() == delivery
    [event] = decided(findable)
    assert (event.action, event.actor) == (Action.AGAIN_ASKED, manager)
    assert bytes(event.payload.body) == b'{"reason":"Seen there this morning"}'
    html = browser.get(f"/history/{findable.uuid}/").text
    assert "If it is not there, it is sent again by itself." in words(html)
    assert "hx-get" in live(html), "the page follows what becomes of the wish"


@pytest.mark.parametrize("evidence", ["lookup_match", "lookup_failed", "lookup_several"])
def test_the_story_says_that_it_was_not_sent_again(browser: Client, findable: Submission, evidence: str) -> None:
    post(browser, findable, "again")
    look(findable, evidence, {"number_customergauge": "77"})
    text = words(browser.get(f"/history/{findable.uuid}/").text)
    assert f"mia wants it sent again if a fresh look-up does not find it. {REASON}" in text
    assert text.count("So it was not sent again.") == 1


def test_of_two_who_want_it_sent_again_and_dropped_the_first_wins(
    browser: Client, findable: Submission, signed_in: Callable[[User], Client]
) -> None:
    second = signed_in(make_user("nils", "manager"))
    assert post(browser, findable, "again").status_code == 302
    response = post(second, findable, "drop")
    assert response.status_code == 409
    assert "mia has decided this meanwhile. It is now “Unconfirmed”" in response.text


@pytest.mark.parametrize("why", ["nothing to ask by", "the last look-up failed"])
def test_what_cannot_be_looked_up_is_sent_again_only_by_who_has_looked(
    browser: Client, unconfirmed: Submission, findable: Submission, why: str
) -> None:
    submission = unconfirmed
    if why == "the last look-up failed":
        submission = findable
        look(submission, "lookup_failed")
    assert "I have looked in CustomerGauge, and it is not there." in browser.get(f"/history/{submission.uuid}/").text
    refused = post(browser, submission, "again", looked="")
    assert refused.status_code == 422
    assert "Look in CustomerGauge first" in refused.text
    assert f"{REASON}</textarea>" in refused.text
    assert now(submission).state == State.UNCONFIRMED
    assert post(browser, submission, "again").status_code == 302
    assert Delivery.objects.due().get() == submission.delivery
    [event] = decided(submission)
    assert (event.outcome, b'"looked":true' in bytes(event.payload.body)) == ("by_person_blind", True)


def test_a_number_that_belongs_to_another_result_is_refused_and_that_one_named(
    browser: Client, agent: User, unconfirmed: Submission
) -> None:
    other = make_submission(agent, State.DELIVERED, cg_id="77")
    response = post(browser, unconfirmed, "delivered", number="77")
    assert response.status_code == 422
    assert f"That number belongs to result {other.short_id} already." in response.text
    assert now(unconfirmed).state == State.UNCONFIRMED


def test_the_number_of_the_record_that_it_corrects_is_its_own(browser: Client, agent: User) -> None:
    make_submission(agent, State.DELIVERED, cg_id="77")
    correction = make_submission(agent, State.FAILED)
    Delivery.objects.filter(pk=correction.pk).update(amends="77")
    assert post(browser, correction, "delivered", number="77").status_code == 302
    assert now(correction).state == State.DELIVERED


def test_a_number_given_by_a_person_is_read_back_where_that_is_switched_on(
    browser: Client, unconfirmed: Submission, settings: Settings
) -> None:
    settings.CUSTOMERGAUGE_READ_BACK = True
    post(browser, unconfirmed, "delivered", number="77", reason="")
    assert Delivery.objects.lookups_due().get() == unconfirmed.delivery


@pytest.mark.parametrize(
    ("decision", "fields", "sentence"),
    [
        ("drop", {"reason": ""}, "Give the reason"),
        ("drop", {"reason": " \r\n\t"}, "Give the reason"),
        ("drop", {"reason": "\u200b\u2060"}, "Give the reason"),
        ("again", {"reason": ""}, "Give the reason"),
        ("again", {"reason": "x" * 501}, "at most 500 characters"),
        ("again", {"reason": "a\x00b"}, "invisible control character"),
        ("again", {"reason": "a\x1b[31m"}, "invisible control character"),
        ("delivered", {"reason": "", "number": ""}, "number, or say below how you know"),
        ("delivered", {"number": "12 13"}, "no number of CustomerGauge"),
        ("delivered", {"number": "٣"}, "no number of CustomerGauge"),
        ("delivered", {"number": "x" * 65}, "no number of CustomerGauge"),
        ("delivered", {"number": "1;DROP"}, "no number of CustomerGauge"),
        ("delivered", {"number": "1\x00"}, "no number of CustomerGauge"),
        ("nonsense", {}, "There is no such decision."),
        ("", {}, "There is no such decision."),
    ],
)
def test_what_is_missing_or_nonsense_is_said_and_changes_nothing(
    browser: Client, failed: Submission, decision: str, fields: dict[str, str], sentence: str
) -> None:
    response = post(browser, failed, decision, **fields)
    assert response.status_code == 422
    assert sentence in response.text.replace("&#x27;", "'")
    assert now(failed).state == State.FAILED
    assert decided(failed) == []


def test_a_reason_of_five_hundred_characters_with_line_breaks_fits(browser: Client, failed: Submission) -> None:
    assert post(browser, failed, "drop", reason="x" * 249 + "\r\n" + "y" * 250).status_code == 302
    assert now(failed).state == State.CANCELLED


def test_what_was_typed_is_still_there_and_escaped(browser: Client, failed: Submission) -> None:
    response = post(browser, failed, "delivered", number='"><b>', reason="<script>alert(1)</script>")
    assert response.status_code == 422
    assert 'value="&quot;&gt;&lt;b&gt;"' in response.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</textarea>" in response.text
    assert response.text.count('<details class="decision" name="decision" open>') == 1
    faulty = re.search(r'<input[^>]*id="delivered-number"[^>]*>', response.text)
    assert faulty
    assert "autofocus" in faulty[0]
    assert 'aria-invalid="true"' in faulty[0]


def test_the_first_of_two_managers_wins_and_the_second_is_told_who_it_was(
    browser: Client, unconfirmed: Submission, signed_in: Callable[[User], Client]
) -> None:
    second = signed_in(make_user("nils", "manager"))
    assert post(browser, unconfirmed, "delivered", number="12").status_code == 302
    response = post(second, unconfirmed, "drop")
    assert response.status_code == 409
    assert "mia has decided this meanwhile. It is now “Delivered”; what you sent has changed nothing." in response.text
    assert 'data-state="delivered"' in response.text
    assert now(unconfirmed).state == State.DELIVERED
    assert len(decided(unconfirmed)) == 1


@pytest.mark.parametrize("decision", DECISIONS)
def test_pressing_twice_adds_nothing(browser: Client, failed: Submission, decision: str) -> None:
    post(browser, failed, decision)
    after = now(failed)
    response = post(browser, failed, decision)
    assert response.status_code == 409
    assert "You have decided this already." in response.text
    assert len(decided(failed)) == 1
    assert (now(failed).state, now(failed).version) == (after.state, after.version)


@pytest.mark.processes
def test_of_many_decisions_at_the_same_moment_exactly_one_is_taken(quiet_portal: Portal) -> None:
    quiet_portal.start_web()
    manager = quiet_portal.browser_session("manager")
    path = manager.enter().replace("/submissions/", "/history/")
    quiet_portal.sql("UPDATE uploads_delivery SET state = 'failed'")
    page = manager.get(path).text
    given = {name: hidden(page, name) for name in ("csrfmiddlewaretoken", "version")} | {"reason": REASON}
    with ThreadPoolExecutor(9) as pool:
        answers = list(pool.map(lambda name: manager.post(given | {"decision": name}, path + "decide/"), DECISIONS * 3))
    assert sorted(answer.status_code for answer in answers) == [302] + [409] * 8
    [outcome] = quiet_portal.sql("SELECT outcome FROM uploads_auditevent WHERE outcome LIKE 'by_person%'")
    taken = {"by_person_delivered": "delivered", "by_person_again": "queued", "by_person_dropped": "cancelled"}
    assert quiet_portal.states() == {taken[outcome[0]]: 1}


@pytest.mark.parametrize("version", ["", "0", "-1", "x", "9" * 400, "\x00"])
def test_a_form_for_another_version_decides_nothing(browser: Client, failed: Submission, version: str) -> None:
    response = post(browser, failed, "drop", version=version)
    assert response.status_code == 409
    assert now(failed).state == State.FAILED
    assert decided(failed) == []


def test_a_look_up_in_between_asks_to_decide_again_and_keeps_the_reason(
    browser: Client, unconfirmed: Submission
) -> None:
    seen = now(unconfirmed).version
    assert now(unconfirmed).begin_lookup(WORKER, timezone.now() + timedelta(minutes=2))
    response = post(browser, unconfirmed, "drop", version=seen)
    assert response.status_code == 409
    assert "The portal has worked on it since you opened the page." in response.text
    assert "Check what happened, and decide again." in response.text
    assert f"{REASON}</textarea>" in response.text
    fresh = re.search(r'value="drop">\s*<input type="hidden" name="version" value="(\d+)"', response.text)
    assert fresh
    assert post(browser, unconfirmed, "drop", version=fresh[1]).status_code == 302
    assert now(unconfirmed).state == State.CANCELLED


def test_a_decision_needs_a_token_of_the_page(manager: User, failed: Submission) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(manager, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert post(strict, failed, "drop").status_code == 403
    page = strict.get(f"/history/{failed.uuid}/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page[page.index('id="decide"') :])
    assert token
    assert post(strict, failed, "drop", csrfmiddlewaretoken=token[1]).status_code == 302


def test_a_page_that_was_open_when_it_failed_offers_the_decisions(browser: Client, agent: User) -> None:
    submission = make_submission(agent)
    seen = submission.delivery.version
    reject(submission, "No such division")
    url = f"/history/{submission.uuid}/?seen={seen}"
    response = browser.get(url, headers={"HX-Request": "true"})
    assert response.status_code == 286
    assert 'name="decision" value="drop"' in response.text
    assert 'name="csrfmiddlewaretoken"' in response.text


def test_a_decision_that_is_refused_is_recorded_as_a_look_at_the_page(browser: Client, failed: Submission) -> None:
    post(browser, failed, "drop", reason="")
    assert AuditEvent.objects.about(failed).filter(action=Action.VIEWED).count() == 1


@pytest.mark.parametrize(("who", "status"), [("superuser", 302), ("agent", 403), ("admin", 403), ("outsider", 403)])
def test_only_who_reviews_may_decide(
    request: pytest.FixtureRequest, signed_in: Callable[[User], Client], failed: Submission, who: str, status: int
) -> None:
    user = request.getfixturevalue(who)
    assert post(signed_in(user), failed, "drop").status_code == status
    assert [event.actor for event in decided(failed)] == ([user] if status == 302 else [])


def test_deciding_is_not_done_by_looking(browser: Client, failed: Submission) -> None:
    query = {"decision": "drop", "version": failed.delivery.version, "reason": REASON}
    assert browser.get(f"/history/{failed.uuid}/decide/", query).status_code == 405
    assert now(failed).state == State.FAILED


def test_what_a_worker_delivers_late_is_not_overruled(browser: Client, unconfirmed: Submission) -> None:
    seen = unconfirmed.delivery.version
    assert now(unconfirmed).deliver(Cause(WORKER, "stored"), "77", ConfirmedBy.REPLY)
    response = post(browser, unconfirmed, "drop", version=seen)
    assert response.status_code == 409
    assert "It is now “Delivered”" in response.text
    assert now(unconfirmed).cg_id == "77"


@pytest.mark.processes
def test_a_lost_answer_is_found_by_the_worker_and_confirmed_with_one_click(portal: Portal) -> None:
    portal.simulator.behave("500-stored", on="POST")
    agent, boss = portal.browser_session("agent"), portal.browser_session("manager")
    uuid = agent.enter().rstrip("/").rpartition("/")[2]
    eventually("nobody knows whether it arrived", lambda: portal.states().get("unconfirmed"))
    portal.sql("UPDATE uploads_delivery SET lookup_at = '2026-01-01 00:00:00+00:00' WHERE lookup_at IS NOT NULL")
    page = eventually(
        "the record is proposed",
        lambda: next((html for html in [boss.get(f"/history/{uuid}/").text] if "It was delivered, as 1" in html), ""),
    )
    found = page[page.index('id="found"') : page.index('id="decide"')]
    answer = boss.post(dict(re.findall(r'name="(\w+)" value="([^"]*)"', found)), f"/history/{uuid}/decide/")
    assert answer.status_code == 302, answer.text
    assert portal.states() == {"delivered": 1}
    assert len(portal.simulator.records) == 1
