"""Personal data masked: enough is left to recognise what one knows already, and too little to learn it."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, quote_plus

from ..audit.comparison import ComparedField
from ..models import CustomerValue, Kind, Submission
from ..models.sent import common_name
from .evidence import SideBySide
from .proof import Part, Proof
from .story import Step

DOTS = "•••"
#: What CustomerGauge calls people, whatever the account's own fields are.
PERSONAL = frozenset({Kind.EMAIL.value, Kind.PHONE.value, "firstname", "lastname"})
#: A shorter value would be found within ordinary words.
SHORTEST = 3
E_MAIL = re.compile(r"[\w.+%-]{1,64}(?:@|%40)[\w.-]{1,253}\.\w{2,24}")
#: Where a name stands before its value: in a form's body, in JSON, in XML. Groups: name, what is between, value.
PAIRS = (
    re.compile(r"(?<![^&\s])([^=&\s]{1,64})(=)([^&\s]+)"),
    re.compile(r'"([^"\\]{1,64})("\s*:\s*")((?:[^"\\]|\\.)+)'),
    re.compile(r"<([\w.-]{1,64})(>)([^<]+)"),
)


def masked(value: str) -> str:
    """A value with most of it left out: `l•••@e•••`, `•••43`, `K•••`; empty stays empty."""
    if "@" in value:
        name, _, domain = value.strip().rpartition("@")
        return f"{name[:1]}{DOTS}@{domain[:1]}{DOTS}"
    if any(char.isdigit() for char in value) and not any(char.isalpha() for char in value):
        return DOTS + (value.strip()[-2:] if len(value.strip()) > 4 else "")
    return " ".join(f"{word[0]}{DOTS}" for word in value.split()[:3])


def masked_name(submission: Submission) -> str:
    """Who it is about, masked as far as it tells of a person; empty if no field was filled in."""
    fields = submission.customer
    names = [masked(field["value"]) for field in fields if field["kind"] == Kind.TEXT and field["personal"]]
    return " ".join(names) or next((_value(field) for field in fields), "")


@dataclass(frozen=True, slots=True)
class Mask:
    """Masks what a page says about one customer. names: in their common form, of fields that tell of a person;
    values: what stands in those fields, in every spelling a body may have, with what is shown instead."""

    names: frozenset[str]
    values: dict[str, str]

    @classmethod
    def of(cls, versions: Iterable[Submission]) -> "Mask":
        """For all versions of one result."""
        fields = [field for version in versions for field in version.customer if field["personal"]]
        names = {common_name(name) for field in fields for name in (field["key"], field["label"])}
        long = [field["value"] for field in fields if len(field["value"]) >= SHORTEST]
        return cls(PERSONAL | names, {text: masked(value) for value in long for text in _spellings(value)})

    def text(self, text: str) -> str:
        """A text in which personal values may stand anywhere."""
        for pairs in PAIRS:
            text = pairs.sub(self._pair, text)
        if self.values:
            longest_first = sorted(self.values, key=len, reverse=True)
            known = rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"
            text = re.sub(known, lambda found: self.values[found[0]], text)
        return E_MAIL.sub(lambda found: masked(found[0].replace("%40", "@")), text)

    def row(self, name: str, value: str) -> tuple[str, str]:
        """A value that stands under a name, with its name."""
        return name, masked(value) if self._is_personal(name) else self.text(value)

    def proof(self, proof: Proof) -> Proof:
        """A recorded body."""
        parts = [Part(part.title, [self.row(*row) for row in part.rows], self.text(part.text)) for part in proof.parts]
        return replace(proof, line=self.text(proof.line), message=self.text(proof.message), parts=parts)

    def step(self, step: Step) -> Step:
        """A step of the story."""
        return replace(step, quote=self.text(step.quote), proofs=[self.proof(proof) for proof in step.proofs])

    def found(self, one: SideBySide) -> SideBySide:
        """A record beside what was sent; the verdicts stay."""
        return SideBySide(one.number, [self._compared(field) for field in one.fields])

    def customer(self, fields: Sequence[CustomerValue]) -> list[CustomerValue]:
        """The customer fields of a result."""
        return [CustomerValue(**{**field, "value": _value(field)}) for field in fields]

    def _compared(self, field: ComparedField) -> ComparedField:
        hide: Any = masked if self._is_personal(field.key) else self.text
        return field._replace(ours=hide(field.ours), theirs=None if field.theirs is None else hide(field.theirs))

    def _is_personal(self, name: str) -> bool:
        return common_name(name.rpartition(" · ")[2]) in self.names

    def _pair(self, found: re.Match[str]) -> str:
        name, between, value = found.groups()
        if not self._is_personal(name):
            return found[0]
        return f"{found[0][: -len(between + value)]}{between}{masked(value.replace('%40', '@'))}"


def _value(field: CustomerValue) -> str:
    return masked(field["value"]) if field["personal"] else field["value"]


def _spellings(value: str) -> set[str]:
    """As text, in a form's body, in an address, and in JSON with or without its letters escaped."""
    escaped = (json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (False, True))
    return {value, quote_plus(value), quote(value), *escaped}
