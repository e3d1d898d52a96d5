"""Invented customers and what they say: few common words, many rare ones, as in real comments."""

import random
from collections.abc import Mapping
from functools import cache

from .demonstration.words import COMPANIES, FIRST, LAST

_BEGIN = ("Al", "Bren", "Cor", "Dal", "Es", "Fen", "Gar", "Hol", "Is", "Jan", "Kol", "Lin", "Mor", "Nar", "Os", "Pel")
_MIDDLE = ("a", "be", "di", "el", "go", "i", "ka", "lo", "mi", "ne", "o", "ra", "sti", "ta", "u", "ve")
_END = ("berg", "cker", "dal", "feld", "gren", "hout", "kamp", "lund", "mann", "nova", "ricks", "son", "stra", "witz")

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_PLACES = ("Utrecht", "Leiden", "Ghent", "Bremen", "Aarhus", "Lyon", "Porto", "Turin", "Graz", "Brno", "Cork", "Lund")
_THINGS = (
    "delivery", "invoice", "installation", "repair", "order", "contract", "app", "website", "refund", "appointment",
    "parcel", "boiler", "router", "meter", "spare part", "manual", "warranty", "subscription", "showroom", "call",
)  # fmt: skip
_PEOPLE = ("mechanic", "driver", "planner", "engineer", "sales assistant", "receptionist", "colleague", "technician")

_SENTENCES: Mapping[str, tuple[str, ...]] = {
    "promoter": (
        "The {person} explained the {thing} and took the time for it.",
        "Everything about the {thing} was arranged within {number} minutes.",
        "I recommend {product} to all my neighbours in {place}.",
        "{name} called back on {day}, exactly as promised!",
        "Very happy with {product}, the {thing} came a day early.",
        "Friendly, quick and honest about the {thing}.",
    ),
    "passive": (
        "The {thing} was fine, nothing special.",
        "{product} works, but setting it up took {number} minutes.",
        "Good {person}, only the {thing} could be clearer.",
        "I had expected the {thing} on {day} and it came later.",
        "All right on the whole; the {place} branch answers slowly.",
    ),
    "detractor": (
        "Waited {number} minutes on the phone about the {thing}, then the line dropped.",
        "The {person} came on {day} without the part for {product}.",
        "Third complaint about the same {thing}. I want to speak to a manager.",
        "{name} from {place} promised a refund and nobody knows of it.",
        "{product} broke again after {number} days and the {thing} is still wrong.",
        "Nobody apologised for the {thing}.",
        "This {thing} was far too expensive.",
    ),
}
#: How many sentences a comment has; none is usual too.
_LENGTHS, _OFTEN = (0, 1, 2, 3, 5, 9), (20, 34, 26, 12, 6, 2)


def comment(choose: random.Random, band: str) -> str:
    """What a customer of this band (promoter, passive, detractor) says; sometimes nothing."""
    (length,) = choose.choices(_LENGTHS, _OFTEN)
    return " ".join([_sentence(choose, band) for _ in range(length)])


def customer(number: int) -> dict[str, str]:
    """The customer with this number (from 0), by the keys that every installation starts with; always the same."""
    first = FIRST[number * 7 % len(FIRST)]
    last = LAST[number % len(LAST)] if number % 5 == 0 else _surname(number * 2_654_435_761 // 32)
    company = COMPANIES[number % len(COMPANIES)]
    return {
        "CustomerNumber": str(100_000 + number),
        "Email": f"{plain(first)}.{plain(last)}{number}@{company}.example",
        "FirstName": first,
        "LastName": last,
        "SMS_Telephone": f"+3120{number:07}",
    }


@cache
def plain(name: str) -> str:
    """A name as it stands in an e-mail address."""
    return "".join(char for char in name.lower() if char.isascii() and char.isalpha())


def _sentence(choose: random.Random, band: str) -> str:
    return choose.choice(_SENTENCES[band]).format(
        person=choose.choice(_PEOPLE), thing=choose.choice(_THINGS), number=choose.randint(2, 60),
        product=_product(int(choose.paretovariate(0.6))), place=choose.choice(_PLACES), day=choose.choice(_DAYS),
        name=choose.choice(FIRST),
    )  # fmt: skip


def _product(number: int) -> str:
    """A few are named all the time, and very many now and then."""
    number %= 40_000
    return f"{_BEGIN[number % 16]}{_MIDDLE[number // 16 % 16]}{_MIDDLE[number // 256 % 16]}x {number % 900 + 100}"


@cache
def _surname(number: int) -> str:
    number %= 16 * 16 * 16 * 14
    middle = _MIDDLE[number // 16 % 16] + _MIDDLE[number // 256 % 16]
    return _BEGIN[number % 16] + middle + _END[number // 4096 % 14]
