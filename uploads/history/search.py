"""Searching the history: for a piece of a comment or of a customer's value, or for a number that names a result."""

import re
import unicodedata
from dataclasses import dataclass
from uuid import UUID

from ..models import CustomerKey, Delivery, Submission
from ..models.search import SHORTEST, containing
from ..models.submission import SubmissionQuerySet
from .person import named

#: Of what one number names, the newest so many are looked for.
MOST = 500
SHORT_ID = 8


class TooShort(ValueError):
    """A text that would be found nearly everywhere; the message is a sentence for people."""

    def __init__(self) -> None:
        super().__init__(f"Give at least {SHORTEST} characters, or a number in full.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is sought. piece: anywhere in the texts, empty if it is too short for that; number: as it was typed."""

    piece: str
    number: str


def wanted(text: str) -> Wanted:
    """Reads what somebody typed; raises TooShort. Of less than three characters only a number is looked for."""
    text = unicodedata.normalize("NFC", text.strip())
    if len(text) >= SHORTEST or not text:
        return Wanted(text, text)
    if not any(char.isdigit() for char in text):
        raise TooShort
    return Wanted("", text)


def searched(submissions: SubmissionQuerySet, text: str) -> SubmissionQuerySet:
    """Those that the text names in full: by the short id that agents read out, CustomerGauge's number, or an e-mail
    address, a customer number or a telephone number. If it names none, those that contain it. Raises TooShort."""
    sought = wanted(text)
    numbered = _numbered(sought.number)
    if numbered or not sought.piece:
        return submissions.filter(pk__in=numbered)
    return submissions.filter(containing(sought.piece))


def by_short_id(number: str) -> SubmissionQuerySet:
    """The submissions whose id begins with these hexadecimal digits; nearly always one. None if it is no such id."""
    digits = number.replace("-", "").lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORT_ID},32}}", digits):
        return Submission.objects.none()
    return Submission.objects.filter(uuid__range=(UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))))


def _numbered(text: str) -> list[int]:
    """The keys of the submissions that the text names in full; a few quick looks into indexes."""
    identities = {identity.value[:254] for identity in named(text)}
    looks = (
        by_short_id(text).values_list("pk", flat=True),
        Delivery.objects.filter(cg_id=text).exclude(cg_id="").values_list("pk", flat=True),
        CustomerKey.objects.filter(value__in=identities).order_by("-submission").values_list("submission", flat=True),
    )
    return sorted({key for found in looks for key in found[:MOST]})
