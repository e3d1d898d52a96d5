"""A manager's browser, and calls to CustomerGauge that are played through the models' own transitions."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from uploads.models import Attempt, Cause, ConfirmedBy, Submission

WORKER = "host:12"
LEASE = timedelta(seconds=120)


@pytest.fixture
def browser(manager: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(manager)


def claim(submission: Submission, *, wire: bool = True) -> Attempt:
    """A worker takes the submission and (with `wire`) begins to send it."""
    request = {
        "method": "POST",
        "url": "https://api.example.com/v4.1/transactions/response.json",
        "headers": [["Authorization", "api_key ********"], ["Accept", "application/json"]],
        "body": urlencode([(key, value) for key, value in submission.payload]),
    }
    attempt = submission.delivery.claim(WORKER, timezone.now() + LEASE, request)
    assert attempt
    submission.delivery.refresh_from_db()
    if wire:
        assert submission.delivery.mark_on_wire(attempt)
        attempt.refresh_from_db()
    return attempt


def end(attempt: Attempt, evidence: str, status: int | None, body: str = "", code: str = "", **reply: Any) -> Cause:
    """The call ends; what came back is the proof of the transition that the caller makes of it."""
    attempt.end(outcome="played", evidence=evidence, seconds=0.21, status=status, code=code)
    proof = {"status": status, "headers": [["Content-Type", "application/json"]], "body": body} | reply
    return Cause(WORKER, evidence, attempt, None if status is None else proof)


def deliver(submission: Submission, cg_id: str = "12") -> None:
    attempt = claim(submission)
    cause = end(attempt, "stored", 200, f'{{"Data":{{"number_customergauge":{cg_id}}}}}')
    assert submission.delivery.deliver(cause, cg_id, ConfirmedBy.REPLY)


def reject(submission: Submission, message: str) -> None:
    attempt = claim(submission)
    body = f'{{"Error":{{"Message":"{message}","Code":400003}}}}'
    assert submission.delivery.reject(end(attempt, "content_refused", 400, body, "400003"))


def lose(submission: Submission, body: str = "<html>") -> None:
    """The reply cannot be understood: nobody knows whether CustomerGauge has it."""
    assert submission.delivery.unconfirm(end(claim(submission), "server_error", 502, body))


def refuse(submission: Submission) -> None:
    """No connection: back into the queue."""
    cause = end(claim(submission, wire=False), "refused", None)
    assert submission.delivery.requeue(cause, timezone.now() + timedelta(hours=2), spend_try=True)
