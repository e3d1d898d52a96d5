"""One submission's page: the story told from real rows, proofs shown without harm, views on the record."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import strip_tags

from tests.factories import make_submission
from uploads.models import Action, AuditEvent, Cause, Channel, ConfirmedBy, State, Submission

from .conftest import WORKER, claim, deliver, end, lose, refuse, reject


@pytest.fixture
def submission(agent: User) -> Submission:
    made = make_submission(agent)
    AuditEvent.objects.record(Action.SUBMITTED, made, actor=agent, body={"score": 4, "comment": made.comment})
    return made


def page(browser: Client, submission: Submission) -> str:
    response = browser.get(f"/history/{submission.uuid}/")
    assert response.status_code == 200
    return response.text


def words(html: str) -> str:
    return " ".join(strip_tags(html).split())


def state(html: str) -> str:
    found = re.search(r'data-state="(\w+)"', html)
    assert found
    return found[1]


def test_a_delivered_submission_tells_who_entered_sent_and_numbered_it(browser: Client, submission: Submission) -> None:
    deliver(submission)
    html = page(browser, submission)
    assert state(html) == "delivered"
    text = words(html)
    assert "Anna de Vries (anna) entered the result." in text
    assert "Worker host:12 sent it (0.21 s): CustomerGauge answered 200 and numbered it 12." in text
    assert "CustomerGauge has it as number 12." in text
    assert text.count("Worker host:12") == 1


def test_the_request_is_shown_decoded_and_raw_with_its_credential_masked(
    browser: Client, submission: Submission
) -> None:
    deliver(submission)
    html = page(browser, submission)
    assert '<th scope="row">Email</th><td>lee@example.com</td>' in html
    assert "CustomerNumber=1143&amp;Email=lee%40example.com" in html
    assert "POST https://api.example.com/v4.1/transactions/response.json" in html
    assert '<th scope="row">Authorization</th><td>api_key ********</td>' in html


def test_the_reply_is_shown_as_it_came_and_readable(browser: Client, submission: Submission) -> None:
    deliver(submission)
    html = page(browser, submission)
    assert "{&quot;Data&quot;:{&quot;number_customergauge&quot;:12}}" in html
    assert "&quot;number_customergauge&quot;: 12\n" in html
    assert "HTTP 200" in html


def test_a_rejected_submission_quotes_customergauge_and_says_who_must_act(
    browser: Client, submission: Submission
) -> None:
    reject(submission, "Field email is required but seems to be empty.")
    html = page(browser, submission)
    text = words(html)
    assert state(html) == "rejected"
    assert "CustomerGauge answered 400 with its error code 400003." in text
    assert "Field email is required but seems to be empty." in text
    assert "CustomerGauge refused the content of this record." in text
    assert "Its agent has to enter it corrected." in text


def test_an_unconfirmed_submission_says_that_it_is_not_sent_again(browser: Client, submission: Submission) -> None:
    lose(submission)
    html = page(browser, submission)
    assert state(html) == "unconfirmed"
    assert "CustomerGauge reports an error on its side. It may have been stored" in words(html)
    assert "It is not sent again by itself" in words(html)


def test_a_failed_submission_tells_every_try(browser: Client, submission: Submission) -> None:
    refuse(submission)
    submission.delivery.fail(end(claim(submission, wire=False), "refused", None))
    text = words(page(browser, submission))
    tried = "Worker host:12 tried to send it (0.21 s). The CustomerGauge server refused the connection."
    assert text.count(tried) == 2
    assert f"{tried} It went back into the queue." in text
    assert f"{tried} It is not tried again by itself." in text


def test_a_worker_that_vanished_is_told_apart_from_the_one_that_noticed(
    browser: Client, submission: Submission
) -> None:
    attempt = claim(submission)
    submission.delivery.unconfirm(Cause("host:99", "worker_lost", attempt))
    text = words(page(browser, submission))
    assert "Worker host:12 began to send it." in text
    assert "Worker host:99 does not know whether CustomerGauge has it." in text
    assert "The worker that was sending it did not come back." in text


def test_a_reply_that_came_after_all_is_a_step_of_its_own(browser: Client, submission: Submission) -> None:
    attempt = claim(submission)
    submission.delivery.unconfirm(Cause("host:99", "worker_lost", attempt))
    submission.delivery.deliver(end(attempt, "stored", 200, '{"Data":{"id":12}}'), "12", ConfirmedBy.REPLY)
    text = words(page(browser, submission))
    began, lost = text.index("began to send it"), text.index("does not know whether")
    assert began < lost < text.index("CustomerGauge answered 200 and numbered it 12")


def test_a_call_repeated_with_a_fresh_token_shows_both_answers(browser: Client, submission: Submission) -> None:
    first = claim(submission)
    refused = end(first, "credential_refused", 401, "{}")
    record = AuditEvent.objects.record
    record(
        Action.TOKEN_RENEWED,
        submission,
        actor=WORKER,
        attempt_id=first.pk,
        outcome=refused.evidence,
        body=refused.body,
    )
    second = submission.delivery.open_attempt(WORKER)
    assert submission.delivery.mark_on_wire(second)
    submission.delivery.deliver(end(second, "stored", 200, '{"Data":{"id":12}}'), "12", ConfirmedBy.REPLY)
    text = words(page(browser, submission))
    assert "CustomerGauge answered 401. CustomerGauge refused the API key or token. A fresh token was fetched." in text
    assert "CustomerGauge answered 200 and numbered it 12." in text


def test_a_persons_decision_reads_as_a_decision(browser: Client, submission: Submission, manager: User) -> None:
    lose(submission)
    submission.delivery.deliver(
        Cause(manager, "by_person", body={"reason": "Seen in CustomerGauge"}), "", ConfirmedBy.PERSON
    )
    text = words(page(browser, submission))
    assert "mia confirmed that CustomerGauge has it." in text
    assert "Seen in CustomerGauge" in text
    assert "A person confirmed it." in text


def test_what_happens_next_depends_on_the_channel(browser: Client, submission: Submission, manager: User) -> None:
    assert "It is sent as soon as a worker is free." in words(page(browser, submission))
    refuse(submission)
    assert "It is tried again at" in words(page(browser, submission))
    Channel.current().pause(manager, "by_person")
    assert "All sending is paused." in words(page(browser, submission))


ATTACK = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def test_nothing_that_was_entered_or_came_back_becomes_markup(browser: Client, agent: User) -> None:
    submission = make_submission(agent, comment=ATTACK, payload=[["Comment", ATTACK]], time_zone="Nowhere/<b>")
    reason = [{"code": "<b>1", "label": "<b>Label"}]
    AuditEvent.objects.record(Action.SUBMITTED, submission, actor=agent, body={"comment": ATTACK, "reasons": reason})
    lose(submission, ATTACK)
    html = page(browser, submission)
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "<b>" not in html
    assert html.count("&lt;script&gt;alert(1)") >= 4


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("\x1b[31m\x00", "\\x1b[31m\\x00"),
        ("a\u202egnp.exe", "a\\u202egnp.exe"),
        ("\ud800", "\\ud800"),
        ("[" * 5000, "[[[["),
        ("{}", "{}"),
        ("null", "null"),
        ('{"Error":{"Message":{"deep":1}}}', "deep"),
    ],
)
def test_any_reply_can_be_shown(browser: Client, submission: Submission, body: str, shown: str) -> None:
    lose(submission, body)
    assert shown in page(browser, submission)


def test_bytes_that_are_no_text_are_spelled_out(browser: Client, submission: Submission) -> None:
    cause = end(claim(submission), "not_understood", 200, body_base64="/w9ub3Qg4g==")
    submission.delivery.unconfirm(cause)
    assert "\\xff\\x0fnot \\xe2" in page(browser, submission)


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe plain bytes", b'{"strange":[1,{"a":null}]}', b'"text"', b"", b'{"method":1,"url":null}'],
)
def test_any_recorded_body_can_be_shown(browser: Client, submission: Submission, body: bytes) -> None:
    AuditEvent.objects.record(Action.ATTEMPT_ENDED_LATE, submission, actor=WORKER, outcome="never_heard_of", body=body)
    assert "Never heard of." in words(page(browser, submission))


def test_looking_at_somebody_elses_submission_is_recorded_once_per_look(
    browser: Client, submission: Submission, manager: User
) -> None:
    page(browser, submission)
    text = words(page(browser, submission))
    browser.get(f"/history/{submission.uuid}/?seen=99", headers={"HX-Request": "true"})
    views = AuditEvent.objects.about(submission).filter(action=Action.VIEWED)
    assert [event.actor for event in views] == [manager, manager]
    assert "Looked at by mia (2 times" in text


def test_looking_at_ones_own_is_not_recorded(browser: Client, manager: User) -> None:
    own = make_submission(manager)
    page(browser, own)
    assert not AuditEvent.objects.filter(action=Action.VIEWED).exists()


def test_the_page_asks_again_only_while_the_state_moves_by_itself(browser: Client, submission: Submission) -> None:
    url = f"/history/{submission.uuid}/"
    html = page(browser, submission)
    asked = re.search(r'hx-get="([^"]+)"', html)
    assert asked
    assert asked[1] == f"{url}?seen=0"
    htmx = {"HX-Request": "true"}
    assert browser.get(asked[1], headers=htmx).status_code == 204
    claim(submission)
    moved = browser.get(asked[1], headers=htmx)
    assert moved.status_code == 200
    assert state(moved.text) == "sending"
    assert "<html" not in moved.text
    submission.delivery.deliver(Cause(WORKER, "stored"), "12", ConfirmedBy.REPLY)
    final = browser.get(asked[1], headers=htmx)
    assert final.status_code == 286
    assert state(final.text) == "delivered"
    assert "hx-get" not in final.text


@pytest.mark.parametrize("stopped", [State.REJECTED, State.FAILED, State.UNCONFIRMED, State.CANCELLED])
def test_a_page_that_waits_for_a_person_does_not_ask_again(browser: Client, agent: User, stopped: State) -> None:
    assert "hx-get" not in page(browser, make_submission(agent, stopped))


def test_a_correction_and_what_it_corrects_lead_to_each_other(browser: Client, agent: User) -> None:
    first = make_submission(agent, State.REJECTED)
    second = make_submission(agent, revision_of=first)
    assert f"/history/{second.uuid}/" in page(browser, first)
    assert f"/history/{first.uuid}/" in page(browser, second)


def test_an_unknown_number_is_not_found(browser: Client) -> None:
    assert browser.get(f"/history/{uuid4()}/").status_code == 404
    assert browser.get("/history/12/").status_code == 404


def test_a_poll_after_sign_out_reloads_the_page(client: Client, submission: Submission) -> None:
    response = client.get(f"/history/{submission.uuid}/", headers={"HX-Request": "true"})
    assert response.headers["HX-Refresh"] == "true"


def test_a_superuser_may_look_and_is_recorded(
    superuser: User, signed_in: Callable[[User], Client], submission: Submission
) -> None:
    page(signed_in(superuser), submission)
    assert AuditEvent.objects.get(action=Action.VIEWED).actor == superuser
