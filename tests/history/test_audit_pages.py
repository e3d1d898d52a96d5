"""The audit log for people: what can be asked of it, what each reader sees, and that reading it is on the record."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.audit.sealing import seal_all
from tests.factories import make_submission
from tests.history.conftest import reject
from uploads.audit import guards
from uploads.audit.erase import erase
from uploads.history.audit_filter import AREAS, AuditFilter, area
from uploads.history.audit_list import page
from uploads.models import Action, AuditEvent, ReasonCode, State, writes
from uploads.models.audit import compose
from uploads.models.erasure import ErasureReason

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SignedIn = Callable[[User], Client]


@pytest.fixture
def root(db: None, signed_in: SignedIn) -> Client:
    return signed_in(User.objects.create_superuser("root", "root@example.com", "demo"))


@pytest.fixture
def admins(admin: User, signed_in: SignedIn) -> Client:
    return signed_in(admin)


def record(action: Action, about: Any = "", **fields: Any) -> AuditEvent:
    """An event as it is written, at any time and under any request id."""
    at, number = fields.pop("at", NOON), fields.pop("request_id", "")
    event, payload = compose(
        action, about, fields.pop("actor", ""), None, fields.pop("outcome", ""), fields.pop("body", None)
    )
    event.at, event.request_id = at, number
    event.save()
    if payload:
        payload.event = event
        payload.save()
    return event


def shown(client: Client, query: str = "") -> list[int]:
    """The events in the list, by number."""
    response = client.get(f"/audit/?{query}")
    assert response.status_code == 200, response.text
    return [int(pk) for pk in re.findall(r'href="/audit/(\d+)/"', response.text)]


def text(client: Client, event: AuditEvent) -> str:
    response = client.get(f"/audit/{event.pk}/")
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.text).split())


# -- the list -----------------------------------------------------------------------------------------------


def test_each_event_is_a_sentence_newest_first(browser: Client, agent: User) -> None:
    agent.first_name, agent.last_name = "Anna", "de Vries"
    agent.save()
    submission = make_submission(agent)
    record(Action.SUBMITTED, submission, actor=agent, at=NOON - timedelta(hours=1))
    record(Action.UNCONFIRMED, submission, actor="host:12", outcome="read_timeout")
    html = " ".join(re.sub(r"<[^>]+>", " ", browser.get("/audit/").text).split())
    later = html.index("Worker host:12 does not know whether CustomerGauge has it.")
    assert html.index("Anna de Vries (anna) entered the result.") > later
    assert html.count(f"result {submission.short_id}") == 2


def test_pages_go_both_ways_and_show_each_event_once_also_those_of_one_moment(browser: Client) -> None:
    made = [
        record(Action.SIGNED_IN, actor=f"p{n}", request_id="ab", at=NOON + timedelta(hours=n // 40)).pk
        for n in range(120)
    ]
    first = browser.get("/audit/?request=ab").text
    (older,) = re.findall(r'href="(\?[^"]*before=[^"]*)" rel="next"', first)
    seen = shown(browser, "request=ab")
    second = browser.get(f"/audit/{older.replace('&amp;', '&')}").text
    seen += shown(browser, older[1:].replace("&amp;", "&"))
    (last,) = re.findall(r'href="(\?[^"]*before=[^"]*)" rel="next"', second)
    seen += shown(browser, last[1:].replace("&amp;", "&"))
    assert seen == made[::-1]
    (newer,) = re.findall(r'href="(\?[^"]*after=[^"]*)" rel="prev"', second)
    assert shown(browser, newer[1:].replace("&amp;", "&")) == made[::-1][:50]


@pytest.fixture
def past(agent: User, manager: User) -> dict[str, Any]:
    """One event of each sort."""
    submission = make_submission(agent)
    reason = ReasonCode.objects.create(code="4711", label="Waiting")
    return {
        "submission": submission,
        "entered": record(Action.SUBMITTED, submission, actor=agent, request_id="aa11").pk,
        "rejected": record(Action.REJECTED, submission, actor="host:12", outcome="content_refused").pk,
        "in": record(Action.SIGNED_IN, agent, actor=agent, at=NOON + timedelta(days=3)).pk,
        "refused": record(Action.SIGN_IN_REFUSED, body={"name": "x"}, at=NOON - timedelta(days=3)).pk,
        "page": record(Action.ACCESS_REFUSED, "erase", actor=agent, outcome="GET").pk,
        "reason": record(Action.LOOKUP_ADDED, reason, actor=manager, body={"before": None, "after": {}}).pk,
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("what=session", ["in", "refused"]),
        ("what=session.refused", ["refused"]),
        ("what=access", ["page"]),
        ("what=lookup", ["reason"]),
        ("who=anna", ["in", "page", "entered"]),
        ("who=host:12", ["rejected"]),
        ("who=nobody-of-this-name", []),
        ("about={number}", ["rejected", "entered"]),
        ("about=result {number}", ["rejected", "entered"]),
        ("about={uuid}", ["rejected", "entered"]),
        ("about=submission:{pk}", ["rejected", "entered"]),
        ("about=ANNA", ["in"]),
        ("about=4711", ["reason"]),
        ("request=aa11", ["entered"]),
        ("request=ffff", []),
        ("outcome=content_refused", ["rejected"]),
        ("since=2026-11-21&what=session", ["in"]),
        ("until=2026-11-19", ["refused"]),
        ("since=2026-11-20&until=2026-11-20&who=anna", ["page", "entered"]),
        ("about={number}&what=delivery", ["rejected"]),
        ("about={number}&what=session", []),
        ("what=session&who=anna", ["in"]),
        ("outcome=GET&who=anna&what=access.refused", ["page"]),
    ],
)
def test_the_filter_in_the_address_narrows_the_list(
    browser: Client, past: dict[str, Any], query: str, names: list[str]
) -> None:
    submission = past["submission"]
    asked = query.format(number=submission.short_id, uuid=submission.uuid, pk=submission.pk)
    mine = {pk: name for name, pk in past.items()}
    assert [mine[pk] for pk in shown(browser, asked) if pk in mine] == names


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("what=sessions", "Nothing of this name is recorded."),
        ("what=session&what=user", "The address asks for several of these."),
        ("about=ffffffff", "There is no result, person or list entry of this name."),
        ("about=%25", "There is no result, person or list entry of this name."),
        ("who=%00", "Null characters"),
        ("request=../x", "A request id has digits and letters"),
        ("outcome=a%27b", "Write it as the entry shows it"),
        ("since=soon", "not a day of the calendar"),
        ("since=2026-11-20&until=2026-11-01", "The last day lies before the first."),
        ("who=" + "x" * 151, "at most 150"),
    ],
)
def test_nonsense_shows_nothing_and_says_why(browser: Client, past: dict[str, Any], query: str, sentence: str) -> None:
    response = browser.get(f"/audit/?{query}")
    assert response.status_code == 422
    assert sentence in response.text
    assert 'class="row-link"' not in response.text


@pytest.mark.parametrize("query", ["before=x", "before=1-1&after=1-1", "after=99999999999999999999-1"])
def test_an_address_of_a_page_that_is_none_gives_the_newest(browser: Client, past: dict[str, Any], query: str) -> None:
    assert past["entered"] in shown(browser, query)


def test_a_filter_without_a_match_says_so(browser: Client) -> None:
    assert "Nothing that was recorded matches" in browser.get("/audit/?request=ffff").text


def test_every_area_of_what_is_recorded_has_a_name_in_the_filter() -> None:
    assert {area(action) for action in Action} <= AREAS.keys()


def test_an_action_of_a_newer_release_is_shown_by_its_name(browser: Client, agent: User) -> None:
    event = record(Action.SIGNED_IN, actor=agent, request_id="ee")
    newer = AuditEvent(at=NOON, action="future.thing", actor_name="anna", request_id="ee")
    newer.save()
    assert shown(browser, "request=ee") == [newer.pk, event.pk]
    assert "anna future.thing." in text(browser, newer)


# -- one entry ----------------------------------------------------------------------------------------------


def test_a_change_of_a_list_is_a_table_of_before_and_after(admins: Client, browser: Client) -> None:
    reason = ReasonCode.objects.create(code="4711", label="Waiting", side="promoter")
    form = {
        "code": "4711",
        "label": "Waiting long",
        "side": "promoter",
        "position": "5",
        "active": "on",
        "_save": "Save",
    }
    saved = admins.post(f"/admin/uploads/reasoncode/{reason.pk}/change/", form)
    assert saved.status_code == 302, saved.text
    event = AuditEvent.objects.get(action=Action.LOOKUP_CHANGED)
    for client in (browser, admins):
        html = client.get(f"/audit/{event.pk}/").text
        assert re.search(
            r'Label</th><td data-label="Before">Waiting</td><td data-label="After">Waiting long</td>', html
        )
        assert "Code</th>" not in html, "what has not changed is left out"


def test_a_change_of_role_is_shown_and_an_address_to_administrators_only(
    root: Client, browser: Client, admins: Client, agent: User
) -> None:
    manager = Group.objects.get(name="manager").pk
    form = {"username": "anna", "first_name": "Anna", "last_name": "", "email": "new@example.com", "is_active": "on",
            "groups": manager, "_save": "Save"}  # fmt: skip
    saved = root.post(f"/admin/auth/user/{agent.pk}/change/", form)
    assert saved.status_code == 302, saved.text
    event = AuditEvent.objects.get(action=Action.USER_CHANGED)
    for client in (browser, admins, root):
        assert (
            'data-label="Before">agent</td><td data-label="After">manager</td>'
            in client.get(f"/audit/{event.pk}/").text
        )
    assert "new@example.com" in text(admins, event)
    assert "new@example.com" in text(root, event)
    assert "new@example.com" not in browser.get(f"/audit/{event.pk}/").text
    assert "not shown to managers" in text(browser, event)


def test_what_somebody_typed_as_a_name_at_sign_in_is_for_administrators(browser: Client, admins: Client) -> None:
    Client().post("/accounts/login/", {"login": "my-Passw0rd", "password": "x"})
    event = AuditEvent.objects.get(action=Action.SIGN_IN_REFUSED)
    assert "my-Passw0rd" in text(admins, event)
    assert "my-Passw0rd" not in browser.get(f"/audit/{event.pk}/").text


def test_administrators_see_that_a_result_was_entered_and_not_what_the_customer_said(
    admins: Client, browser: Client, agent: User
) -> None:
    submission = make_submission(agent)
    body = {"customer": submission.customer, "comment": "Waited too long", "score": 4}
    event = record(Action.SUBMITTED, submission, actor=agent, body=body)
    hidden = admins.get(f"/audit/{event.pk}/").text
    assert "Managers can read it." in hidden
    assert "Waited too long" not in hidden
    assert f"/history/{submission.uuid}/" not in hidden
    seen = browser.get(f"/audit/{event.pk}/").text
    assert "Waited too long" in seen
    assert f'href="/history/{submission.uuid}/"' in seen


def test_personal_data_is_masked_until_it_is_shown_on_the_page_of_the_result(browser: Client, agent: User) -> None:
    submission = make_submission(agent)
    event = record(Action.SUBMITTED, submission, actor=agent, body={"customer": submission.customer, "score": 4})
    masked = browser.get(f"/audit/{event.pk}/").text
    assert "lee@example.com" not in masked
    assert "Klameth" not in masked
    assert "show it on" in masked
    browser.post(f"/history/{submission.uuid}/show/")
    assert "lee@example.com" in browser.get(f"/audit/{event.pk}/").text


def test_a_call_shows_what_was_sent_without_the_key(browser: Client, agent: User) -> None:
    submission = make_submission(agent)
    reject(submission, "No such division")
    sending = AuditEvent.objects.get(action=Action.SENDING)
    assert "POST https://api.example.com/v4.1/transactions/response.json" in text(browser, sending)
    assert "api_key ********" in text(browser, sending)
    refused = AuditEvent.objects.get(action=Action.REJECTED)
    assert "No such division" in text(browser, refused)


def test_opening_an_entry_is_recorded_and_of_a_result_that_it_was_looked_at(browser: Client, agent: User) -> None:
    submission = make_submission(agent)
    event = record(Action.SUBMITTED, submission, actor=agent, body={"score": 4})
    shown(browser)
    assert not AuditEvent.objects.filter(action=Action.AUDIT_VIEWED).exists(), "the list holds no personal data"
    browser.get(f"/audit/{event.pk}/")
    look = AuditEvent.objects.get(action=Action.AUDIT_VIEWED)
    assert (look.actor_name, look.object_type, look.object_id) == ("mia", "auditevent", str(event.pk))
    assert AuditEvent.objects.about(submission).filter(action=Action.VIEWED, actor_name="mia").count() == 1
    assert shown(browser, f"about=auditevent:{event.pk}") == [look.pk]


def test_an_entry_says_which_seal_covers_it(browser: Client, agent: User, settings: Any) -> None:
    settings.AUDIT_SEAL_KEY = "a-key-that-seals-only-the-logs-of-tests"
    early = record(Action.SIGNED_IN, agent, actor=agent)
    first = seal_all()
    later = record(Action.SIGNED_OUT, agent, actor=agent)
    assert f"Sealed in seal {first.number}, " in text(browser, early)
    assert "Not sealed yet" in text(browser, later)
    second = seal_all()
    assert f"Sealed in seal {second.number}, " in text(browser, later)
    assert f"Sealed in seal {first.number}, " in text(browser, early)
    settings.AUDIT_SEAL_KEY = ""
    assert "AUDIT_SEAL_KEY is not set" in text(browser, record(Action.SIGNED_IN, agent, actor=agent))


def test_content_that_somebody_has_changed_is_called_so(browser: Client, agent: User) -> None:
    event = record(Action.EXPORT_ASKED, actor=agent, body={"format": "csv"})
    assert "It is what the entry commits itself to." in text(browser, event)
    guards.remove()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE uploads_auditpayload SET body = %s WHERE event_id = %s", [b'{"format":"pdf"}', event.pk])
    guards.install()
    assert "It is not what the entry commits itself to." in text(browser, event)


def test_what_was_erased_is_gone_and_the_entry_stays(browser: Client, manager: User, agent: User) -> None:
    submission = make_submission(agent, State.FAILED)
    event = record(Action.SUBMITTED, submission, actor=agent, body={"comment": "Waited too long"})
    assert erase(manager, ErasureReason.PERSON_ASKED, [submission])
    seen = text(browser, event)
    assert "it was erased, or let go after its time" in seen
    assert "erased since" in seen
    assert "Waited too long" not in seen


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\x00<script>", b"[" * 100_000, b'{"before": 1, "after": [2]}', b"", b"null",
        b'{"before": null, "after": {"a\\u202e": "\\u0007"}}',
    ],
)  # fmt: skip
def test_any_recorded_bytes_can_be_looked_at(browser: Client, agent: User, body: bytes) -> None:
    event = record(Action.EXPORT_ASKED, actor=agent, body=body)
    html = browser.get(f"/audit/{event.pk}/").text
    assert "<script>" not in html
    assert "It is what the entry commits itself to." in html


@pytest.mark.parametrize("number", ["0", "999999", "9" * 30])
def test_an_entry_that_is_not_there_is_not_found(browser: Client, number: str) -> None:
    assert browser.get(f"/audit/{number}/").status_code == 404


# -- speed --------------------------------------------------------------------------------------------------

FILTERS = {
    "": "audit_newest", "what=session.signed_in": "audit_by_action", "what=session": "audit_by_action",
    "who=p7": "audit_by_actor", "request=7": "audit_by_request", "outcome=o7": "audit_by_outcome",
    "about=thing:7": "audit_by_object", "request=7&what=session": "audit_by_request",
    "who=p7&what=session&outcome=o7": "audit_by_actor", "about=thing:7&what=session&who=p7": "audit_by_object",
}  # fmt: skip


@pytest.fixture
def many(db: None) -> None:
    """So many events that the database would rather not read them all."""
    usual = [Action.SENDING, Action.DELIVERED, Action.SUBMITTED]
    writes.insert(
        *(
            AuditEvent(
                at=NOON + timedelta(seconds=n),
                action=usual[n % 3] if n % 100 else Action.SIGNED_IN,
                actor_name=f"p{n % 50}",
                object_type="thing",
                object_id=str(n % 700),
                outcome=f"o{n % 40}",
                request_id=f"{n % 900}",
            )
            for n in range(6000)
        )
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE uploads_auditevent")


def test_every_filter_is_answered_from_its_index_in_both_directions(many: None) -> None:
    middle = AuditEvent.objects.order_by("id")[3000]
    cursor = f"{int(middle.at.timestamp() * 1_000_000)}-{middle.pk}"
    wrong = {}
    for query, index in FILTERS.items():
        for place in ({}, {"before": cursor}, {"after": cursor}):
            with CaptureQueriesContext(connection) as captured:
                page(AuditFilter(QueryDict(query)), **place)
            plan = plan_of(captured[0]["sql"])
            if index not in plan or "Seq Scan on uploads_auditevent" in plan:
                wrong[query, *place] = plan
    assert wrong == {}


def plan_of(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"{'EXPLAIN QUERY PLAN' if connection.vendor == 'sqlite' else 'EXPLAIN'} {statement}")
        return "\n".join(str(row) for row in cursor.fetchall())
