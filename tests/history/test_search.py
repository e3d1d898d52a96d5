"""Searching the history: what is found, that both databases find the same, and that an index answers."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from tests.factories import customer, make_submission
from uploads.audit.erase import erase
from uploads.models import Action, AuditEvent, CustomerKey, ReasonCode, State, Submission, search
from uploads.models.erasure import ErasureReason

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def found(client: Client, text: str, **others: str) -> list[str]:
    response = client.get("/history/", {"q": text, **others})
    assert response.status_code == 200
    return re.findall(r'class="row-link" href="/history/([0-9a-f-]{36})/', response.text)


@pytest.fixture
def two(agent: User) -> dict[str, str]:
    """Two results with nothing in common; uuid by name."""
    fields = [
        customer("CustomerNumber", "Customer number", "identifier", "C-77"),
        customer("Email", "E-mail", "email", "Zoë.O'Neil@brightwater.example"),
        customer("LastName", "Last name", "text", "O’Neil-ÅNGSTRÖM"),
        customer("Phone", "Phone", "phone", "+31 20 555 0143"),
    ]
    zoe = make_submission(
        agent, State.DELIVERED, cg_id="90001", customer=fields, created_at=NOON, score=9,
        comment='100% "fine"\nRefund_came back; Straße, ΑΒΓ, 日本語です',
    )  # fmt: skip
    other = make_submission(agent, created_at=NOON - timedelta(days=1), comment="Waited too long")
    CustomerKey.objects.create(submission=zoe, kind="phone", value="31205550143")
    CustomerKey.objects.create(submission=zoe, kind="identifier", value="c-77")
    CustomerKey.objects.create(submission=other, kind="identifier", value="7")
    return {"zoe": str(zoe.uuid), "other": str(other.uuid)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("refund", "zoe"),
        ("EFUND_C", "zoe"),
        ("refund came", ""),
        ('"fine"', "zoe"),
        ("100%", "zoe"),
        ("1%0", ""),
        ("fine\tx", ""),
        ("STRAßE", "zoe"),
        ("αβγ", "zoe"),
        ("日本語", "zoe"),
        ("ångström", "zoe"),
        ("o’neil", "zoe"),
        ("brightwater", "zoe"),
        ("zoë.o'neil@BRIGHT", "zoe"),
        ("  waited too  ", "other"),
        ("Last name", ""),
        ("identifier", ""),
        ("C-77", "zoe"),
        ("c-7", "zoe"),
        ("7", "other"),
        ("+31 (20) 555-0143", "zoe"),
        ("90001", "zoe"),
        ("9000", ""),
        ("AND", ""),
        ("words : refund*", ""),
        ("' OR 1=1", ""),
        ("\\", None),
        ("nothing like it", ""),
    ],
)
def test_a_piece_of_a_comment_a_customers_value_or_a_number_is_found(
    browser: Client, two: dict[str, str], text: str, expected: str | None
) -> None:
    if expected is None:
        assert browser.get("/history/", {"q": text}).status_code == 422
    else:
        assert found(browser, text) == [two[name] for name in expected.split()]


def test_the_short_number_an_agent_reads_out_finds_the_result(browser: Client, two: dict[str, str]) -> None:
    for number in (two["zoe"][:8], two["zoe"][:8].upper(), two["zoe"]):
        assert found(browser, number) == [two["zoe"]]
    assert found(browser, two["zoe"][:7] + "_") == []


def test_a_search_is_narrowed_by_the_rest_of_the_filter(browser: Client, two: dict[str, str]) -> None:
    assert found(browser, "example", band="promoter") == [two["zoe"]]
    assert found(browser, "example") == [two["zoe"], two["other"]]
    assert found(browser, "example", until="2026-11-19") == [two["other"]]


def test_who_searched_is_on_the_record_and_for_what_is_not(browser: Client, two: dict[str, str], manager: User) -> None:
    found(browser, "brightwater", state="delivered")
    browser.get("/history/?q=brightwater&before=1-1")  # another page of the same search
    (event,) = AuditEvent.objects.filter(action=Action.SEARCHED)
    assert event.actor == manager
    assert bytes(event.payload.body) == b'{"filter":{"q":"(not kept)","state":"delivered"},"results":"1"}'


def test_names_are_masked_in_the_list_and_showing_them_is_on_the_record(
    browser: Client, two: dict[str, str], manager: User
) -> None:
    page = browser.get("/history/?q=refund").text
    assert "ÅNGSTRÖM" not in page
    assert "O•••" in page
    assert browser.post("/history/names/?q=refund").headers["Location"] == "/history/?q=refund"
    assert "ÅNGSTRÖM" in browser.get("/history/?q=refund").text
    (event,) = AuditEvent.objects.filter(action=Action.NAMES_SHOWN)
    assert event.actor == manager
    assert bytes(event.payload.body).decode() == f'{{"filter":{{"q":"(not kept)"}},"results":["{two["zoe"]}"]}}'
    browser.post("/history/names/", {"hide": "1"})
    assert "ÅNGSTRÖM" not in browser.get("/history/?q=refund").text


def test_what_is_erased_is_not_found_any_more(browser: Client, two: dict[str, str], manager: User) -> None:
    erase(manager, ErasureReason.PERSON_ASKED, [Submission.objects.get(uuid=two["zoe"])])
    for text in ("refund", "brightwater", "C-77", "31205550143"):
        assert found(browser, text) == []
    assert found(browser, "90001") == [two["zoe"]], "a number of CustomerGauge names no person"
    assert found(browser, "waited") == [two["other"]]


def test_reasons_are_still_found_after_an_erasure(browser: Client, two: dict[str, str], manager: User) -> None:
    ReasonCode.objects.create(code="10020", label="Waiting time")
    erase(manager, ErasureReason.PERSON_ASKED, [Submission.objects.get(uuid=two["zoe"])])
    page = browser.get("/history/?reason=10020").text
    assert two["zoe"] in page
    assert two["other"] in page


def test_nothing_of_what_was_erased_is_left_in_the_index(agent: User, manager: User) -> None:
    """SQLite: neither the words nor their pieces; elsewhere VACUUM has the last word."""
    if connection.vendor != "sqlite":
        assert search.purge()
        return
    rows = [make_submission(agent, comment="Qxjzwv" if number == 7 else "Fine") for number in range(20)]
    assert b"qxj" in _index()
    erase(manager, ErasureReason.PERSON_ASKED, [rows[7]])
    assert search.purge()
    assert b"qxj" not in _index()
    assert _count("words : fin") == 19


def _index() -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT block FROM uploads_search_data")
        return b"".join(bytes(block) for (block,) in cursor.fetchall())


def _count(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM uploads_search WHERE uploads_search MATCH %s", [query])
        return int(cursor.fetchone()[0])


def test_installing_again_changes_nothing_and_restores_what_was_dropped(
    browser: Client, two: dict[str, str], agent: User
) -> None:
    dropped = {
        "sqlite": ("DROP TRIGGER uploads_search_insert", "DROP TABLE uploads_search"),
        "postgresql": ("DROP INDEX submission_words", "DROP INDEX submission_reasons"),
    }
    with connection.cursor() as cursor:
        for statement in dropped[connection.vendor]:
            cursor.execute(statement)
    for _ in range(2):
        search.install()
    assert search.is_indexed()
    assert found(browser, "refund") == [two["zoe"]]
    late = make_submission(agent, comment="late refund", created_at=NOON - timedelta(days=9))
    assert found(browser, "refund") == [two["zoe"], str(late.uuid)]


def test_without_trigrams_postgresql_finds_the_same(browser: Client, two: dict[str, str]) -> None:
    if connection.vendor == "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION pg_trgm CASCADE")
    assert not search.is_indexed()
    assert found(browser, "refund") == [two["zoe"]]
