"""The account's own sample of an upload (“Historical Data (XML)”): its tags are the keys that CustomerGauge knows
(Transactions - POST Non-Response, support article 5000722519)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.core.exceptions import ValidationError

from ..entry.batch_text import Unreadable
from ..entry.refusal import ALIASES, fold
from ..models import Kind, Role, SurveyField
from ..models.lookups import KEY, RESERVED_KEYS
from .tables import NUMBER

LARGEST = 100_000  # characters
MOST_KEYS = 200

#: What the name of a key tells of its values; the first that fits. The order matters: an e-mail's date is a date.
_KINDS = (
    (re.compile(r"date|time$|^time"), Kind.DATETIME),
    (re.compile(r"e?mail"), Kind.EMAIL),
    (re.compile(r"phone|mobile"), Kind.PHONE),
    (re.compile(r"(number|code|id|sku)$"), Kind.IDENTIFIER),
)
_PERSONAL = re.compile(r"mail|phone|mobile|name|contact|address|customernumber")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sample says. rows: keys to add, as rows of the list; notes: what a person should look at."""

    rows: Sequence[dict[str, str]]
    notes: Sequence[str]


def keys_of(text: str) -> list[str]:
    """The tags that hold values, each once, in order. Raises Unreadable if it is no such sample."""
    if len(text) > LARGEST:
        raise Unreadable(f"This is too long for a sample: at most {LARGEST:,} characters. One record is enough.")
    try:
        root = fromstring(text.strip().encode("utf-8", "replace"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise Unreadable("This is not XML. Paste the whole sample, from its first < to its last >.") from error
    keys = list(dict.fromkeys(element.tag.rpartition("}")[2] for element in _leaves(root)))
    if not root.findall("*") or not keys:
        raise Unreadable("There are no keys in it. Paste the sample of “Historical Data (XML)”.")
    if len(keys) > MOST_KEYS:
        raise Unreadable(f"These are {len(keys)} keys; at most {MOST_KEYS} are taken. One record is enough.")
    return keys


def compare(keys: Sequence[str]) -> Reading:
    """What the sample has and the list of fields has not, and the other way round."""
    fields = list(SurveyField.objects.all())
    own = {field.key: field for field in fields}
    rows: list[dict[str, str]] = []
    notes: list[str] = []
    meant: set[str] = {*keys}
    for key in keys:
        if key in own:
            continue
        field = _meant(key, fields)
        if field:
            meant.add(field.key)
            notes.append(_other_key(key, field))
        elif not _is_key(key) or key in RESERVED_KEYS:
            notes.append(f"“{key[:64]}” cannot be a key here. Ask for another name in CustomerGauge if it is needed.")
        else:
            rows.append(_row(key, len(rows)))
    gone = [f"“{field.key}” ({field.label})" for field in fields if field.active and field.key not in meant]
    if gone:
        notes.append(f"Sent, and not in the sample: {', '.join(gone)}.")
    return Reading(rows, notes)


def _leaves(root: Element) -> Iterator[Element]:
    return (element for element in root.iter() if isinstance(element.tag, str) and not len(element))


def _meant(key: str, fields: Sequence[SurveyField]) -> SurveyField | None:
    """The field that a key is another writing of, or that asks what the key seems to name."""
    same = next((field for field in fields if fold(field.key) == fold(key)), None)
    fixed = (field for field in fields if field.role != Role.CUSTOMER)
    return same or next((field for field in fixed if fold(key) in ALIASES.get(field.role, ())), None)


def _other_key(key: str, field: SurveyField) -> str:
    if fold(field.key) == fold(key):
        return f"“{key}” is written “{field.key}” here. Upper and lower case matter: change the key of “{field.label}”."
    return f"“{key}” may be the key of “{field.label}”, which is “{field.key}” here. If so, change that one."


def _is_key(text: str) -> bool:
    try:
        KEY(text)
    except ValidationError:
        return False
    return True


def _row(key: str, place: int) -> dict[str, str]:
    """A new field, switched off: what agents are to be asked is for a person to say."""
    folded = fold(key)
    kind = next((kind for pattern, kind in _KINDS if pattern.search(folded)), Kind.TEXT)
    return {
        NUMBER: str(place + 1),
        "key": key,
        "label": _label(key),
        "role": Role.CUSTOMER.value,
        "kind": kind.value,
        "personal": "yes" if _PERSONAL.search(folded) else "no",
        "position": str(500 + 10 * place),
        "active": "no",
    }


def _label(key: str) -> str:
    """SegmentB → Segment b; SMS_Telephone → SMS telephone."""
    first, *others = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_+", " ", key).split()
    return " ".join([first, *(word if word.isupper() and len(word) > 1 else word.lower() for word in others)])
