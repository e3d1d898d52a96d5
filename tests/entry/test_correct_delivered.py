"""Correcting a result that CustomerGauge has: what changes is sent under its number, in order, with a reason."""

# ruff: noqa: F811 - the fixtures of the delivery tests are taken by their names

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from tests.delivery.conftest import KEY, drain, loop, simulator  # noqa: F401 - fixtures
from tests.factories import make_submission
from uploads.delivery.loop import Loop
from uploads.models import (
    Action,
    AuditEvent,
    Cause,
    Channel,
    Delivery,
    ReasonCode,
    Role,
    State,
    Submission,
    SurveyField,
)
from uploads.simulator import Simulator

from .conftest import NEW, Desk, errors_of, filled, marked

SignedIn = Callable[[User], Client]
WHY = "correction-reason"
UNCHANGED = "CustomerGauge has all of this already, so there is nothing to correct and nothing was saved."


def page_of(submission: Submission) -> str:
    return f"/submissions/{submission.uuid}/"


def by_agent(submission: Submission) -> str:
    return f"{NEW}?from={submission.uuid}"


def by_manager(submission: Submission) -> str:
    return f"/history/{submission.uuid}/correct/"


@pytest.fixture
def delivered(desk: Desk, loop: Loop, settings: Any) -> Submission:
    """The agent's own result, as CustomerGauge has it."""
    settings.SUBMISSION_HOLD_SECONDS = 0
    SurveyField.objects.filter(role=Role.REFERENCE).update(active=True)
    desk.save(FirstName="Le")
    drain(loop)
    return Submission.objects.get()


@pytest.fixture
def boss(manager: User, signed_in: SignedIn) -> Client:
    return signed_in(manager)


def correct(browser: Client, old: Submission, address: Callable[..., str] = by_agent, **changes: Any) -> HttpResponse:
    """Open the form of a result and save it with some answers changed."""
    answers = filled(browser.get(address(old))) | {WHY: "Heard it wrong"} | changes
    return browser.post(by_manager(old) if address is by_manager else NEW, answers)


def newest() -> Submission:
    return Submission.objects.latest("pk")


def last_call(simulator: Simulator) -> tuple[str, dict[str, str]]:
    arrival = simulator.arrivals[-1]
    return arrival.method, dict(arrival.pairs)


# -- what is sent ----------------------------------------------------------------------------------------------


def test_only_what_changed_goes_to_the_record_under_its_number(
    desk: Desk,
    loop: Loop,
    simulator: Simulator,
    delivered: Submission,
) -> None:
    number = Delivery.objects.get().cg_id
    reply = correct(desk.client, delivered, FirstName="Lee", comment="")
    new = newest()
    assert reply.headers["Location"] == page_of(new)
    drain(loop)
    assert last_call(simulator) == ("PUT", {"id": number, "FirstName": "Lee", "Comment": ""})
    (record,) = simulator.records.values()
    assert (record.fields["FirstName"], record.fields["Comment"]) == ("Lee", "")
    assert record.fields["cgportal_ref"] == delivered.reference, "the reference of a record never changes"
    old, corrected = Delivery.objects.order_by("pk")
    assert (old.state, corrected.state, corrected.cg_id, corrected.amends) == ("delivered", "delivered", number, number)
    assert (new.revision_of, new.comment, new.customer[0]["value"]) == (delivered, "", "1143")


def test_nothing_changed_is_said_and_nothing_is_saved(desk: Desk, delivered: Submission) -> None:
    page = correct(desk.client, delivered)
    assert errors_of(page)["__all__"] == [UNCHANGED]
    assert Submission.objects.count() == 1


def test_keys_that_are_not_asked_any_more_stay_as_they_are_and_new_ones_are_sent(
    desk: Desk,
    loop: Loop,
    simulator: Simulator,
    delivered: Submission,
) -> None:
    SurveyField.objects.filter(key="FirstName").update(active=False)
    SurveyField.objects.create(key="Country", label="Country", position=300)
    correct(desk.client, delivered, Country="U.S.")
    drain(loop)
    assert last_call(simulator)[1].keys() == {"id", "Country"}
    (record,) = simulator.records.values()
    assert (record.fields["FirstName"], record.fields["Country"]) == ("Le", "U.S.")


def test_changed_reasons_and_score_are_sent_together_with_an_honest_note(
    desk: Desk,
    loop: Loop,
    simulator: Simulator,
    delivered: Submission,
    reasons: dict[str, ReasonCode],
) -> None:
    html = desk.client.get(by_agent(delivered)).content.decode()
    assert "CustomerGauge may refuse a changed score. A changed score does not move the reasons" in html
    assert "CustomerGauge may refuse" not in desk.client.get(NEW).content.decode()
    correct(desk.client, delivered, score="9", reasons=["13000"])
    drain(loop)
    assert {"NetPromoterScore": "9", "ReasonCode": "13000"}.items() <= last_call(simulator)[1].items()


@pytest.mark.parametrize("behaviour", ["500", "500-stored", "reset-after-body", "silence"])
def test_an_unknown_outcome_of_a_correction_is_simply_tried_again(
    desk: Desk,
    loop: Loop,
    simulator: Simulator,
    delivered: Submission,
    behaviour: str,
) -> None:
    simulator.behave(behaviour, on="PUT")
    correct(desk.client, delivered, FirstName="Lee")
    drain(loop)
    assert newest().delivery.state == State.QUEUED
    simulator.behave_well()
    Delivery.objects.filter(state=State.QUEUED).update(next_at=timezone.now() - timedelta(seconds=1))
    drain(loop)
    assert newest().delivery.state == State.DELIVERED
    (record,) = simulator.records.values()
    assert record.fields["FirstName"] == "Lee"


@pytest.mark.parametrize(("first", "behaviour"), [("Lee", "500-stored"), ("", "reset-after-body")])
def test_what_a_dropped_correction_may_have_changed_is_sent_anew_even_if_it_looks_the_same(
    desk: Desk, boss: Client, loop: Loop, simulator: Simulator, delivered: Submission, first: str, behaviour: str
) -> None:
    simulator.behave(behaviour, on="PUT")
    correct(desk.client, delivered, FirstName=first)
    Delivery.objects.filter(pk=newest().pk).update(first_failed_at=timezone.now() - timedelta(hours=73))
    drain(loop)
    simulator.behave_well()
    (record,) = simulator.records.values()
    dropped = newest()
    assert (dropped.delivery.state, record.fields["FirstName"]) == (State.FAILED, first)
    decision = {"decision": "drop", "reason": "wrong after all", "version": dropped.delivery.version}
    assert boss.post(f"/history/{dropped.uuid}/decide/", decision).status_code == 302
    correct(desk.client, dropped, FirstName="Le")
    drain(loop)
    assert last_call(simulator)[1].keys() == {"id", "FirstName"}
    (record,) = simulator.records.values()
    assert record.fields["FirstName"] == "Le"
    page = correct(desk.client, newest(), FirstName="Le")
    assert errors_of(page)["__all__"] == [UNCHANGED], "what has arrived since is known again"


# -- the reason, and who ---------------------------------------------------------------------------------------


def test_a_correction_needs_a_reason_which_is_asked_once_and_kept(desk: Desk, delivered: Submission) -> None:
    opened = desk.client.get(by_agent(delivered))
    assert marked(opened) == {}
    page = correct(desk.client, delivered, FirstName="Lee", **{WHY: " "})
    assert errors_of(page) == {WHY: ["Reason for the correction is missing. Fill it in."]}
    assert filled(page)["FirstName"] == "Lee"
    correct(desk.client, delivered, FirstName="Lee")
    new = newest()
    event = AuditEvent.objects.about(new).first()
    assert event
    body = json.loads(bytes(event.payload.body))
    assert (event.action, event.outcome, body["correction_reason"]) == (Action.SUBMITTED, "corrected", "Heard it wrong")
    assert (body["instead_of"], body["revision_of"]) == ({"FirstName": "Le"}, str(delivered.uuid))
    html = desk.client.get(page_of(new)).content.decode()
    assert "Heard it wrong" in html
    assert "Heard it wrong" not in json.dumps(new.payload)


def test_a_managers_correction_stays_the_agents_result_and_says_who_corrected_it(
    desk: Desk, agent: User, manager: User, boss: Client, delivered: Submission
) -> None:
    html = boss.get(by_manager(delivered)).content.decode()
    assert "Anna de Vries" in html
    reply = correct(boss, delivered, by_manager, FirstName="Lee")
    new = newest()
    assert reply.headers["Location"] == f"/history/{new.uuid}/"
    assert (new.agent, new.agent_name) == (agent, delivered.agent_name)
    event = AuditEvent.objects.about(new).first()
    assert event
    assert event.actor == manager
    for browser, page in ((desk.client, page_of(new)), (boss, f"/history/{new.uuid}/")):
        assert "Corrected by <bdi>mia</bdi>" in browser.get(page).content.decode()
    assert f'href="{page_of(new)}"' in desk.client.get("/submissions/").content.decode()


def test_a_managers_correction_is_sent_at_once(boss: Client, delivered: Submission, settings: Any) -> None:
    settings.SUBMISSION_HOLD_SECONDS = 15
    correct(boss, delivered, by_manager, FirstName="Lee")
    assert newest().delivery.next_at <= timezone.now()


def test_a_manager_corrects_a_refused_one_too(boss: Client, agent: User) -> None:
    old = make_submission(agent, State.REJECTED)
    moment = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    assert (
        correct(boss, old, by_manager, Email="lee@company.com", sent_at=moment, completed_at=moment).status_code == 302
    )
    assert Delivery.objects.get(pk=old.pk).state == State.CANCELLED
    assert (newest().agent, newest().delivery.amends) == (agent, "")


@pytest.mark.parametrize(("role", "status"), [("agent", 403), ("agent2", 403), ("admin", 403), ("superuser", 403)])
def test_only_managers_correct_the_results_of_others(
    request: pytest.FixtureRequest, signed_in: SignedIn, delivered: Submission, role: str, status: int
) -> None:
    client = signed_in(request.getfixturevalue(role))
    assert client.get(by_manager(delivered)).status_code == status
    assert client.post(by_manager(delivered), {"score": "1"}).status_code == status
    assert Submission.objects.count() == 1


def test_another_agent_neither_sees_nor_corrects_it(desk2: Desk, delivered: Submission) -> None:
    assert desk2.client.get(by_agent(delivered)).status_code == 404
    assert desk2.save(revises=str(delivered.uuid)).status_code == 404
    assert Submission.objects.count() == 1


def test_a_stale_key_keeps_what_the_manager_typed(manager: User, boss: Client, delivered: Submission) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(manager, backend="allauth.account.auth_backends.AuthenticationBackend")
    answers = filled(boss.get(by_manager(delivered))) | {WHY: "typed", "csrfmiddlewaretoken": "x" * 64}
    page = browser.post(by_manager(delivered), answers)
    assert page.status_code == 403
    assert filled(page)[WHY] == "typed"
    assert f'action="{by_manager(delivered)}"' in page.content.decode()


# -- in order --------------------------------------------------------------------------------------------------


def test_the_next_correction_waits_until_this_one_has_arrived(
    desk: Desk,
    loop: Loop,
    simulator: Simulator,
    delivered: Submission,
) -> None:
    correct(desk.client, delivered, FirstName="Lee")
    first = newest()
    page = desk.client.get(by_agent(first), follow=True)
    assert page.redirect_chain == [(page_of(first), 302)]
    assert "It is on its way to CustomerGauge." in page.content.decode()
    page = desk.client.get(by_agent(delivered), follow=True)
    assert "It has been corrected already." in page.content.decode()
    drain(loop)
    correct(desk.client, first, FirstName="Leah")
    drain(loop)
    assert last_call(simulator)[1].keys() == {"id", "FirstName"}
    assert newest().revision_of == first
    assert [record.fields["FirstName"] for record in simulator.records.values()] == ["Leah"]


def test_of_two_corrections_the_first_wins_and_the_second_keeps_its_text(
    desk: Desk, boss: Client, delivered: Submission
) -> None:
    mine, theirs = filled(desk.client.get(by_agent(delivered))), filled(boss.get(by_manager(delivered)))
    assert boss.post(by_manager(delivered), theirs | {"FirstName": "Mia's", WHY: "first"}).status_code == 302
    page = desk.client.post(NEW, mine | {"FirstName": "Anna's", WHY: "second"})
    assert errors_of(page)["__all__"] == [
        f'It has been corrected already: <a href="{page_of(newest())}">see the corrected version</a>.'
    ]
    assert (filled(page)["FirstName"], filled(page)[WHY]) == ("Anna's", "second")
    assert Submission.objects.count() == 2


def test_the_same_correction_twice_is_one(boss: Client, delivered: Submission) -> None:
    answers = filled(boss.get(by_manager(delivered))) | {"FirstName": "Lee", WHY: "once"}
    first, second = (boss.post(by_manager(delivered), answers) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert Submission.objects.count() == 2


def test_a_refused_correction_can_be_corrected_and_still_changes_the_same_record(
    desk: Desk,
    loop: Loop,
    simulator: Simulator,
    delivered: Submission,
) -> None:
    simulator.behave("error-400003", on="PUT")
    correct(desk.client, delivered, FirstName="Lee", LastName="Wrong")
    drain(loop)
    refused = newest()
    assert refused.delivery.state == State.REJECTED
    simulator.behave_well()
    correct(desk.client, refused, LastName="Klameth")
    drain(loop)
    assert last_call(simulator)[1] == {"id": Delivery.objects.get(pk=delivered.pk).cg_id, "FirstName": "Lee"}
    assert (newest().delivery.state, len(simulator.records)) == (State.DELIVERED, 1)
    assert Delivery.objects.get(pk=refused.pk).evidence == "replaced"
    html = desk.client.get("/submissions/").content.decode()
    assert html.count(">Corrected<") == 2


def test_a_correction_that_is_taken_back_can_be_entered_again(
    desk: Desk,
    loop: Loop,
    simulator: Simulator,
    delivered: Submission,
) -> None:
    correct(desk.client, delivered, FirstName="Lee")
    first = newest()
    page = desk.client.post(f"{page_of(first)}undo/", follow=True)
    assert filled(page)["FirstName"] == "Lee"
    assert filled(page)["revises"] == str(first.uuid)
    assert "CustomerGauge keeps what it had." in desk.client.get(page_of(first)).content.decode()
    assert "in force" in desk.client.get(page_of(delivered)).content.decode()
    desk.client.post(NEW, filled(page) | {WHY: "again"})
    drain(loop)
    assert [arrival.method for arrival in simulator.arrivals if arrival.method != "GET"] == ["POST", "PUT"]
    assert newest().delivery.state == State.DELIVERED


@pytest.mark.parametrize(
    ("code", "sentence", "who"),
    [
        (400005, "CustomerGauge has no such record any more; it was probably removed there. A manager", "a manager"),
        (
            400004,
            "did not name the record at CustomerGauge the way CustomerGauge wants it. Only an",
            "an administrator",
        ),
        (
            400010,
            "did not name the record at CustomerGauge the way CustomerGauge wants it. Only an",
            "an administrator",
        ),
    ],
)
def test_why_a_correction_was_refused_is_told_with_who_must_act(
    desk: Desk,
    loop: Loop,
    simulator: Simulator,
    delivered: Submission,
    code: int,
    sentence: str,
    who: str,
) -> None:
    simulator.behave(f"error-{code}", on="PUT")
    correct(desk.client, delivered, FirstName="Lee")
    drain(loop)
    html = desk.client.get(page_of(newest())).content.decode()
    assert sentence in html
    assert f"Who must act: {who}" in html


def test_without_the_number_it_says_why_it_cannot_be_corrected(agent: User, signed_in: SignedIn) -> None:
    vouched = make_submission(agent, State.DELIVERED, cg_id="")
    client = signed_in(agent)
    assert "Correct it" not in client.get(page_of(vouched)).content.decode()
    page = client.get(by_agent(vouched), follow=True)
    assert "Nobody gave CustomerGauge&#x27;s number for it" in page.content.decode()


# -- what CustomerGauge has ------------------------------------------------------------------------------------


def change_there(simulator: Simulator, **fields: str) -> None:
    """Somebody changes the record in CustomerGauge itself."""
    (number,) = simulator.records
    url = f"{simulator.url}/v4.1/transactions/response.json"
    answer = requests.put(url, data={"id": number, **fields}, headers={"Authorization": f"api_key {KEY}"}, timeout=5)
    assert answer.status_code == 200


def compare(loop: Loop, delivered: Submission, manager: User) -> None:
    assert Delivery.objects.get(pk=delivered.pk).ask_comparison(Cause(manager))
    drain(loop)
    assert Channel.current().is_open


def test_each_field_stands_beside_what_customergauge_has(
    desk: Desk,
    boss: Client,
    manager: User,
    loop: Loop,
    simulator: Simulator,
    delivered: Submission,
) -> None:
    assert "CustomerGauge has</dt>" not in desk.client.get(by_agent(delivered)).content.decode()
    assert "Compare with CustomerGauge" in boss.get(by_manager(delivered)).content.decode()
    change_there(simulator, FirstName="Leo")
    compare(loop, delivered, manager)
    known = desk.client.get(by_agent(delivered)).context["form"].known
    assert (known["FirstName"].ours, known["FirstName"].theirs, known["FirstName"].same) == ("Le", "Leo", False)
    assert known["LastName"].same
    html = desk.client.get(by_agent(delivered)).content.decode()
    assert "<bdi>Leo</bdi>" in html
    assert "differs" in html
    correct(desk.client, delivered, FirstName="Lee")
    drain(loop)
    known = desk.client.get(by_agent(newest())).context["form"].known
    assert "FirstName" not in known, "what was changed since is not known any more"


def test_who_was_anonymised_there_is_never_written_back(
    desk: Desk,
    manager: User,
    loop: Loop,
    simulator: Simulator,
    delivered: Submission,
) -> None:
    answers = filled(desk.client.get(by_agent(delivered)))
    change_there(simulator, FirstName="***", LastName="***", Email="x7f3@anonymous.company.com")
    compare(loop, delivered, manager)
    page = desk.client.get(by_agent(delivered), follow=True)
    assert "CustomerGauge has anonymised this customer." in page.content.decode()
    assert desk.client.post(NEW, answers | {WHY: "late", "FirstName": "Lee"}).status_code == 422
    assert Submission.objects.count() == 1
