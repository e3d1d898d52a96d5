"""The fields of the entry form. Each refuses with one sentence: the field, the rule, the remedy."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ..models.patterns import LONGEST_TEXT
from . import text
from .text import TextClass

NUMBER_DIGITS = 18


class EntryField(forms.Field):
    """Base: trims and applies the rules of text, and keeps notes on what was done to the text.

    `longest` is in code points. Notes are complete sentences, valid after cleaning.
    """

    text_class = TextClass.NAME
    css_class = "form-control"
    input_attrs: dict[str, str] = {}

    def __init__(self, *, longest: int = LONGEST_TEXT, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.longest = longest
        self.notes: list[str] = []
        self.error_messages["required"] = f"{self.label} is missing. Fill it in."
        self.widget.attrs |= {"class": self.css_class, "autocomplete": "off"} | self.input_attrs

    def refuse(self, sentence: str) -> ValidationError:
        """The error to raise: `sentence` goes on after the field's name."""
        return ValidationError(f"{self.label} {sentence}")

    def to_python(self, value: Any) -> Any:
        try:
            cleaned = text.clean(value or "", self.text_class, self.longest)
        except text.Refused as refused:
            raise self.refuse(str(refused)) from refused
        self.notes = [f"{self.label} {note}." for note in cleaned.notes]
        return self.read(cleaned.text) if cleaned.text else self.empty()

    def empty(self) -> Any:
        """What an optional field without a value is."""
        return ""

    def read(self, value: str) -> Any:
        """The meaning of clean text that is not empty."""
        return value


class NameField(EntryField):
    """One line of any script, optionally matching an administrator's pattern as a whole."""

    input_attrs = {"dir": "auto", "spellcheck": "false"}

    def __init__(self, *, pattern: re.Pattern[str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pattern = pattern
        if pattern:
            self.longest = min(self.longest, LONGEST_TEXT)

    def read(self, value: str) -> str:
        if self.pattern and not self.pattern.fullmatch(value):
            raise self.refuse(f"does not have the right form. {self.help_text or 'Ask the customer to spell it.'}")
        return value


class CommentField(EntryField):
    """The customer's words: several lines, any script."""

    text_class = TextClass.COMMENT
    input_attrs = {"dir": "auto", "rows": "4"}
    widget = forms.Textarea


class IdentifierField(NameField):
    """The number or code of a customer: text, never a number, so zeros in front and letters stay."""

    text_class = TextClass.IDENTIFIER
    input_attrs = {"spellcheck": "false", "autocapitalize": "none"}
    shape = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:-]*")
    refusal = "may hold letters A–Z, digits and . _ / : - only, without spaces. Check what you typed."

    def read(self, value: str) -> str:
        if not self.shape.fullmatch(value):
            raise self.refuse(self.refusal)
        return super().read(value)


class PhoneField(IdentifierField):
    """A phone number: digits, single spaces, brackets and hyphens, + only in front; 4 to 15 digits (ITU-T E.164)."""

    input_attrs = {"inputmode": "tel", "spellcheck": "false"}
    shape = re.compile(r"\+?(?=[0-9(])(?:[0-9()-]| (?! ))+")
    refusal = "is not a phone number. Write 4 to 15 digits, such as +31 20 123 4567."

    def read(self, value: str) -> str:
        if not 4 <= sum(char.isdigit() for char in value) <= 15:
            raise self.refuse(self.refusal)
        return super().read(value)


class EmailField(IdentifierField):
    """One plain address (RFC 5321: 64 characters before the @, 254 in all); the domain is stored in small letters."""

    input_attrs = {"inputmode": "email", "spellcheck": "false", "autocapitalize": "none"}
    _atom = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
    _label = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    _top = r"(?:[A-Za-z]{2,63}|xn--[A-Za-z0-9-]{1,59})"
    shape = re.compile(rf"(?=.{{1,64}}@){_atom}(?:\.{_atom})*@(?:{_label}\.)+{_top}")
    refusal = "is not an e-mail address. Write one address, such as name@company.com."
    not_real = re.compile(r"(?:.+\.)?(?:example\.(?:com|net|org)|example|test|invalid)")

    def __init__(self, *, longest: int = 254, **kwargs: Any) -> None:
        super().__init__(longest=min(longest, 254), **kwargs)

    def read(self, value: str) -> str:
        local, _, domain = super().read(value).rpartition("@")
        if self.not_real.fullmatch(domain.lower()):
            self.notes.append(f"{self.label}: nobody gets mail at {domain.lower()}, a domain reserved for examples.")
        return f"{local}@{domain.lower()}"


class WholeNumberField(EntryField):
    """A whole number in ASCII digits, at most 18 of them."""

    input_attrs = {"inputmode": "numeric"}
    shape = re.compile(rf"-?[0-9]{{1,{NUMBER_DIGITS}}}")

    def empty(self) -> int | None:
        return None

    def read(self, value: str) -> int:
        if not self.shape.fullmatch(value):
            raise self.refuse("is not a whole number. Write digits 0–9 only, such as 12.")
        return int(value)


class ScoreField(EntryField):
    """Exactly 0 to 10. Zero is a score; nothing given is None."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error_messages["required"] = f"{self.label} is missing. Choose a number from 0 to 10."

    def empty(self) -> int | None:
        return None

    def read(self, value: str) -> int:
        if not re.fullmatch(r"10|[0-9]", value):
            raise self.refuse("must be a whole number from 0 to 10. Choose one of the eleven.")
        return int(value)


class ChoiceField(EntryField):
    """One of a few values, exactly as offered."""

    css_class = "form-select"
    widget = forms.Select

    def __init__(self, *, choices: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = list(choices)
        self.widget.choices = self.choices
        self.longest = max([LONGEST_TEXT, *(len(value) for value, _ in self.choices)])
        self.error_messages["required"] = f"{self.label} is missing. Choose one from the list."

    def to_python(self, value: Any) -> Any:
        # A value as offered is right whatever the rules of text think of it.
        return value if value in dict(self.choices) else super().to_python(value)

    def read(self, value: str) -> str:
        raise self.refuse("has a value that is not offered (any more). Choose one from the list.")
