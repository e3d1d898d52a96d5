"""What a spreadsheet would take for a formula, and how a text is kept from being one.

OWASP, CSV Injection. Quotes alone do not help: they are taken off before the text is looked at. Nor is it enough to
look at the beginning: where cells are separated by semicolons (as in most of Europe) or tabs, Excel cuts a file with
commas at those, also within quotes.
"""

import re

#: What no eye sees and a spreadsheet may skip: blanks, controls, marks that join words or turn them round; and quotes.
_UNSEEN = r"[\s\"\x00-\x1f\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]*"
#: What begins a formula: plain, full width, small or raised.
_SIGN = r"[=+\-@⁺⁻⁼−﹢﹣﹦﹫＋－＝＠]"
#: Where a cell may begin that begins a formula, and the same with the apostrophe that stands guard before it.
_FORMULA = re.compile(rf"(\A|[;\t\r\n])(?={_UNSEEN}{_SIGN})|\A(?={_UNSEEN}[\t\r\n])")
_GUARDED = re.compile(rf"(\A|[;\t\r\n])'(?={_UNSEEN}{_SIGN})|\A'(?={_UNSEEN}[\t\r\n])")
_SEPARATOR = re.compile(r"[;\t\r\n]")


def guarded(text: str) -> str:
    """The text as no spreadsheet takes it for a formula: an apostrophe stands before whatever might begin one."""
    if text[:1].isalnum() and not _SEPARATOR.search(text):
        return text
    return _FORMULA.sub(r"\1'", text)


def unguarded(text: str) -> str:
    """A text that `guarded` has given, as it was before."""
    return _GUARDED.sub(r"\1", text) if "'" in text else text
