"""A form that is valid as it stands; a test changes only what it is about."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from uploads.customergauge import Exchange
from uploads.delivery.job import Done
from uploads.delivery.sending import SendJob
from uploads.models import ReasonCode, Side, State, Submission, SurveyField, WorkflowStatus

from ..processes import Portal, Template, portal_for

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

        def ago(minutes: int) -> str:
            return (timezone.localtime() - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")

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
    return marked(page)


def marked(page: HttpResponse) -> dict[str, list[str]]:
    """The sentences beside the answers of a form, by input."""
    return {name: [str(error) for error in errors] for name, errors in page.context["form"].errors.items()}


def filled(page: HttpResponse) -> dict[str, Any]:
    """What the browser would send if the form were saved as it stands, without its key."""
    form = Form(page.content.decode())
    return {name: values if name == "reasons" else values[0] for name, values in form.values.items()}


class Form(HTMLParser):
    """The inputs of the entry form as a browser reads them; `focus` names the one that asks for the focus."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.focus = ""
        self._inside = False
        self._area = self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = "data-entry" in given
        if not self._inside:
            return
        if "autofocus" in given:
            self.focus = given.get("name") or given["id"].removeprefix("id_")
        name = given.get("name", "")
        if tag == "textarea":
            self._area = name
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self.values[self._select] = [given["value"]]
        elif tag == "input" and (given.get("type") not in {"radio", "checkbox"} or "checked" in given) and name:
            self.values.setdefault(name, []).append(given.get("value", "on" if "checked" in given else ""))

    def handle_data(self, data: str) -> None:
        if self._area:
            self.values[self._area] = [data.removeprefix("\n")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""


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


class Race:
    """Somebody who acts on the database just before the first statement that changes a delivery."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act: Callable[[], object] | None = act

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.act and sql.startswith('UPDATE "uploads_delivery"'):
            act, self.act = self.act, None
            act()
        return execute(sql, params, many, context)


def refuse(submission: Submission, body: str | bytes, status: int = 400, form: str = "json") -> Submission:
    """The worker sends it and CustomerGauge answers with this refusal; everything is recorded as in real life."""
    delivery = submission.delivery
    attempt = delivery.claim("worker", timezone.now() + timedelta(minutes=1), b"")
    assert attempt
    body = body.encode() if isinstance(body, str) else body
    exchange = Exchange("POST", f"/v4.1/transactions/response.{form}", wire=True, status=status, body=body)
    job = SendJob(delivery, [attempt], on_wire=True)
    job.settle(Done(job, (exchange,)), "worker")
    assert delivery.state == State.REJECTED
    return submission


def error(code: int, message: str) -> str:
    """An error body of the API."""
    return json.dumps({"Error": {"Message": message, "Code": code}})


@pytest.fixture(scope="module")
def web(portal_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal without a worker, shared by the browser tests of a module."""
    with portal_for(portal_template, tmp_path_factory.mktemp("web")) as portal:
        portal.start_web()
        yield portal


@pytest.fixture
def form(web: Portal, page: Page) -> Page:
    """The empty form in an agent's browser."""
    web.sql("DELETE FROM uploads_draft")
    return web.browser_session("agent").lend(page, NEW)
