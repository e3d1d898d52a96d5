"""Asking CustomerGauge to anonymise whoever was erased: by address, repeatable, forgotten once it is through."""

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.audit.test_erase import ASKED, entered, whole_database
from uploads.audit.erase import erase
from uploads.audit.verify import verify
from uploads.customergauge import ANONYMISE, Client, ClientCredentials, Timeouts
from uploads.delivery.loop import Loop
from uploads.delivery.restored import reconcile
from uploads.models import Action, Anonymisation, Attempt, AttemptKind, AuditEvent, Channel, Delivery, State, Submission
from uploads.simulator import Simulator

from .conftest import drain

EMAIL = "lee@example.com"
PAYLOAD = [["Email", EMAIL], ["FirstName", "Lee"], ["NetPromoterScore", "4"], ["Comment", "Waited too long"],
           ["SurveyCompletedDate", "2026-11-02 13:59:12"]]  # fmt: skip


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(port=0) as simulator:
        yield simulator


@pytest.fixture
def loop(simulator: Simulator, db: None) -> Loop:
    """A delivery loop that signs in with an OAuth2 client, which the call needs."""
    credentials = ClientCredentials(f"{simulator.url}/oauth2/token", "client-7", "canary-secret-91c")
    timeouts = Timeouts(connect=2, read=2, deadline=4)
    return Loop(Client(simulator.url, credentials, timeouts=timeouts), "here:1", calls=2)


@pytest.fixture
def delivered(loop: Loop, agent: User) -> Submission:
    submission = entered(agent, payload=PAYLOAD)
    drain(loop)
    return submission


@pytest.fixture
def asked(delivered: Submission, manager: User) -> Anonymisation:
    erase(manager, ASKED, [delivered], anonymise=[EMAIL])
    return Anonymisation.objects.get()


def after(row: Anonymisation) -> Anonymisation:
    return Anonymisation.objects.get(pk=row.pk)


def make_due() -> None:
    Anonymisation.objects.update(next_at=timezone.now() - timedelta(seconds=1))


def requests(simulator: Simulator) -> list[object]:
    return [json.loads(arrival.body) for arrival in simulator.arrivals if arrival.path == ANONYMISE]


def told(row: Anonymisation) -> list[str]:
    """What the audit log says of it."""
    return [event.action for event in AuditEvent.objects.about(row.submission) if event.action.startswith("anon")]


def test_customergauge_anonymises_and_the_address_is_forgotten(
    loop: Loop, simulator: Simulator, asked: Anonymisation
) -> None:
    assert asked.email == EMAIL
    drain(loop)
    assert requests(simulator) == [{"email": EMAIL}]
    (record,) = simulator.records.values()
    assert (record.fields["FirstName"], record.fields["NetPromoterScore"]) == ("***", "4")
    assert (after(asked).state, after(asked).evidence, after(asked).email) == (State.DELIVERED, "taken", "")
    assert told(asked) == [Action.ANONYMISE_ASKED, Action.ANONYMISE_SENDING, Action.ANONYMISE_DELIVERED]
    assert Attempt.objects.get(kind=AttemptKind.ANONYMISE).status == 200


def test_nothing_of_the_person_is_left_afterwards_and_the_log_verifies(loop: Loop, asked: Anonymisation) -> None:
    drain(loop)
    assert EMAIL not in whole_database()
    assert not verify().findings


def test_only_its_own_row_holds_the_address_meanwhile(asked: Anonymisation) -> None:
    assert whole_database().count(EMAIL) == 1


def test_what_was_never_delivered_is_not_asked_about(agent: User, manager: User) -> None:
    erase(manager, ASKED, [entered(agent), entered(agent, State.REJECTED)], anonymise=[EMAIL])
    assert not Anonymisation.objects.exists()


def test_an_address_of_nobody_erased_is_not_asked_about(delivered: Submission, manager: User) -> None:
    erase(manager, ASKED, [delivered], anonymise=["bo@example.com"])
    assert not Anonymisation.objects.exists()


@pytest.mark.parametrize("behaviour", ["reset-after-body", "500", "html", "body-list"])
def test_an_unknown_outcome_is_simply_repeated(
    loop: Loop, simulator: Simulator, asked: Anonymisation, behaviour: str
) -> None:
    simulator.behave(behaviour, 1, on="POST")
    drain(loop)
    assert (after(asked).state, after(asked).email) == (State.QUEUED, EMAIL)
    make_due()
    drain(loop)
    assert after(asked).state == State.DELIVERED
    assert len(requests(simulator)) == 2


@pytest.mark.parametrize("behaviour", ["400", "403", "404", "422"])
def test_a_refusal_is_given_to_a_person_and_stops_nothing_else(
    loop: Loop, simulator: Simulator, agent: User, asked: Anonymisation, behaviour: str
) -> None:
    simulator.behave(behaviour, 1, on="POST")
    drain(loop)
    assert (after(asked).state, after(asked).email) == (State.FAILED, EMAIL)
    assert Channel.current().is_open
    other = entered(agent, payload=PAYLOAD)
    drain(loop)
    assert Delivery.objects.get(pk=other.pk).state == State.DELIVERED


def test_a_refused_credential_pauses_as_ever_when_results_are_refused_too(
    loop: Loop, simulator: Simulator, asked: Anonymisation
) -> None:
    simulator.behave("401")
    drain(loop)
    assert after(asked).state == State.QUEUED
    assert Channel.current().paused


def test_a_lost_worker_after_the_wire_mark_means_once_more(
    loop: Loop, simulator: Simulator, asked: Anonymisation
) -> None:
    attempt = asked.claim("gone:1", timezone.now() - timedelta(seconds=1), {"body": EMAIL})
    assert attempt
    assert asked.mark_on_wire(attempt)
    loop.claims.collect_the_lost()
    drain(loop)
    assert after(asked).state == State.DELIVERED
    assert EMAIL not in whole_database()


def test_after_a_restored_backup_a_person_decides(asked: Anonymisation) -> None:
    assert reconcile("op") == 1
    assert (after(asked).state, after(asked).email) == (State.UNCONFIRMED, EMAIL)


def test_the_database_takes_no_attempt_of_two(delivered: Submission, asked: Anonymisation) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.create(id=uuid.uuid4(), delivery=delivered.delivery, anonymisation=asked, worker="here:1")
