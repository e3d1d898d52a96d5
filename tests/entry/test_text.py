"""The corpus of awkward text, through the real form, for each class of text, and everywhere it comes out again."""

import csv
import io
import uuid
from collections.abc import Callable
from itertools import zip_longest
from urllib.parse import parse_qsl

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import escape
from openpyxl import load_workbook

from uploads.customergauge import ApiKey
from uploads.customergauge import Client as CustomerGauge
from uploads.delivery.sending import call_of
from uploads.entry import text
from uploads.entry.text import TextClass
from uploads.entry.undo import undo
from uploads.models import Submission, SurveyField
from uploads.simulator import Simulator

from .conftest import NEW, Desk, errors_of, filled

NO, EMPTY = object(), ""  # refused; accepted as nothing (refused where something is required)
SAME = object()

#: what it is, what is typed, as customer number, as name, as comment
CORPUS = [
    ("nothing", "", EMPTY, EMPTY, EMPTY),
    ("spaces", "   ", EMPTY, EMPTY, EMPTY),
    ("no-break spaces", "\u00a0\u00a0", EMPTY, EMPTY, EMPTY),
    ("ideographic spaces", "\u3000", EMPTY, EMPTY, EMPTY),
    ("zero-width space", "\u200b", EMPTY, EMPTY, EMPTY),
    ("soft hyphen", "\u00ad", NO, EMPTY, EMPTY),
    ("direction mark only", "\u200e", EMPTY, EMPTY, EMPTY),
    ("line separator", "a\u2028b", NO, NO, "a\nb"),
    ("paragraph separator", "a\u2029b", NO, NO, "a\nb"),
    ("next line", "a\u0085b", NO, NO, "a\nb"),
    ("space around", "  ab ", "ab", "ab", "ab"),
    ("line end behind", "ab\r\n", "ab", "ab", "ab"),
    ("two spaces inside", "a  b", NO, SAME, SAME),
    ("tab inside", "a\tb", NO, NO, SAME),
    ("LF inside", "a\nb", NO, NO, SAME),
    ("CRLF inside", "a\r\nb", NO, NO, "a\nb"),
    ("CR inside", "a\rb", NO, NO, "a\nb"),
    ("NUL", "a\x00b", NO, NO, NO),
    ("bell", "a\x07b", NO, NO, NO),
    ("escape", "\x1b[31m", NO, NO, NO),
    ("vertical tab", "a\x0bb", NO, NO, NO),
    ("separator control in front", "\x1ca", NO, NO, NO),
    ("DEL", "a\x7fb", NO, NO, NO),
    ("C1", "a\x9bb", NO, NO, NO),
    ("invalid UTF-8", "a\ufffdb", NO, NO, SAME),
    ("noncharacter", "a\ufffeb", NO, NO, NO),
    ("noncharacter of plane 16", "a\U0010ffffb", NO, NO, NO),
    ("private use", "a\ue000b", NO, SAME, SAME),
    ("private use only", "\ue000", NO, SAME, SAME),
    ("direction override", "a\u202eb", NO, "ab", "ab"),
    ("isolates", "a\u2066b\u2069", NO, "ab", "ab"),
    ("direction mark", "a\u200eb", NO, SAME, SAME),
    ("family emoji", "👨\u200d👩\u200d👧", NO, SAME, SAME),
    ("dangling joiner", "a \u200d b", NO, "a  b", "a  b"),
    ("flag and skin tone", "🇳🇱👍🏽", NO, SAME, SAME),
    ("tag characters", "a\U000e0041b", NO, "ab", "ab"),
    ("decomposed", "Rene\u0301", NO, "Ren\u00e9", "Ren\u00e9"),
    ("fifty accents", "e" + "\u0301" * 50, NO, NO, NO),
    ("look-alike letters", "р\u0430ypal", NO, SAME, SAME),
    ("script", "<script>alert(1)</script>", NO, SAME, SAME),
    ("attribute break", '"><img src=x onerror=alert(1)>', NO, SAME, SAME),
    ("script address", "javascript:alert(1)", NO, SAME, SAME),
    ("template", "{{7*7}}{% debug %}", NO, SAME, SAME),
    ("lookup", "${jndi:ldap://x}", NO, SAME, SAME),
    ("format", "%s%n%x", NO, SAME, SAME),
    ("path", "../../etc/passwd", NO, SAME, SAME),
    ("escapes as text", "%00%0d%0a", NO, SAME, SAME),
    ("device name", "CON", SAME, SAME, SAME),
    ("formula", "=1+1", NO, SAME, SAME),
    ("minus", "-5", NO, SAME, SAME),
    ("hyphen", "-", NO, SAME, SAME),
    ("at", "@SUM(A1)", NO, SAME, SAME),
    ("tab formula", "\t=1", NO, NO, "=1"),
    ("line formula", "\n=1", NO, NO, "=1"),
    ("second cell", "1;=2", NO, SAME, SAME),
    ("command formula", "\" ;=cmd|'/c calc'!A1", NO, SAME, SAME),
    ("full width formula", "\uff1d1+1", NO, SAME, SAME),
    ("hidden formula", "\u200b=1", NO, "=1", "=1"),
    ("SQL", "Robert'); DROP TABLE x;--", NO, SAME, SAME),
    ("apostrophes", "O'Brien O\u2019Brien", NO, SAME, SAME),
    ("accents", "Anne-Marie d'Été-Ñandú", NO, SAME, SAME),
    ("case maps", "Łß\u01c5İ", NO, SAME, SAME),
    ("Arabic", "محمد", NO, SAME, SAME),
    ("Hebrew and Latin", "דוד Smith", NO, SAME, SAME),
    ("Chinese, Japanese, Thai", "李 ゆき สมชาย", NO, SAME, SAME),
    ("one letter", "O", SAME, SAME, SAME),
    ("null word", "Null", SAME, SAME, SAME),
    ("None word", "None", SAME, SAME, SAME),
    ("zeros in front", "000123", SAME, SAME, SAME),
    ("zero", "0", SAME, SAME, SAME),
    ("as long as allowed", "a" * 128, SAME, SAME, SAME),
    ("one too long", "a" * 129, NO, NO, SAME),
    ("4000", "a" * 4000, NO, NO, SAME),
    ("4001", "a" * 4001, NO, NO, NO),
    ("4000 emoji", "😀" * 4000, NO, NO, SAME),
    ("4000 after composing", "e\u0301" * 4000, NO, NO, "\u00e9" * 4000),
    ("a megabyte", "a" * 1_000_000, NO, NO, NO),
    ("a megabyte of spaces", "a" + " " * 1_000_000 + "b", NO, NO, NO),
    ("ten thousand lines", "a\n" * 10_000, NO, NO, NO),
    ("entity", "&amp;lt; \\u0000", NO, SAME, SAME),
    ("right to left paragraph", "שלום\n\nעולם", NO, NO, SAME),
]  # fmt: skip
NAMES = [case[0] for case in CORPUS]
COLUMNS = [("CustomerNumber", 2), ("LastName", 3), ("comment", 4)]


def stored_text(name: str) -> str:
    submission = Submission.objects.get()
    if name == "comment":
        return submission.comment
    return next((field["value"] for field in submission.customer if field["key"] == name), "")


@pytest.mark.parametrize(("name", "column"), COLUMNS)
@pytest.mark.parametrize("case", CORPUS, ids=NAMES)
def test_text_is_stored_by_the_rules_or_refused_with_a_sentence(
    desk: Desk, case: tuple[object, ...], name: str, column: int
) -> None:
    typed, expected = case[1], case[column]
    reply = desk.save(**{name: typed})
    if expected is NO:
        sentences = errors_of(reply)
        assert list(sentences) == [name]
        assert sentences[name][0].endswith(".")
        assert Submission.objects.count() == 0
    else:
        assert reply.status_code == 302
        assert stored_text(name) == (typed if expected is SAME else expected)


@pytest.mark.parametrize("name", ["CustomerNumber", "LastName"])
@pytest.mark.parametrize("case", [case for case in CORPUS if case[3] == EMPTY], ids=lambda case: case[0])
def test_what_cannot_be_seen_does_not_fill_a_required_field(
    desk: Desk, strict_names: None, case: tuple[object, ...], name: str
) -> None:
    assert list(errors_of(desk.save(**{name: case[1]}))) == [name]


@pytest.mark.parametrize("text_class", TextClass)
@pytest.mark.parametrize("surrogate", ["a\ud800b", "\udfff"])
def test_lone_surrogates_are_refused(text_class: TextClass, surrogate: str) -> None:
    with pytest.raises(text.Refused, match="does not exist in Unicode"):
        text.clean(surrogate, text_class, 128)


def test_what_was_taken_out_of_a_text_is_told(desk: Desk) -> None:
    page = desk.client.post("/submissions/new/", desk.answers(comment="a\u202eb"), follow=True)
    assert "Comment was saved without invisible marks that turn the reading direction." in page.content.decode()


def test_a_refused_line_break_says_field_rule_and_remedy(desk: Desk) -> None:
    assert errors_of(desk.save(LastName="a\nb")) == {
        "LastName": ["Last name must stand on one line. Remove the line break."]
    }


# -- what was taken, in all six places where it comes out -------------------------------------------------------

#: What each field takes besides the corpus: see test_fields.py.
TAKEN = {
    "CustomerNumber": ["000123", "A-12/3", "1e5", "9" * 20, "O0lI", "a.b_c:d"],
    "SMS_Telephone": ["+55 (62) 01234-56789", "0031201234567", "+31 20 123", "(020) 1234567"],
    "Email": ["o'brien@b.ie", "=cmd@b.co", "+1@b.co", "-a@b.co", "a+tag@b.co", "a" * 64 + "@b.co", "A@b.co"],
}


def taken(column: int) -> list[str]:
    """What of the corpus is stored, as it is stored."""
    kept = ((case[1] if case[column] is SAME else case[column]) for case in CORPUS if case[column] is not NO)
    return [str(each) for each in kept if each != EMPTY]


@pytest.fixture
def entered(desk: Desk) -> list[Submission]:
    """Every text that any field takes, entered and saved; the newest one last."""
    SurveyField.objects.filter(key="SMS_Telephone").update(active=True)
    columns = {
        "LastName": taken(3),
        "comment": taken(4),
        "CustomerNumber": [*taken(2), *TAKEN["CustomerNumber"]],
        "SMS_Telephone": TAKEN["SMS_Telephone"],
        "Email": TAKEN["Email"],
    }
    valid = desk.answers()
    for number, row in enumerate(zip_longest(*columns.values())):
        answers = {name: value for name, value in zip(columns, row, strict=True) if value is not None}
        answers |= {"submit_token": str(uuid.uuid4()), "FirstName": f"Number {number}"}
        assert desk.client.post(NEW, valid | answers).status_code == 302, answers
    found = list(Submission.objects.select_related("delivery").order_by("pk"))
    assert len(found) >= len(columns["comment"])
    return found


def values(submission: Submission) -> dict[str, str]:
    """What was entered: the customer's fields by key, and the comment."""
    return {field["key"]: field["value"] for field in submission.customer} | {"comment": submission.comment}


def test_what_is_taken_comes_out_unchanged_in_all_six_places(
    desk: Desk, entered: list[Submission], manager: User, signed_in: Callable[[User], Client]
) -> None:
    browser = signed_in(manager)
    listed = "".join(page(desk.client, path) for path in pages_of(desk.client))
    in_csv, in_xlsx = spreadsheet(browser), workbook(browser)
    for submission, sent in zip(entered, bodies(entered), strict=True):
        typed = values(submission)
        assert f"<bdi>{escape(submission.customer_name)}</bdi>" in listed
        shown = page(desk.client, f"/submissions/{submission.uuid}/")
        assert f'<dd class="words" dir="auto">{escape(typed["comment"])}</dd>' in shown
        assert all(f"<bdi>{escape(value)}</bdi>" in shown for key, value in typed.items() if key != "comment")
        for key, value in typed.items():
            title = "Survey comment" if key == "comment" else key
            assert in_csv[typed["FirstName"]][title].replace("'", "") == value.replace("'", "")
            assert in_xlsx[typed["FirstName"]][title] == value
            assert sent["Comment" if key == "comment" else key] == value
        assert undo(submission.delivery, submission.agent)
        form = filled(desk.client.get(f"{NEW}?from={submission.uuid}"))
        assert {key: form[key] for key in typed} == typed


def bodies(submissions: list[Submission]) -> list[dict[str, str]]:
    """What CustomerGauge reads when they are sent."""
    with Simulator(port=0) as simulator:
        client = CustomerGauge(simulator.url, ApiKey("key"))
        for submission in submissions:
            client.send(call_of(submission.delivery))
        return [dict(parse_qsl(arrival.body.decode("ascii"), strict_parsing=True)) for arrival in simulator.arrivals]


def page(client: Client, path: str) -> str:
    reply = client.get(path)
    assert reply.status_code == 200
    return reply.text


def pages_of(client: Client) -> list[str]:
    """The pages of the agent's list."""
    paths = ["/submissions/"]
    while older := client.get(paths[-1]).context["older"]:
        paths.append(f"/submissions/?before={older}")
    return paths


def spreadsheet(manager: Client) -> dict[str, dict[str, str]]:
    """The lines of the history as CSV, by first name."""
    data = manager.get("/history/export.csv").getvalue().decode("utf-8-sig")
    return {line["FirstName"]: line for line in csv.DictReader(io.StringIO(data, newline=""))}


def workbook(manager: Client) -> dict[str, dict[str, object]]:
    """The same as XLSX; nothing that people typed is a formula there."""
    book = load_workbook(io.BytesIO(manager.get("/history/export.xlsx").getvalue()))
    titles, *rows = [list(row) for sheet in book.worksheets for row in sheet.iter_rows()]
    assert "f" not in {cell.data_type for row in rows for cell in row}
    lines = [dict(zip([str(cell.value) for cell in titles], [cell.value for cell in row], strict=True)) for row in rows]
    return {str(line["FirstName"]): line for line in lines}
