"""What text may contain: one table for identifiers, names and comments.

The order is: trim, refuse what is far too long, apply the table, compose (Unicode NFC), trim again, measure.
Text is stored as it stands after that; escaping is the business of whoever prints it.
"""

import re
import unicodedata
from enum import IntEnum
from itertools import groupby
from typing import NamedTuple

MARKS_IN_A_ROW = 6
#: NFC makes one code point of at most four; whatever is longer than this cannot fit any more.
SHRINKS_BY = 4

_INVISIBLE_EDGE = "\u200b\ufeff"
_SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_BREAKS = "\t\r\n\u0085\u2028\u2029"
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr((plane << 16) + last) for plane in range(17) for last in (0xFFFE, 0xFFFF)
)


class TextClass(IntEnum):
    """How strict to be: an identifier is compared by machines, a name by people, a comment is somebody's words."""

    IDENTIFIER = 0
    NAME = 1
    COMMENT = 2


class Refused(ValueError):
    """The text breaks a rule; the message is the rest of a sentence that begins with the field's name."""


class Cleaned(NamedTuple):
    """The text as it is stored, and what had to be done to it, as sentences without a subject."""

    text: str
    notes: tuple[str, ...] = ()


class Rule(NamedTuple):
    """What to do with a pattern: None refuses it, a text replaces it; by TextClass."""

    pattern: re.Pattern[str]
    actions: tuple[str | None, str | None, str | None]
    refusal: str
    note: str = ""


KEEP = r"\g<0>"
REFUSE = None
RULES = (
    Rule(
        re.compile(rf"[\ud800-\udfff{_NONCHARACTERS}]"), (REFUSE, REFUSE, REFUSE),
        "contains a character that does not exist in Unicode. Type it again instead of pasting it.",
    ),
    Rule(
        re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"), (REFUSE, REFUSE, REFUSE),
        "contains an invisible control character. Type it again instead of pasting it.",
    ),
    Rule(
        re.compile("\r\n|[\r\n\u0085\u2028\u2029]"), (REFUSE, REFUSE, "\n"),
        "must stand on one line. Remove the line break.",
    ),
    Rule(re.compile("\t"), (REFUSE, REFUSE, KEEP), "contains a tab. Replace it by a space."),
    Rule(
        re.compile("\ufffd"), (REFUSE, REFUSE, KEEP),
        "contains “\ufffd”, a character that was lost in copying. Type it again.",
        "contains “\ufffd”, a character that was lost in copying",
    ),
    Rule(
        re.compile("[\u202a-\u202e\u2066-\u2069]"), (REFUSE, "", ""),
        "contains an invisible mark that turns the reading direction. Type it again instead of pasting it.",
        "was saved without invisible marks that turn the reading direction",
    ),
    Rule(
        re.compile("[\u200b\u2060\ufeff\u00ad\U000e0000-\U000e007f]|(?<!\\S)[\u200c\u200d]+|[\u200c\u200d]+(?!\\S)"),
        (REFUSE, "", ""),
        "contains an invisible character. Type it again instead of pasting it.",
        "was saved without invisible characters",
    ),
)  # fmt: skip


def clean(raw: str, text_class: TextClass, longest: int) -> Cleaned:
    """The text after the rules of its class; `longest` is counted in code points.

    Raises Refused with the rest of a sentence ("contains a tab. Replace it by a space.").
    """
    text = trim(raw, text_class)
    if len(text) > longest * SHRINKS_BY:
        raise _too_long(len(text), longest)
    if _has_piled_marks(text):
        raise Refused(f"has more than {MARKS_IN_A_ROW} accents on one letter. Type it again instead of pasting it.")
    notes = []
    for rule in RULES:
        action = rule.actions[text_class]
        if not rule.pattern.search(text):
            continue
        if action is None:
            raise Refused(rule.refusal)
        text = rule.pattern.sub(action, text)
        notes += [rule.note] if rule.note else []
    text = trim(unicodedata.normalize("NFC", text), text_class)
    if len(text) > longest:
        raise _too_long(len(text), longest)
    return Cleaned("" if is_blank(text) else text, tuple(notes))


def trim(text: str, text_class: TextClass) -> str:
    """Without spaces of any script, zero-width spaces and byte order marks at its ends.

    Line ends and tabs behind the text come with every paste and go too; before a one-line text they are refused.
    """
    edge = _SPACES + _INVISIBLE_EDGE
    before = edge + _BREAKS if text_class is TextClass.COMMENT else edge
    return text.rstrip(edge + _BREAKS).lstrip(before)


def is_blank(text: str) -> bool:
    """Whether nothing in the text can be seen: no letter, digit, symbol or punctuation mark."""
    return all(unicodedata.category(char)[0] in "ZCM" and unicodedata.category(char) != "Co" for char in text)


def _has_piled_marks(text: str) -> bool:
    if text.isascii():
        return False
    runs = groupby(text, lambda char: unicodedata.category(char) in {"Mn", "Me"})
    return any(is_mark and sum(1 for _ in run) > MARKS_IN_A_ROW for is_mark, run in runs)


def _too_long(length: int, longest: int) -> Refused:
    return Refused(f"is too long: {length:,} characters, and at most {longest:,} are allowed. Shorten it.")
