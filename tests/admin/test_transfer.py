"""Lists as files: read in, shown as what they would change, applied, taken out."""

import io
import json
import zipfile
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from openpyxl import Workbook

from uploads.entry.form import EntryForm
from uploads.models import (
    Action,
    AuditEvent,
    CallOutcome,
    Channel,
    ListImport,
    ReasonCode,
    SurveyField,
    Worker,
    WorkflowStatus,
)

LISTS = "/admin/uploads/"
REASONS = f"{LISTS}reasoncode/"
TITLES = "Code;Label;Primary reason;Offered for;Position;Active;Offered until\r\n"


def give(browser: Client, content: bytes | str, page: str = REASONS, name: str = "list.csv") -> Any:
    """Upload a file; gives the answer."""
    data = content.encode() if isinstance(content, str) else content
    return browser.post(f"{page}import/", {"source": "file", "file": SimpleUploadedFile(name, data)})


def review(browser: Client, content: bytes | str, page: str = REASONS) -> Any:
    """Upload a file; gives the page that shows what would change."""
    answer = give(browser, content, page)
    assert answer.status_code == 302, answer.text
    return browser.get(answer["Location"])


def kinds(answer: Any) -> list[str]:
    return [change.kind for change in answer.context["plan"].changes]


def apply(browser: Client, seen: Any) -> Any:
    return browser.post(seen.request["PATH_INFO"], {"seen": seen.context["plan"].seen}, follow=True)


def bodies(action: Action) -> list[dict[str, Any]]:
    events = AuditEvent.objects.filter(action=action).order_by("id").select_related("payload")
    return [json.loads(bytes(event.payload.body)) for event in events]


def test_a_file_is_shown_first_and_then_applied_and_recorded_row_by_row(browser: Client) -> None:
    ReasonCode.objects.create(code="1", label="Old", position=3)
    ReasonCode.objects.create(code="3", label="Stays", position=9)
    text = TITLES + "11;Below;1;any;1;yes;\r\n1;New;;any;3;no;2027-01-31\r\n3;Stays;;any;9;yes;\r\n"
    shown = review(browser, "\ufeff" + text)
    assert kinds(shown) == ["new", "changed", "same"]
    assert "<del>Old</del> → <ins>New</ins>" in shown.text
    assert (ReasonCode.objects.count(), AuditEvent.objects.filter(action=Action.LOOKUP_ADDED).count()) == (2, 0)
    assert "1 added, 1 changed." in apply(browser, shown).text
    below, top = ReasonCode.objects.get(code="11"), ReasonCode.objects.get(code="1")
    assert (below.parent, top.label, top.active, top.active_to) == (top, "New", False, date(2027, 1, 31))
    (changed,), (added,) = bodies(Action.LOOKUP_CHANGED), bodies(Action.LOOKUP_ADDED)
    assert (changed["before"]["label"], changed["after"]["label"], changed["after"]["active"]) == ("Old", "New", False)
    assert (added["before"], added["after"]["code"]) == (None, "11")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("1;Label;;any;1;maybe;", "Active: “maybe” is neither yes nor no."),
        ("1;Label;;any;1;;", "Active: An empty cell is neither yes nor no."),
        ("1;;;any;1;yes;", "Label: This field cannot be blank."),
        ("1 0;Label;;any;1;yes;", "letters, digits, dot, hyphen and underscore"),
        ("1;Label;;any;1.5;yes;", "“1.5” is not a whole number."),
        ("1;Label;;any;-1;yes;", "“-1” is not a whole number."),
        ("1;Label;;both;1;yes;", "“both” is not one of these: any, promoter, passive_detractor."),
        ("1;Label;77;any;1;yes;", "There is no primary reason “77”."),
        ("1;Label;;any;1;yes;31-1-27", "is not a day of the calendar"),
        ("1;" + "x" * 200 + ";;any;1;yes;", "at most 128 characters"),
        ("5;Twice;;any;1;yes;\r\n5;Again;;any;1;yes;", "Code “5” stands in the rows 3 and 4. Keep one of them."),
        ("20;Praise;;promoter;1;yes;\r\n21;Below;20;any;1;yes;", "Its primary is offered for: Promoters"),
    ],
)
def test_a_row_that_breaks_a_rule_stops_the_whole_import_with_a_sentence(
    browser: Client, row: str, sentence: str
) -> None:
    shown = review(browser, f"{TITLES}9;Good;;any;1;yes;\r\n{row}\r\n")
    assert sentence in shown.text
    assert "Apply" not in shown.text
    apply(browser, shown)
    assert not ReasonCode.objects.exists()


def bomb() -> bytes:
    """A workbook of a few kilobytes that would unpack to ten megabytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 10_000_000)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("Label;Active\r\nA;yes\r\n", "The column “Code” is missing"),
        ("Code;Colour\r\n1;red\r\n", "There is no column “Colour” in this list."),
        ("Code;Label;code\r\n1;A;2\r\n", "The column “Code” stands in it twice."),
        ("Code;Label\r\n1;A;B\r\n", "A row has more cells than there are titles."),
        ("Code;Label\r\n", "There is no row in it"),
        ("Code;Label\r\n" + "1;A\r\n" * 1001, "at most 1,000 are taken"),
        ("x" * 1_000_001, "at most 1 MB"),
        (b"PK\x03\x04 not a workbook", "This Excel file cannot be read."),
        (bomb(), "This Excel file holds far more than a list."),
        (b"%PDF-1.7", "This is a PDF"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_refused_with_a_sentence(
    browser: Client, content: bytes | str, sentence: str
) -> None:
    answer = give(browser, content)
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert not ListImport.objects.exists()


@pytest.mark.parametrize("data", [{}, {"file": SimpleUploadedFile("a.csv", b"Code\n1"), "text": "Code\n1"}])
def test_either_a_file_or_cells_must_be_given(browser: Client, data: dict[str, Any]) -> None:
    answer = browser.post(f"{REASONS}import/", {"source": "file"} | data)
    assert (answer.status_code, "Choose a file or paste cells, one of the two." in answer.text) == (422, True)


def test_cells_copied_from_a_spreadsheet_are_read(browser: Client) -> None:
    answer = browser.post(f"{REASONS}import/", {"source": "file", "text": "Code\tLabel\r\n7\tA “quoted” one\r\n"})
    assert kinds(browser.get(answer["Location"])) == ["new"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("model", [ReasonCode, WorkflowStatus, SurveyField, CallOutcome])
def test_what_is_taken_out_is_read_in_as_the_same(browser: Client, model: Any, kind: str) -> None:
    top = ReasonCode.objects.create(code="-1", label="=HYPERLINK(1)", position=2)
    ReasonCode.objects.create(code="2", label="a;=b", parent=top, active_from=date(2027, 1, 1), active=False)
    page = f"{LISTS}{model._meta.model_name}/"
    file = browser.get(f"{page}export.{kind}")
    assert file["Content-Disposition"].endswith(f'.{kind}"')
    shown = review(browser, file.content, page)
    assert set(kinds(shown)) == {"same"}
    assert len(kinds(shown)) == model.objects.count()
    assert "Nothing would change." in shown.text


def test_no_cell_of_a_file_is_a_formula(browser: Client) -> None:
    ReasonCode.objects.create(code="-1", label="=HYPERLINK(1)", promoter_label="a;=b")
    assert """"'-1","'=HYPERLINK(1)","a;'=b\"""" in browser.get(f"{REASONS}export.csv").content.decode()


def test_a_workbook_of_a_spreadsheet_program_is_read_with_its_numbers_and_days(browser: Client) -> None:
    book, file = Workbook(), io.BytesIO()
    book.active.append(["Code", "Position", "Active", "Label", "Offered from", None])  # type: ignore[union-attr]
    book.active.append([5, 10.0, True, "Five ✓", date(2027, 2, 28)])  # type: ignore[union-attr]
    book.active["B4"] = "=1+1"  # type: ignore[index]
    book.create_sheet("Notes").append(["not", "read"])
    book.save(file)
    apply(browser, review(browser, file.getvalue()))
    five = ReasonCode.objects.get(code="5")
    assert (five.label, five.position, five.active, five.active_from) == ("Five ✓", 10, True, date(2027, 2, 28))


def test_what_has_changed_since_it_was_seen_is_not_applied(browser: Client) -> None:
    ReasonCode.objects.create(code="1", label="Old")
    shown = review(browser, "Code;Label\r\n1;New\r\n")
    ReasonCode.objects.update(label="Somebody was faster")
    answer = apply(browser, shown)
    assert "The list has changed since you looked" in answer.text
    assert ReasonCode.objects.get().label == "Somebody was faster"
    apply(browser, answer)
    assert ReasonCode.objects.get().label == "New"


def test_an_import_is_applied_once(browser: Client) -> None:
    shown = review(browser, "Code;Label\r\n1;New\r\n")
    apply(browser, shown)
    assert "It was applied on" in apply(browser, shown).text
    assert len(bodies(Action.LOOKUP_ADDED)) == 1


def test_an_import_of_another_list_is_not_shown(browser: Client) -> None:
    answer = give(browser, "Code;Label\r\n1;New\r\n")
    assert browser.get(answer["Location"].replace("reasoncode", "workflowstatus")).status_code == 404


# -- from CustomerGauge --------------------------------------------------------------------------------------

COLUMNS = ("reason_code", "level", "label", "category_main", "good_bad", "position")
DRIVERS = [
    dict(zip(COLUMNS, row, strict=True))
    for row in (
        ("10", "1", "Service", "Service", "pos", "2"),
        ("11", "2", "Friendly", "Service", "pos", "1"),
        ("20", "1", "Service", "Service", "neg", "1"),
        ("21", "2", "Rude", "Service", "neg", "1"),
        ("99", "0", "", "", "neg", "1"),
        ("98", "2", "Lost", "Gone", "neg", "1"),
    )
]


def fetch(browser: Client) -> str:
    Worker.objects.create(name="here:1")
    return str(browser.post(f"{REASONS}import/", {"source": "customergauge"})["Location"])


def test_customergauges_list_is_asked_for_and_shown_like_a_file(browser: Client, admin: User) -> None:
    ReasonCode.objects.create(code="10", label="Service", position=500, side="promoter")
    ReasonCode.objects.create(code="5", label="Only here")
    page = fetch(browser)
    assert Channel.current().reasons_asked_at
    assert AuditEvent.objects.get(action=Action.REASONS_ASKED).actor == admin
    assert "A worker asks CustomerGauge" in browser.get(page).text
    ListImport.objects.answer(DRIVERS)
    shown = browser.get(page)
    assert kinds(shown) == ["same", "new", "new", "new"]
    for note in ("“99” is left out", "“98” is left out", "“5 Only here” is offered here, and CustomerGauge does not"):
        assert note in shown.text
    apply(browser, shown)
    rude = ReasonCode.objects.select_related("parent").get(code="21")
    assert (rude.parent and rude.parent.code, rude.side) == ("20", "passive_detractor")
    assert ReasonCode.objects.get(code="10").position == 500


def test_why_customergauge_gave_no_list_is_said(browser: Client) -> None:
    page = fetch(browser)
    ListImport.objects.answer([], "credential_refused")
    text = browser.get(page).text
    assert "CustomerGauge gave no list." in text
    assert "Apply" not in text


def test_without_a_worker_nobody_is_asked(browser: Client) -> None:
    answer = browser.post(f"{REASONS}import/", {"source": "customergauge"})
    assert (answer.status_code, "No worker is running" in answer.text) == (422, True)
    assert not Channel.current().reasons_asked_at


# -- days ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begins", "ends", "offered"),
    [(None, None, True), (0, 0, True), (1, None, False), (None, -1, False), (-5, 5, True)],
)
def test_a_reason_is_offered_on_its_days_only(admin: User, begins: int | None, ends: int | None, offered: bool) -> None:
    today = timezone.localdate()
    days = {name: None if away is None else today + timedelta(days=away)
            for name, away in (("active_from", begins), ("active_to", ends))}  # fmt: skip
    top = ReasonCode.objects.create(code="1", label="Top", **days)
    ReasonCode.objects.create(code="2", label="Below", parent=top)
    WorkflowStatus.objects.create(code="S", label="Status", **days)
    form = EntryForm(agent=admin)
    assert list(form.fields["reasons"].reasons) == (["1", "2"] if offered else [])  # type: ignore[attr-defined]
    assert ("S" in dict(form.fields["workflow_status"].choices)) is offered  # type: ignore[attr-defined]


def test_days_the_wrong_way_round_are_refused(browser: Client) -> None:
    shown = review(browser, "Code;Label;Offered from;Offered until\r\n1;A;2027-01-02;2027-01-01\r\n")
    assert "Offered until: The last day lies before the first." in shown.text
