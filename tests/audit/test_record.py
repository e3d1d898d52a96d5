"""The one door into the audit log."""

import hashlib
import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.factories import make_submission
from uploads.models import Action, AuditEvent
from uploads.models.audit import commitment


def test_names_are_frozen_as_text(agent: User) -> None:
    event = AuditEvent.objects.record(Action.SIGNED_IN, agent, actor=agent)
    User.objects.filter(pk=agent.pk).update(username="renamed")
    assert AuditEvent.objects.get(pk=event.pk).actor_name == "anna"


def test_secrets_are_masked_by_name_and_by_value(db: None) -> None:
    body = {"API_Key": "abc", "nested": [{"password": "x"}], "text": "it says canary-key-4d1f7a here", "score": 7}
    event = AuditEvent.objects.record(Action.SUBMITTED, "x", body=body)
    stored = json.loads(bytes(event.payload.body))
    assert stored == {"API_Key": "***", "nested": [{"password": "***"}], "text": "it says *** here", "score": 7}
    raw = AuditEvent.objects.record(Action.SUBMITTED, "x", body=b"\xff canary-key-4d1f7a")
    assert bytes(raw.payload.body) == b"\xff ***"


def test_the_commitment_covers_salt_length_and_body(agent: User) -> None:
    event = AuditEvent.objects.record(Action.SUBMITTED, make_submission(agent), actor=agent, body=b"words")
    salt = bytes(event.payload.salt)
    assert len(salt) == 32
    expected = hashlib.sha256(b"cgp-commit-v1\0" + (5).to_bytes(8, "big") + salt + b"words").digest()
    assert bytes(event.commitment) == expected == commitment(salt, b"words")


def test_an_event_holds_no_words_of_the_customer(agent: User) -> None:
    submission = make_submission(agent, comment="canary words")
    event = AuditEvent.objects.record(Action.SUBMITTED, submission, actor=agent, body={"comment": "canary words"})
    facts = [str(getattr(event, field.name)) for field in AuditEvent._meta.fields if field.name != "actor"]
    assert not any("canary" in fact or "Klameth" in fact for fact in facts)


@pytest.mark.parametrize(("path", "status"), [("/history/", 403), ("/health/", 403)])
def test_a_refused_page_is_on_the_record_with_the_id_of_the_request(
    signed_in: Callable[[User], Client], agent: User, path: str, status: int
) -> None:
    client = signed_in(agent)
    answer = client.get(path)
    assert answer.status_code == status
    event = AuditEvent.objects.get(action=Action.ACCESS_REFUSED)
    assert event.actor == agent
    assert event.request_id == answer.headers["X-Request-ID"]
