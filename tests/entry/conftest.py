"""A form that is valid as it stands; a test changes only what it is about."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from uploads.models import ReasonCode, Side, SurveyField, WorkflowStatus

NEW = "/submissions/new/"


class Desk:
    """An agent in front of the entry form."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def token(self) -> str:
        """The token of a freshly opened form."""
        return token_of(self.client.get(NEW))

    def answers(self, **changes: Any) -> dict[str, Any]:
        """A valid form with some answers changed; None leaves an input out."""
        ago = lambda minutes: (timezone.localtime() - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")  # noqa: E731
        valid = {
            "CustomerNumber": "1143",
            "Email": "lee@company.com",
            "FirstName": "Lee",
            "LastName": "Klameth",
            "score": "4",
            "comment": "Waited too long",
            "sent_at": ago(50),
            "completed_at": ago(10),
            "contact": "Y",
            "workflow_status": "OPEN",
            "submit_token": self.token(),
        }
        return {name: value for name, value in (valid | changes).items() if value is not None}

    def save(self, **changes: Any) -> HttpResponse:
        """Post the valid form with some answers changed."""
        return self.client.post(NEW, self.answers(**changes))


def token_of(page: HttpResponse) -> str:
    """The token in a page's form."""
    found = re.search(r'name="submit_token" value="([^"]*)"', page.content.decode())
    assert found, "the page holds no form"
    return found[1]


def errors_of(page: HttpResponse) -> dict[str, list[str]]:
    """The sentences of a refused form, by input."""
    assert page.status_code == 422, page.status_code
    return {name: [str(error) for error in errors] for name, errors in page.context["form"].errors.items()}


@pytest.fixture
def desk(agent: User, signed_in: Callable[[User], Client]) -> Desk:
    return Desk(signed_in(agent))


@pytest.fixture
def desk2(agent2: User, signed_in: Callable[[User], Client]) -> Desk:
    return Desk(signed_in(agent2))


@pytest.fixture
def reasons(db: None) -> dict[str, ReasonCode]:
    """A primary for all scores with three secondaries, and a primary for promoters only."""
    make = ReasonCode.objects.create
    service = make(code="10000", label="Service", promoter_label="Great service", position=1)
    return {
        "service": service,
        "waiting": make(code="10020", label="Waiting time", parent=service, side=Side.PASSIVE_DETRACTOR, position=2),
        "staff": make(code="10030", label="Staff", parent=service, position=3),
        "speed": make(code="10040", label="Speed", parent=service, side=Side.PROMOTER, position=4),
        "family": make(code="13000", label="For the family", side=Side.PROMOTER, position=5),
    }


@pytest.fixture
def strict_names(db: None) -> None:
    """First and last name and customer number must be filled in."""
    SurveyField.objects.filter(key__in=["FirstName", "LastName", "CustomerNumber"]).update(required=True)


@pytest.fixture
def default_status(db: None) -> None:
    WorkflowStatus.objects.filter(code="IN-PROGRESS").update(default=True)
