"""The corpus of awkward text, through the real form, for each class of text."""

import pytest

from uploads.entry import text
from uploads.entry.text import TextClass
from uploads.models import Submission

from .conftest import Desk, errors_of

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
