"""One submission's page: the story told from real rows, proofs shown without harm, views on the record."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags
from playwright.sync_api import Page, expect

from tests.factories import customer, make_submission
from tests.processes import Portal
from uploads.audit import guards
from uploads.history import personal
from uploads.history.masking import Mask, masked
from uploads.models import Action, AuditEvent, Cause, Channel, ConfirmedBy, Delivery, ReadBack, State, Submission

from .conftest import WORKER, claim, deliver, end, lose, refuse, reject


@pytest.fixture
def submission(agent: User) -> Submission:
    made = make_submission(agent)
    AuditEvent.objects.record(Action.SUBMITTED, made, actor=agent, body={"score": 4, "comment": made.comment})
    return made


def shown_page(browser: Client, submission: Submission) -> str:
    """As it reads for somebody who may see personal data now."""
    browser.post(f"/history/{submission.uuid}/show/")
    return masked_page(browser, submission)


def masked_page(browser: Client, submission: Submission) -> str:
    response = browser.get(f"/history/{submission.uuid}/")
    assert response.status_code == 200
    return response.text


def words(html: str) -> str:
    return " ".join(strip_tags(html).split())


def live(html: str) -> str:
    """The part of a page that may ask again."""
    return html[html.index('<div id="live"') :]


def state(html: str) -> str:
    found = re.search(r'data-state="(\w+)"', html)
    assert found
    return found[1]


def test_a_delivered_submission_tells_who_entered_sent_and_numbered_it(browser: Client, submission: Submission) -> None:
    deliver(submission)
    html = shown_page(browser, submission)
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
    html = shown_page(browser, submission)
    assert '<th scope="row">Email</th><td>lee@example.com</td>' in html
    assert "CustomerNumber=1143&amp;Email=lee%40example.com" in html
    assert "POST https://api.example.com/v4.1/transactions/response.json" in html
    assert '<th scope="row">Authorization</th><td>api_key ********</td>' in html


def test_the_reply_is_shown_as_it_came_and_readable(browser: Client, submission: Submission) -> None:
    deliver(submission)
    html = shown_page(browser, submission)
    assert "{&quot;Data&quot;:{&quot;number_customergauge&quot;:12}}" in html
    assert "&quot;number_customergauge&quot;: 12\n" in html
    assert "HTTP 200" in html


def test_a_rejected_submission_quotes_customergauge_and_says_who_must_act(
    browser: Client, submission: Submission
) -> None:
    reject(submission, "Field email is required but seems to be empty.")
    html = shown_page(browser, submission)
    text = words(html)
    assert state(html) == "rejected"
    assert "CustomerGauge answered 400 with its error code 400003." in text
    assert "Field email is required but seems to be empty." in text
    assert "CustomerGauge refused the content of this record." in text
    assert "Its agent has to enter it corrected." in text


def test_an_unconfirmed_submission_says_that_it_is_not_sent_again(browser: Client, submission: Submission) -> None:
    lose(submission)
    html = shown_page(browser, submission)
    assert state(html) == "unconfirmed"
    assert "CustomerGauge reports an error on its side. It may have been stored" in words(html)
    assert "It is not sent again by itself" in words(html)


def test_a_failed_submission_tells_every_try(browser: Client, submission: Submission) -> None:
    refuse(submission)
    submission.delivery.fail(end(claim(submission, wire=False), "refused", None))
    text = words(shown_page(browser, submission))
    tried = "Worker host:12 tried to send it (0.21 s). The CustomerGauge server refused the connection."
    assert text.count(tried) == 2
    assert f"{tried} It went back into the queue." in text
    assert f"{tried} It is not tried again by itself." in text


def test_a_worker_that_vanished_is_told_apart_from_the_one_that_noticed(
    browser: Client, submission: Submission
) -> None:
    attempt = claim(submission)
    submission.delivery.unconfirm(Cause("host:99", "worker_lost", attempt))
    text = words(shown_page(browser, submission))
    assert "Worker host:12 began to send it." in text
    assert "Worker host:99 does not know whether CustomerGauge has it." in text
    assert "The worker that was sending it did not come back." in text


def test_a_reply_that_came_after_all_is_a_step_of_its_own(browser: Client, submission: Submission) -> None:
    attempt = claim(submission)
    submission.delivery.unconfirm(Cause("host:99", "worker_lost", attempt))
    submission.delivery.deliver(end(attempt, "stored", 200, '{"Data":{"id":12}}'), "12", ConfirmedBy.REPLY)
    text = words(shown_page(browser, submission))
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
    text = words(shown_page(browser, submission))
    assert "CustomerGauge answered 401. CustomerGauge refused the API key or token. A fresh token was fetched." in text
    assert "CustomerGauge answered 200 and numbered it 12." in text


def test_a_persons_decision_reads_as_a_decision(browser: Client, submission: Submission, manager: User) -> None:
    lose(submission)
    submission.delivery.deliver(
        Cause(manager, "by_person", body={"reason": "Seen in CustomerGauge"}), "", ConfirmedBy.PERSON
    )
    text = words(shown_page(browser, submission))
    assert "mia confirmed that CustomerGauge has it." in text
    assert "Seen in CustomerGauge" in text
    assert "A person confirmed it." in text


def test_what_happens_next_depends_on_the_channel(browser: Client, submission: Submission, manager: User) -> None:
    assert "It is sent as soon as a worker is free." in words(shown_page(browser, submission))
    refuse(submission)
    assert "It is tried again at" in words(shown_page(browser, submission))
    Channel.current().pause(manager, "by_person")
    assert "All sending is paused." in words(shown_page(browser, submission))


def test_the_entry_is_shown_by_the_names_it_was_asked_under(browser: Client, agent: User) -> None:
    made = make_submission(agent)
    body = {
        "score": 4, "comment": "Waited", "sent_at": None, "completed_at": "2026-11-02 12:59:12+00:00",
        "time_zone": "Europe/Amsterdam", "contact": "Y", "workflow_status": "OPEN", "workflow_status_label": "Open",
        "reasons": [{"code": "10020", "label": "Waiting time"}], "customer": made.customer, "notes": ["Spaces removed"],
        "ignored": 0, "payload": [["NetPromoterScore", "4"]],
    }  # fmt: skip
    AuditEvent.objects.record(Action.SUBMITTED, made, actor=agent, body=body)
    html = shown_page(browser, made)
    for name, value in {
        "E-mail": "lee@example.com", "Score": "4", "Reasons": "Waiting time", "Workflow status": "Open",
        "Survey completed": "2026-11-02 12:59:12+00:00", "What was tidied up": "Spaces removed",
        "NetPromoterScore": "4",
    }.items():  # fmt: skip
        assert f'<th scope="row">{name}</th><td>{value}</td>' in html
    assert "[{" not in html


SENT = [
    ["Email", "lee@example.com"], ["FirstName", "Lee"], ["NetPromoterScore", "4"], ["Comment", "Waited too long"],
    ["SurveyCompletedDate", "2026-11-02 13:59:12"],
]  # fmt: skip
THERE = {
    "number_customergauge": "77", "email": "lee@example.com", "nps": "4", "Comment": "Waited <b>too</b> long",
    "date_survey_response": "2026-11-02 13:59:12",
}  # fmt: skip


def look(submission: Submission, evidence: str, *records: dict[str, str]) -> None:
    """A worker looks it up, or at it; the records are those that fit."""
    delivery = submission.delivery
    delivery.refresh_from_db()
    attempt = delivery.begin_lookup(WORKER, timezone.now() + timedelta(minutes=2))
    assert attempt
    cause = replace(end(attempt, evidence, 200), body={"read": 9, "records": list(records)})
    found = {"compare_same": ReadBack.VERIFIED, "compare_differs": ReadBack.DIFFERS}.get(evidence)
    assert delivery.end_comparison(cause, found) if found else delivery.end_lookup(cause)


def test_a_proposal_stands_beside_what_was_sent_and_is_confirmed_by_one_click(browser: Client, agent: User) -> None:
    submission = make_submission(agent, payload=SENT)
    lose(submission)
    look(submission, "lookup_match", THERE)
    html = shown_page(browser, submission)
    text = words(html)
    assert "It was probably delivered: one record there has the same e-mail, completion time and score." in text
    assert "E-mail lee@example.com lee@example.com ✓ the same" in text
    assert "First name Lee – – not shown there" in text
    assert "Comment Waited too long Waited &lt;b&gt;too&lt;/b&gt; long ≠ differs" in text
    found = html[html.index('id="found"') : html.index('id="decide"')]
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', found))
    assert form["number"] == "77"
    assert browser.post(f"/history/{submission.uuid}/decide/", form).status_code == 302
    delivery = Delivery.objects.get(pk=submission.pk)
    assert (delivery.state, delivery.cg_id, delivery.confirmed_by) == (State.DELIVERED, "77", ConfirmedBy.PERSON)


def test_of_several_records_each_stands_beside_what_was_sent(browser: Client, agent: User) -> None:
    submission = make_submission(agent, payload=SENT)
    lose(submission)
    look(submission, "lookup_matches", THERE, THERE | {"number_customergauge": "78"})
    text = words(shown_page(browser, submission))
    assert text.count("Every field as it was sent") == 2
    assert "It was delivered, as 77" in text
    assert "It was delivered, as 78" in text


def test_what_was_found_before_it_was_sent_again_is_no_proposal_any_more(
    browser: Client, agent: User, manager: User
) -> None:
    submission = make_submission(agent, payload=SENT)
    lose(submission)
    look(submission, "lookup_match", THERE)
    assert submission.delivery.send_again(Cause(manager, "by_person_again"))
    lose(submission)
    assert 'id="found"' not in shown_page(browser, submission)


def test_after_the_last_look_up_it_was_probably_not_delivered(browser: Client, agent: User) -> None:
    submission = make_submission(agent, payload=SENT)
    lose(submission)
    assert "It is looked up again at" in words(shown_page(browser, submission))
    for _ in range(5):
        look(submission, "lookup_none")
    assert "It was probably not delivered: no look-up has found it" in words(shown_page(browser, submission))


def test_the_page_is_honest_where_the_portal_cannot_look(browser: Client, submission: Submission) -> None:
    lose(submission)
    assert "The portal cannot look for it by itself" in words(shown_page(browser, submission))


def test_a_delivered_one_is_compared_on_request_and_only_once(browser: Client, submission: Submission) -> None:
    deliver(submission)
    assert "Compare with CustomerGauge" in shown_page(browser, submission)
    for _ in range(2):
        assert browser.post(f"/history/{submission.uuid}/compare/").status_code == 302
    assert Delivery.objects.lookups_due().get() == submission.delivery
    assert AuditEvent.objects.filter(action=Action.COMPARISON_ASKED).count() == 1
    html = shown_page(browser, submission)
    assert "Comparing with CustomerGauge" in html
    assert "hx-get" in live(html)


@pytest.mark.parametrize(
    ("evidence", "there", "chip"),
    [
        ("compare_same", {"Comment": "Waited too long"}, "✓ verified"),
        ("compare_differs", {}, "≠ differs: Comment"),
    ],
)
def test_a_comparison_says_verified_or_what_differs(
    browser: Client, agent: User, evidence: str, there: dict[str, str], chip: str
) -> None:
    submission = make_submission(agent, payload=SENT)
    deliver(submission, "77")
    look(submission, evidence, THERE | there)
    html = shown_page(browser, submission)
    assert chip in words(html)
    assert "What we sent, and what CustomerGauge has" in html
    assert "It was delivered, as" not in html
    assert "Worker host:12 compared it with what CustomerGauge has (0.21 s)." in words(html)


@pytest.mark.parametrize("stopped", [state for state in State if state != State.DELIVERED])
def test_what_is_not_delivered_is_not_compared(browser: Client, agent: User, stopped: State) -> None:
    submission = make_submission(agent, stopped)
    assert "Compare with CustomerGauge" not in shown_page(browser, submission)
    response = browser.post(f"/history/{submission.uuid}/compare/")
    assert response.status_code == 409
    assert "Only a result that CustomerGauge has" in response.text
    assert not AuditEvent.objects.filter(action=Action.COMPARISON_ASKED).exists()


@pytest.mark.parametrize(("who", "status"), [("superuser", 302), ("agent", 403), ("admin", 403), ("outsider", 403)])
def test_only_who_reviews_may_compare(
    request: pytest.FixtureRequest, signed_in: Callable[[User], Client], submission: Submission, who: str, status: int
) -> None:
    deliver(submission)
    browser = signed_in(request.getfixturevalue(who))
    assert browser.post(f"/history/{submission.uuid}/compare/").status_code == status


ATTACK = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def test_nothing_that_was_entered_or_came_back_becomes_markup(browser: Client, agent: User) -> None:
    submission = make_submission(agent, comment=ATTACK, payload=[["Comment", ATTACK]], time_zone="Nowhere/<b>")
    reason = [{"code": "<b>1", "label": "<b>Label"}]
    AuditEvent.objects.record(Action.SUBMITTED, submission, actor=agent, body={"comment": ATTACK, "reasons": reason})
    lose(submission, ATTACK)
    html = shown_page(browser, submission)
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
    assert shown in shown_page(browser, submission)


def test_bytes_that_are_no_text_are_spelled_out(browser: Client, submission: Submission) -> None:
    cause = end(claim(submission), "not_understood", 200, body_base64="/w9ub3Qg4g==")
    submission.delivery.unconfirm(cause)
    assert "\\xff\\x0fnot \\xe2" in shown_page(browser, submission)


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe plain bytes", b'{"strange":[1,{"a":null}]}', b'"text"', b"", b'{"method":1,"url":null}'],
)
def test_any_recorded_body_can_be_shown(browser: Client, submission: Submission, body: bytes) -> None:
    AuditEvent.objects.record(Action.ATTEMPT_ENDED_LATE, submission, actor=WORKER, outcome="never_heard_of", body=body)
    assert "Never heard of." in words(shown_page(browser, submission))


def test_looking_at_somebody_elses_submission_is_recorded_once_per_look(
    browser: Client, submission: Submission, manager: User
) -> None:
    masked_page(browser, submission)
    text = words(masked_page(browser, submission))
    browser.get(f"/history/{submission.uuid}/?seen=99", headers={"HX-Request": "true"})
    views = AuditEvent.objects.about(submission).filter(action=Action.VIEWED)
    assert [event.actor for event in views] == [manager, manager]
    assert "Looked at by mia (2 times" in text


def test_looking_at_ones_own_is_not_recorded(browser: Client, manager: User) -> None:
    own = make_submission(manager)
    shown_page(browser, own)
    assert not AuditEvent.objects.filter(action=Action.VIEWED).exists()


def test_the_page_asks_again_only_while_the_state_moves_by_itself(browser: Client, submission: Submission) -> None:
    url = f"/history/{submission.uuid}/"
    html = shown_page(browser, submission)
    asked = re.search(r'hx-get="([^"]+)"', live(html))
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
    assert "hx-get" not in live(shown_page(browser, make_submission(agent, stopped)))


def test_a_correction_and_what_it_corrects_lead_to_each_other(browser: Client, agent: User) -> None:
    first = make_submission(agent, State.REJECTED)
    second = make_submission(agent, revision_of=first)
    assert f"/history/{second.uuid}/" in shown_page(browser, first)
    assert f"/history/{first.uuid}/" in shown_page(browser, second)


def test_an_unknown_number_is_not_found(browser: Client) -> None:
    assert browser.get(f"/history/{uuid4()}/").status_code == 404
    assert browser.get("/history/12/").status_code == 404


def test_a_poll_after_sign_out_reloads_the_page(client: Client, submission: Submission) -> None:
    response = client.get(f"/history/{submission.uuid}/", headers={"HX-Request": "true"})
    assert response.headers["HX-Refresh"] == "true"


def test_a_superuser_may_look_and_is_recorded(
    superuser: User, signed_in: Callable[[User], Client], submission: Submission
) -> None:
    shown_page(signed_in(superuser), submission)
    assert AuditEvent.objects.get(action=Action.VIEWED).actor == superuser


# -- personal data -------------------------------------------------------------------------------------------

PERSONAL = ("lee@example.com", "lee%40example.com", "Klameth", "1143")


def test_personal_data_is_masked_until_somebody_asks_for_it(browser: Client, agent: User) -> None:
    submission = make_submission(agent, payload=SENT, comment="Mr Klameth (lee@example.com) waited")
    AuditEvent.objects.record(Action.SUBMITTED, submission, actor=agent, body={
        "comment": submission.comment, "customer": submission.customer, "payload": SENT,
    })  # fmt: skip
    lose(submission, '{"Error":{"Message":"Lee Klameth <lee@example.com>","first_name":"Lee"}}')
    look(submission, "lookup_matches", THERE | {"email": "mae@example.org", "contact_last_name": "Other"}, THERE)
    html = masked_page(browser, submission)
    assert [word for word in (*PERSONAL, "mae@example.org", "Other", "Lee ") if word in html] == []
    assert "<title>L••• K••• · cgportal</title>" in html
    assert "Mr K••• (l•••@e•••) waited" in words(html)
    assert "E-mail l•••@e••• m•••@e••• ≠ differs" in words(html)
    shown = shown_page(browser, submission)
    assert [word for word in PERSONAL if word not in shown] == []


def test_asking_to_see_personal_data_is_recorded_and_can_be_taken_back(
    browser: Client, submission: Submission, manager: User
) -> None:
    other = make_submission(submission.agent)
    for _ in range(2):  # pressed twice it is one look
        assert browser.post(f"/history/{submission.uuid}/show/?state=queued").headers["Location"] == (
            f"/history/{submission.uuid}/?state=queued"
        )
    assert "Klameth" in masked_page(browser, submission)
    assert "mia" in words(masked_page(browser, submission)).partition("Looked at by")[2]
    assert "personal data shown" in words(masked_page(browser, submission))
    assert "Klameth" not in masked_page(browser, other)
    browser.post(f"/history/{submission.uuid}/show/", {"hide": "1"})
    assert "Klameth" not in masked_page(browser, submission)
    (event,) = AuditEvent.objects.filter(action=Action.PERSONAL_SHOWN)
    assert (event.actor, event.object_id) == (manager, str(submission.pk))


def test_what_was_shown_is_masked_again_after_a_while(
    browser: Client, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personal, "SHOWN_FOR", timedelta(0))
    assert "Klameth" not in shown_page(browser, submission)


def test_an_own_entry_is_shown_as_it_is(browser: Client, manager: User) -> None:
    html = masked_page(browser, make_submission(manager))
    assert "Lee Klameth" in html
    assert "Show personal data" not in html


def test_what_is_no_personal_data_is_not_masked(browser: Client, agent: User) -> None:
    company = customer("Company", "Company", "text", "Brightwater") | {"personal": False}
    submission = make_submission(agent, customer=[company], payload=[["Company", "Brightwater"], ["Score", "4"]])
    deliver(submission)
    html = masked_page(browser, submission)
    assert "Company=Brightwater&amp;Score=4" in html
    assert "<dd><bdi>Brightwater</bdi></dd>" in html


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("lee@example.com", "l•••@e•••"),
        ("+31 20 555 0143", "•••43"),
        ("1143", "•••"),
        ("Lee Ann Klameth van der Berg", "L••• A••• K•••"),
        ("C-1143", "C•••"),
        ("@", "•••@•••"),
        ("", ""),
    ],
)
def test_a_mask_leaves_enough_to_recognise_and_too_little_to_learn(value: str, shown: str) -> None:
    assert masked(value) == shown


def test_values_are_masked_in_every_way_a_body_spells_them(agent: User) -> None:
    name = customer("LastName", "Last name", "text", 'Zoë "Z" O’Neil')
    mask = Mask.of([make_submission(agent, customer=[name, customer("City", "City", "text", "Ee")])])
    for body in (
        urlencode({"LastName": 'Zoë "Z" O’Neil', "City": "Ee"}),
        json.dumps({"last_name": 'Zoë "Z" O’Neil', "city": "Ee"}),
        json.dumps({"other": 'Zoë "Z" O’Neil'}, ensure_ascii=False),
        "<r><LastName>Zoë &quot;Z&quot; O’Neil</LastName><City>Ee</City></r>",
        'It is Zoë "Z" O’Neil.',
    ):
        told = mask.text(body)
        assert "Neil" not in told
        assert "Ee" not in told


# -- what a correction changed -------------------------------------------------------------------------------


def test_a_correction_shows_what_it_changed_field_by_field(browser: Client, agent: User) -> None:
    first = make_submission(agent, State.REJECTED)
    reasons = [{"code": "10020", "label": "Waiting time"}, {"code": "10030", "label": "Staff"}]
    fields = [field for field in first.customer if field["key"] != "FirstName"]
    second = make_submission(
        agent, revision_of=first, score=8, reasons=reasons, customer=fields, contact="", comment="Waited"
    )
    text = words(shown_page(browser, second))
    assert "Score 4 → 8" in text
    assert "Reasons Waiting time Staff, Waiting time" in text
    assert "First name Lee –" in text
    assert "Comment Waited too long Waited" in text
    assert "Wishes to be contacted Yes Not asked" in text
    assert "Field Before Now" not in words(shown_page(browser, first))
    browser.post(f"/history/{second.uuid}/show/", {"hide": "1"})
    assert "First name L••• –" in words(masked_page(browser, second))


# -- among the others ----------------------------------------------------------------------------------------


def test_next_and_previous_stay_within_the_filter(browser: Client, agent: User, agent2: User) -> None:
    now = timezone.now()
    rows = [
        make_submission(who, State.FAILED, created_at=now - timedelta(minutes=age))
        for age, who in enumerate((agent, agent2, agent, agent2, agent))
    ]

    def around(row: Submission, query: str) -> list[str]:
        html = browser.get(f"/history/{row.uuid}/{query}").text
        return [found[1] for rel in ("prev", "next") for found in re.finditer(rf'href="([^"]+)" rel="{rel}"', html)]

    assert around(rows[2], "") == [f"/history/{rows[1].uuid}/", f"/history/{rows[3].uuid}/"]
    query = "?agent=anna"
    assert around(rows[2], query) == [f"/history/{rows[0].uuid}/{query}", f"/history/{rows[4].uuid}/{query}"]
    assert around(rows[0], query) == [f"/history/{rows[2].uuid}/{query}"]
    assert around(rows[4], "?agent=nobody") == []
    html = browser.get(f"/history/{rows[2].uuid}/{query}").text
    assert f'href="/history/{query}"' in html
    assert f'action="/history/{rows[2].uuid}/decide/{query}"' in html
    done = browser.post(f"/history/{rows[2].uuid}/decide/{query}", {
        "decision": "drop", "version": "0", "reason": "Entered twice by mistake",
    })  # fmt: skip
    assert done.headers["Location"] == f"/history/{rows[2].uuid}/{query}"


def test_the_story_says_how_much_later_each_step_was(browser: Client, submission: Submission) -> None:
    attempt = claim(submission)
    submission.delivery.deliver(end(attempt, "stored", 200, '{"Data":{"id":12}}'), "12", ConfirmedBy.REPLY)
    assert " later" not in words(shown_page(browser, submission))
    AuditEvent.objects.record(Action.COMPARISON_ASKED, submission, actor=submission.agent)
    guards.remove()
    with connection.cursor() as cursor:
        at = timezone.now() + timedelta(hours=2, minutes=5, seconds=30)
        cursor.execute("UPDATE uploads_auditevent SET at = %s WHERE action = 'submission.comparison_asked'", [at])
    guards.install()
    assert "2 h 5 min later" in words(shown_page(browser, submission))


@pytest.mark.parametrize(
    ("who", "target"), [("agent", "/submissions/{}/"), ("manager", "/history/{}/"), ("agent2", None)]
)
def test_the_number_that_an_agent_reads_out_leads_to_the_result(
    request: pytest.FixtureRequest, signed_in: Callable[[User], Client], submission: Submission, who: str, target: str
) -> None:
    client = signed_in(request.getfixturevalue(who))
    for number in (submission.short_id, submission.short_id.upper(), str(submission.uuid)):
        answer = client.get(f"/r/{number}/")
        if target:
            assert answer.headers["Location"] == target.format(submission.uuid)
        else:
            assert answer.status_code == 404
    assert client.get("/r/00000000/").status_code == 404
    assert client.get("/r/zz/").status_code == 404


def test_of_two_results_with_one_short_number_the_list_shows_both(browser: Client, agent: User) -> None:
    pair = [make_submission(agent, uuid=UUID(f"abcdef01{number:024x}")) for number in (1, 2)]
    answer = browser.get("/r/abcdef01/")
    assert answer.headers["Location"] == "/history/?q=abcdef01"
    found = browser.get(answer.headers["Location"]).text
    assert all(f"/history/{row.uuid}/" in found for row in pair)


@pytest.mark.browser
@pytest.mark.processes
def test_a_number_is_copied_with_one_click(page: Page, quiet_portal: Portal) -> None:
    portal = quiet_portal
    portal.start_web()
    path = portal.browser_session("agent").enter()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    portal.browser_session("manager").lend(page, path.replace("/submissions/", "/history/"))
    number = page.locator("[data-copy]").first.get_attribute("data-copy")
    page.get_by_role("button", name=f"Copy the number {number}").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == number == path.split("/")[-2][:8]
