"""Which texts and files are lists, and how they are cut into cells."""

import pytest

from uploads.entry.batch_text import LARGEST, Unreadable, decode, read

ROWS = [(2, ["a@b.co", "9", "Süß, “quoted”\nand long"]), (3, ["c@d.co", "0", ""])]
LISTED = 'E-mail{s}Score{s}Comment\na@b.co{s}9{s}"Süß, “quoted”\nand long"\nc@d.co{s}0{s}\n'


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_list_is_read_whatever_its_letters_and_separator(separator: str, encoding: str, end: str) -> None:
    text = LISTED.format(s=separator)
    table = read(decode(text.replace("\n", end).encode(encoding)))
    assert table.first == ["E-mail", "Score", "Comment"]
    assert [(number, [cell.replace("\r\n", "\n") for cell in cells]) for number, cells in table.rows] == ROWS


def test_empty_lines_are_passed_over_and_numbers_are_those_of_a_spreadsheet() -> None:
    table = read("\n\nScore;Comment\n\n9;good\n;;\n3;bad\n")
    assert (table.first, table.rows) == (["Score", "Comment"], [(5, ["9", "good"]), (7, ["3", "bad"])])


def test_a_line_that_names_the_separator_is_obeyed_and_not_read() -> None:
    assert read("sep=;\r\nScore;Comment, with a comma\r\n9;a,b,c\r\n").rows == [(2, ["9", "a,b,c"])]


def test_a_comma_in_texts_does_not_pass_for_the_separator() -> None:
    table = read("Comment;Score\nwell, well, well;9\nyes, fine;10\nno;1\n")
    assert table.rows[0] == (2, ["well, well, well", "9"])


def test_quotation_marks_in_cells_that_were_copied_stay_as_they_are() -> None:
    assert read('Comment\tScore\n"Great" she said\t9\n5" disk\t3\n').rows == [
        (2, ['"Great" she said', "9"]),
        (3, ['5" disk', "3"]),
    ]


def test_one_column_is_a_list_too() -> None:
    assert read("Score\n9\n10\n").rows == [(2, ["9"]), (3, ["10"])]


def test_rows_may_be_shorter_or_longer_than_the_titles() -> None:
    assert read("a,b,c\n1\n1,2,3,4\n1,2,3\n1,2,3\n").rows[:2] == [(2, ["1"]), (3, ["1", "2", "3", "4"])]


def test_a_cell_with_nul_can_be_stored_and_shows_that_something_was_lost() -> None:
    assert read(decode(b"Score,Comment\n9,a\0b\n")).rows == [(2, ["9", "a\ufffdb"])]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_one_broken_letter_does_not_turn_all_others_into_nonsense(mark: bytes) -> None:
    data = mark + "Name;Comment\nJörg Müller;Süß\n".encode() + b"Ann;cut \xc3 off\n"
    assert read(decode(data)).rows == [(2, ["Jörg Müller", "Süß"]), (3, ["Ann", "cut \ufffd off"])]


def test_only_a_break_of_the_line_ends_a_row_that_was_copied() -> None:
    assert read('Comment\tScore\n"Great" she\u2028said\x0b\x85\t9\r\n').rows == [
        (2, ['"Great" she\u2028said\x0b\x85', "9"])
    ]


def test_empty_cells_behind_the_last_column_are_not_kept() -> None:
    assert read("a,b,\n1,,,,,,,,,\n1,2,3,4,,\n").rows == [(2, ["1", "", ""]), (3, ["1", "2", "3", "4"])]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "There is no row in it"),
        (b"\xef\xbb\xbf", "There is no row in it"),
        (b"Score,Comment\n", "There is no row in it"),
        (b"\n \n,,\n", "There is no row in it"),
        (b"PK\x03\x04 and so on", "This is a spreadsheet, not a text. Open it, choose “Save as” and “CSV UTF-8”"),
        (b"\xd0\xcf\x11\xe0 and so on", "This is a spreadsheet, not a text."),
        (b"%PDF-1.7", "This is a PDF, not a list."),
        (b"\x89PNG\r\n\x1a\n" + b"\0\1\2\3" * 50, "This is not a text."),
        (b"a" * (LARGEST + 1), "at most 5 MB are taken"),
        (b"Score\n" + b"9\n" * 5001, "These are 5,001 rows; at most 5,000 are taken at once."),
        (b",".join([b"Score"] * 101) + b"\n9\n", "The first line has 101 columns; at most 100 are taken."),
        (b'Score,Comment\n9,"never closed\n8,fine\n', "A quotation mark stands alone in it"),
        (b'Score,Comment\n9,"' + b"x" * 200_000 + b'"\n', "or a cell has no end"),
    ],
)
def test_what_is_no_list_gets_a_sentence_with_the_remedy(data: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(decode(data))
    assert sentence in str(refused.value)


def test_five_thousand_rows_are_not_too_many() -> None:
    assert len(read("Score\n" + "9\n" * 5000).rows) == 5000


def test_the_apostrophes_of_our_own_file_are_taken_off_when_it_comes_back() -> None:
    ours = '"What is wrong","Phone","Comment"\n"\'=1","\'+31 20 123","fine;\'=2"\n'
    assert read(ours).rows == [(2, ["=1", "+31 20 123", "fine;=2"])]
    assert read('"Phone","Comment"\n"\'+31 20 123","x"\n').rows == [(2, ["'+31 20 123", "x"])]
