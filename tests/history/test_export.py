"""Export: what the files hold, that no spreadsheet can be attacked with them, and that each is on the record."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from tests.factories import customer, make_submission
from tests.history.conftest import deliver, refuse, reject
from tests.processes import Portal, eventually
from uploads.history import export_rows, export_xlsx
from uploads.history.export_stream import AT_ONCE, Export
from uploads.models import Action, AuditEvent, Role, State, SurveyField
from uploads.spreadsheets import guarded

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KINDS = ("csv", "xlsx", "jsonl")


def csv_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def sheets_of(data: bytes) -> list[list[tuple[Any, ...]]]:
    book = load_workbook(io.BytesIO(data))
    return [[tuple(cell.value for cell in row) for row in sheet.iter_rows()] for sheet in book.worksheets]


def xlsx_of(data: bytes) -> list[dict[str, Any]]:
    ((titles, *rows),) = sheets_of(data)
    return [dict(zip(titles, row, strict=True)) for row in rows]


def json_of(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().splitlines()]


READERS: dict[str, Callable[[bytes], list[dict[str, Any]]]] = {"csv": csv_of, "xlsx": xlsx_of, "jsonl": json_of}
NUMBER = {"csv": "Result number", "xlsx": "Result number", "jsonl": "number"}


def exported(browser: Client, kind: str, query: str = "") -> list[dict[str, Any]]:
    response = browser.get(f"/history/export.{kind}?{query}")
    assert response.status_code == 200
    return READERS[kind](response.getvalue())


def records() -> list[tuple[str, str, str, dict[str, Any]]]:
    events = AuditEvent.objects.filter(action__startswith="history.").select_related("payload").order_by("id")
    return [(e.action, e.actor_name, e.outcome, json.loads(bytes(e.payload.body))) for e in events]


def hang_up(response: HttpResponseBase) -> None:
    """What a web server does when the browser is gone; only that the test's connection to the database stays open."""
    with patch.object(connections["default"], "close_if_unusable_or_obsolete"):
        response.close()


# -- what is in it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_holds_what_the_filter_shows_newest_first(browser: Client, agent: User, agent2: User, kind: str) -> None:
    old = make_submission(agent, State.FAILED, created_at=NOON - timedelta(days=2))
    new = make_submission(agent, State.FAILED, created_at=NOON)
    make_submission(agent2, State.FAILED, created_at=NOON)
    make_submission(agent, State.QUEUED, created_at=NOON)
    rows = exported(browser, kind, "agent=anna&state=failed&since=2026-11-01&until=2026-11-20")
    assert [row[NUMBER[kind]] for row in rows] == [new.short_id, old.short_id]


@pytest.mark.parametrize("kind", KINDS)
def test_more_results_than_are_read_at_a_time_come_once_each(
    browser: Client, agent: User, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_rows, "BATCH", 3)
    made = [make_submission(agent, created_at=NOON + timedelta(minutes=number // 2)) for number in range(10)]
    rows = exported(browser, kind)
    assert [row[NUMBER[kind]] for row in rows] == [each.short_id for each in reversed(made)]


def test_a_line_of_a_spreadsheet_tells_all_of_a_result(browser: Client, agent: User) -> None:
    first = make_submission(agent, State.REJECTED, created_at=NOON - timedelta(days=1))
    submission = make_submission(
        agent, created_at=NOON, score=9, comment="Quick,\n\"clear\"; fine", contact="", revision_of=first,
        reasons=[{"code": "10020", "label": "Waiting time"}, {"code": "10030", "label": "Staff"}],
        agent_name="Anna de Vries",
    )  # fmt: skip
    deliver(submission, "90001")
    row = exported(browser, "csv")[0]
    delivered_at = row.pop("Delivered at"), row.pop("Delivered at (UTC)")
    assert datetime.fromisoformat(delivered_at[0]) == datetime.fromisoformat(delivered_at[1] + "+00:00")
    assert row == {
        "Result number": submission.short_id,
        "Entered at": "2026-11-20T13:00:00+01:00",
        "Entered at (UTC)": "2026-11-20 12:00:00",
        "Agent name": "Anna de Vries",
        "Score of 10": "9",
        "Score band": "promoter",
        "Survey comment": 'Quick,\n"clear"; fine',
        "Reason codes": "10020; 10030",
        "Reason labels": "Waiting time; Staff",
        "Contact wished": "Not asked",
        "Workflow status": "OPEN",
        "Workflow status label": "Open",
        "Invitation sent at": "2026-11-02T13:40:00+01:00",
        "Invitation sent at (UTC)": "2026-11-02 12:40:00",
        "Survey completed at": "2026-11-02T13:59:12+01:00",
        "Survey completed at (UTC)": "2026-11-02 12:59:12",
        "CustomerNumber": "1143",
        "Email": "lee@example.com",
        "FirstName": "Lee",
        "LastName": "Klameth",
        "SMS_Telephone": "",
        "Other fields": "",
        "Delivery state": "Delivered",
        "CG number": "90001",
        "Confirmed by": "its reply",
        "Failed tries": "0",
        "Corrects result": first.short_id,
        "Corrected by result": "",
    }
    assert exported(browser, "csv")[1]["Corrected by result"] == submission.short_id


def test_a_workbook_has_numbers_and_moments_as_such_and_everything_else_as_text(browser: Client, agent: User) -> None:
    made = make_submission(
        agent, created_at=NOON, score=0, customer=[customer("CustomerNumber", "N", "text", "000123")]
    )
    (row,) = exported(browser, "xlsx")
    assert (row["Score of 10"], row["Entered at (UTC)"], row["CustomerNumber"]) == (
        0,
        datetime(2026, 11, 20, 12),
        "000123",
    )
    assert row["Result number"] == made.short_id
    assert row["Email"] is None


def test_a_document_has_the_values_as_stored(browser: Client, agent: User) -> None:
    made = make_submission(agent, created_at=NOON, comment="=1+1", contact="N")
    (document,) = exported(browser, "jsonl")
    assert document == {
        "number": made.short_id,
        "uuid": str(made.uuid),
        "entered_at": "2026-11-20T13:00:00+01:00",
        "agent": "anna",
        "score": 4,
        "band": "detractor",
        "comment": "=1+1",
        "reasons": [{"code": "10020", "label": "Waiting time"}],
        "contact": "N",
        "workflow_status": {"code": "OPEN", "label": "Open"},
        "sent_at": "2026-11-02T13:40:00+01:00",
        "completed_at": "2026-11-02T13:59:12+01:00",
        "customer": {"CustomerNumber": "1143", "Email": "lee@example.com", "FirstName": "Lee", "LastName": "Klameth"},
        "state": "queued",
        "delivered_at": None,
        "cg_id": "",
        "confirmed_by": "",
        "failed_tries": 0,
        "corrects": None,
        "corrected_by": None,
    }


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_every_customer_field_is_a_column_and_a_renamed_key_loses_nothing(
    browser: Client, agent: User, kind: str
) -> None:
    SurveyField.objects.create(role=Role.CUSTOMER, key="Region", label="Region", active=False)
    make_submission(agent, customer=[
        customer("Region", "Region", "text", "North"), customer("OldKey", "Old", "text", "kept"),
    ])  # fmt: skip
    (row,) = exported(browser, kind)
    assert (row["Region"], row["Other fields"]) == ("North", "OldKey: kept")


def test_no_column_of_ours_can_be_called_like_a_customer_field(browser: Client, agent: User) -> None:
    titles = csv.reader(io.StringIO(browser.get("/history/export.csv").getvalue().decode("utf-8-sig")))
    keys = set(SurveyField.objects.filter(role=Role.CUSTOMER).values_list("key", flat=True))
    assert keys
    assert all(" " in title for title in next(titles) if title not in keys)


@pytest.mark.parametrize("kind", KINDS)
def test_attempts_and_hashes_are_added_when_asked_for(browser: Client, agent: User, kind: str) -> None:
    submission = make_submission(agent)
    refuse(submission)
    submission.delivery.refresh_from_db()
    reject(submission, "No")
    (row,) = exported(browser, kind, "include=attempts&include=hashes")
    hashes = [
        bytes(event.commitment).hex() for event in AuditEvent.objects.about(submission) if event.commitment
    ]  # fmt: skip
    assert len(hashes) == 3
    if kind == "jsonl":
        assert [(each["evidence"], each["status"]) for each in row["attempts"]] == [
            ("refused", None),
            ("content_refused", 400),
        ]
        assert [each["commitment"] for each in row["hashes"]] == hashes
    else:
        first, second = row["Attempts to deliver it"].splitlines()
        assert "Send: played, refused, 0.21 s" in first
        assert "Send: HTTP 400, 400003, played, content_refused, 0.21 s" in second
        assert [line.split()[-1] for line in row["Hashes of the audit log"].splitlines()] == hashes
    assert "Attempts to deliver it" not in exported(browser, "csv")[0]


def test_the_number_of_queries_does_not_grow_with_the_results(browser: Client, agent: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            exported(browser, "csv", "include=attempts&include=hashes")
        return len(found)

    make_submission(agent)
    queries()  # the first request of a session notes that it was seen
    few = queries()
    for _ in range(20):
        make_submission(agent)
    assert queries() == few


def test_an_export_of_nothing_has_its_titles_and_no_line(browser: Client) -> None:
    assert exported(browser, "csv") == exported(browser, "xlsx") == exported(browser, "jsonl") == []
    assert b'"Score of 10"' in browser.get("/history/export.csv").getvalue()


# -- spreadsheets -------------------------------------------------------------------------------------------

DANGEROUS = [
    "=1+1", "+31 20 123", "-5", "-", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\tx", "＝1+1", "＋1", "－1", "＠x", "−1",
    "\u200b=1", "\ufeff=1", "\xa0=1", "  =1", "\u2060=1", "\u202e=1", "\xad=1", "\x00=1", "=cmd|' /C calc'!A0",
]  # fmt: skip
#: What stands in the middle of a text, where another separator than ours would cut it.
CUT = [("1;=2", "1;'=2"), ("x\n=2", "x\n'=2"), ('x\t"=2', "x\t'\"=2"), ("a; -b;c", "a;' -b;c")]
HARMLESS = ["1+1=2", "Anne-Marie", "a=1", "1,=2", "a; b", "two\nlines", "'=1", "000123", "1e5", "#N/A", "Ünal", '"x"']


def survives(text: str) -> bool:
    """PostgreSQL keeps no NUL, so no result ever holds one there."""
    return "\0" not in text or connection.vendor != "postgresql"


def begins_a_formula(cell: str) -> bool:
    return re.match("[\\s\0\u200b\ufeff\xa0\xad\u2060\u202e]*[-=+@＝＋－＠−]", cell) is not None


def test_no_cell_of_a_csv_begins_a_formula_whatever_separates_cells(browser: Client, agent: User) -> None:
    texts = [*filter(survives, DANGEROUS), *(text for text, _ in CUT)]
    for text in texts:
        make_submission(agent, comment=text, email=text, agent_name=text[:9], reasons=[{"code": text, "label": text}])
    data = browser.get("/history/export.csv").getvalue().decode("utf-8-sig")
    assert data.startswith('"')
    assert data.endswith('"\r\n')
    for delimiter in ",;\t":
        cells = [cell for line in csv.reader(io.StringIO(data, newline=""), delimiter=delimiter) for cell in line]
        assert [cell for cell in cells if begins_a_formula(cell)] == []
    comments = [row["Survey comment"] for row in reversed(csv_of(data.encode()))]
    assert [comment.replace("'", "") for comment in comments] == [text.replace("'", "") for text in texts]
    assert comments[-len(CUT) :] == [shown for _, shown in CUT]


@given(st.lists(st.text(alphabet=" ;,\t\n\r\"'=+-@a1＝\u200b", max_size=12), min_size=1, max_size=4))
def test_no_row_of_any_texts_begins_a_formula_whatever_separates_cells(texts: list[str]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow(["number", *map(guarded, texts)])
    for delimiter in ",;\t":
        for line in csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=delimiter):
            assert [cell for cell in line if begins_a_formula(cell)] == []
    assert [guarded(each).replace("'", "") for each in texts] == [each.replace("'", "") for each in texts]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_cannot_begin_a_formula_stays_as_it_is(browser: Client, agent: User, text: str) -> None:
    make_submission(agent, comment=text)
    assert exported(browser, "csv")[0]["Survey comment"] == text
    assert exported(browser, "xlsx")[0]["Survey comment"] == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "=1+1"),
        ("<b>&amp;\"'", "<b>&amp;\"'"),
        ("_x0041_ and _x004", "_x0041_ and _x004"),
        ("bell \x07 and \x1b[31m", "bell \ufffd and \ufffd[31m"),
        ("  kept  ", "  kept  "),
        ("two\nlines", "two\nlines"),
        ("😀" * 20_000, "😀" * 16_383),
        ("محمد 日本", "محمد 日本"),
    ],
)
def test_a_workbook_holds_any_text_as_text(browser: Client, agent: User, text: str, shown: str) -> None:
    make_submission(agent, comment=text)
    data = browser.get("/history/export.xlsx").getvalue()
    (row,) = xlsx_of(data)
    assert row["Survey comment"].replace("_x005F_", "_") == shown
    (sheet,) = load_workbook(io.BytesIO(data)).worksheets
    assert {cell.data_type for line in sheet.iter_rows() for cell in line} <= {"s", "str", "n", "d"}


def test_a_full_sheet_is_followed_by_the_next(browser: Client, agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [make_submission(agent, created_at=NOON - timedelta(hours=number)).short_id for number in range(7)]
    monkeypatch.setattr(export_xlsx, "SHEET_ROWS", 4)
    sheets = sheets_of(browser.get("/history/export.xlsx").getvalue())
    assert [[row[0] for row in rows] for rows in sheets] == [
        ["Result number", *made[:3]], ["Result number", *made[3:6]], ["Result number", *made[6:]],
    ]  # fmt: skip


# -- the record ---------------------------------------------------------------------------------------------


def test_an_export_is_recorded_with_its_filter_and_the_number_of_results(browser: Client, agent: User) -> None:
    for _ in range(3):
        make_submission(agent, score=10)
    make_submission(agent, score=1)
    response = browser.get("/history/export.csv?band=promoter&state=&include=hashes")
    response.getvalue()
    told = {"filter": {"band": "promoter"}, "format": "csv", "include": ["hashes"]}
    assert records() == [
        (Action.EXPORT_BEGUN, "mia", "", told),
        (Action.EXPORTED, "mia", "complete", told | {"results": 3}),
    ]
    ids = set(AuditEvent.objects.filter(action__startswith="history.").values_list("request_id", flat=True))
    assert ids == {response.headers["X-Request-ID"]}


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_that_nobody_reads_to_its_end_is_recorded_as_far_as_it_came(
    browser: Client, agent: User, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_rows, "BATCH", 2)
    monkeypatch.setattr(export_xlsx, "CHUNK", 1)
    for _ in range(20):
        make_submission(agent)
    response = browser.get(f"/history/export.{kind}")
    taken: Iterator[bytes] = iter(response.streaming_content)
    assert next(taken)
    hang_up(response)
    _, (action, who, outcome, told) = records()
    assert (action, who, outcome) == (Action.EXPORTED, "mia", "broken_off")
    assert 0 < told["results"] < 20
    assert not Export.running


MANY = """
from uuid import uuid4
from django.contrib.auth.models import User
from uploads.models import Submission, Delivery
agent = User.objects.get(username="agent")
made = Submission.objects.bulk_create(
    Submission(
        submit_token=uuid4(), agent=agent, agent_name="agent", score=9, comment="x" * 4000, time_zone="UTC", payload=[]
    )
    for _ in range(6000)
)
Delivery.objects.bulk_create(Delivery(submission=each, state="failed") for each in made)
"""


@pytest.mark.processes
def test_a_browser_that_goes_away_ends_the_export_and_it_is_recorded_how_far_it_came(quiet_portal: Portal) -> None:
    done = quiet_portal.manage("shell", "-v", "0", "-c", MANY)
    assert done.returncode == 0, done.stderr
    quiet_portal.start_web()
    session = quiet_portal.browser_session("manager")
    ended = "SELECT outcome FROM uploads_auditevent WHERE action = 'history.exported'"
    with session.http.get(f"{quiet_portal.url}/history/export.csv", stream=True, timeout=30) as response:
        assert next(response.iter_content(1000))
        assert quiet_portal.sql(ended) == []  # it does not run ahead of who reads it
    assert eventually("the end is recorded", lambda: quiet_portal.sql(ended)) == [("broken_off",)]
    whole = session.get("/history/export.csv")
    assert len(csv_of(whole.content)) == 6000
    assert quiet_portal.sql(ended + " ORDER BY id DESC LIMIT 1") == [("complete",)]


def test_asking_for_the_headers_alone_exports_nothing(browser: Client, agent: User) -> None:
    make_submission(agent)
    response = browser.head("/history/export.csv")
    assert (response.status_code, response.getvalue(), records()) == (200, b"", [])


def test_too_many_exports_at_a_time_are_asked_to_wait_and_one_that_ends_makes_room(
    browser: Client, agent: User
) -> None:
    make_submission(agent)
    running = [browser.get("/history/export.csv") for _ in range(AT_ONCE)]
    refused = browser.get("/history/export.csv")
    assert refused.status_code == 503
    assert "Other exports are running." in refused.text
    hang_up(running[0])
    assert browser.get("/history/export.csv").getvalue()
    for response in running:
        hang_up(response)
    assert not Export.running


# -- the address --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("jsonl", "application/x-ndjson"),
    ],
)
def test_a_file_has_a_plain_name_with_the_day_and_is_kept_by_nobody_between(
    browser: Client, kind: str, content_type: str
) -> None:
    for path in (f"/history/export.{kind}?agent=", f"/history/export/?format={kind}"):
        response = browser.get(path)
        assert response.headers["Content-Type"] == content_type
        name = f"results-{timezone.localdate():%Y-%m-%d}.{kind}"
        assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        hang_up(response)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("format=../../x", "There is no such format."),
        ("format=%00", "There is no such format."),
        ("format=csv%0d%0aX:1", "There is no such format."),
        ("include=passwords", "Nothing of this name can be added."),
        ("include=%00", "Nothing of this name can be added."),
        ("state=zz", "There is no such state."),
        ("since=soon", "not a day of the calendar"),
        ("agent=nobody", "There is no such agent."),
        ("since=2026-11-20&until=2026-11-01", "The last day lies before the first."),
    ],
)
@pytest.mark.parametrize("path", ["/history/export/", *(f"/history/export.{kind}" for kind in KINDS)])
def test_an_address_that_asks_for_nonsense_exports_nothing_and_says_why(
    browser: Client, agent: User, path: str, query: str, sentence: str
) -> None:
    make_submission(agent)
    response = browser.get(f"{path}?{query}")
    assert response.status_code == 422
    assert sentence in response.text
    assert records() == []


def test_the_history_leads_to_the_page_that_keeps_its_filter(browser: Client, agent: User) -> None:
    make_submission(agent, score=10)
    make_submission(agent, score=1)
    assert 'href="/history/export/?band=promoter"' in browser.get("/history/?band=promoter&before=").text
    html = browser.get("/history/export/?band=promoter").text
    assert "1 result, newest first" in html
    assert "Promoters 9–10" in html
    assert '<input type="hidden" name="band" value="promoter">' in html
    assert all(f'value="{kind}"' in html for kind in KINDS)
    assert records() == []


def test_the_page_of_an_empty_history_says_what_would_be_taken(browser: Client) -> None:
    assert "0 results" in browser.get("/history/export/").text
