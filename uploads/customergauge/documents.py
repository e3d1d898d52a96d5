"""A reply's bytes as plain data, or nothing: one strict reading for JSON and for XML.

Strict, because a reply that can be read in two ways must not settle whether a customer's answer was stored.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError  # the types only; parsing is defusedxml's

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

MAX_DEPTH = 32


class Unreadable(ValueError):
    """The bytes are not one well-formed, unambiguous document."""


def parse(body: bytes, format: str) -> Any:
    """`body` as dicts, lists, text and numbers; format is "json" or "xml".

    JSON: UTF-8 (a byte order mark is allowed); no duplicate key, NaN, Infinity, number over 18 digits, NUL or lone
    surrogate. XML: no DTD, attribute, namespace or text beside elements; an element with children becomes a dict
    (a repeated child: a list), a leaf its text; a root that is not itself Data or Error is taken as an envelope.

    Raises Unreadable.
    """
    try:
        document = _xml(body) if format == "xml" else _json(body)
        for text in _texts(document):
            if "\0" in text:
                raise Unreadable("holds a NUL character")
            text.encode()
    except (ValueError, RecursionError, ParseError, DefusedXmlException) as error:
        raise Unreadable(str(error)) from error
    return document


def _json(body: bytes) -> Any:
    return json.loads(
        body.decode("utf-8-sig"),
        object_pairs_hook=_object,
        parse_constant=_refuse,
        parse_int=_integer,
        parse_float=_decimal,
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise Unreadable("a key occurs twice")
    return members


def _refuse(constant: str) -> Any:
    raise Unreadable(f"{constant} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > 18:
        raise Unreadable("a number is too long")
    return int(digits)


def _decimal(digits: str) -> float:
    if len(digits) > 40:
        raise Unreadable("a number is too long")
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise Unreadable("a number is too large")
    return number


def _xml(body: bytes) -> Any:
    root = fromstring(body.decode("utf-8-sig"), forbid_dtd=True)
    content = _content(root, MAX_DEPTH)
    return {root.tag: content} if root.tag in ("Data", "Error") else content


def _content(element: Element, depth: int) -> Any:
    if depth == 0 or element.attrib or not re.fullmatch(r"[A-Za-z0-9_.-]+", str(element.tag)):
        raise Unreadable("an element is nested too deep, has attributes or a namespace")
    if not len(element):
        return (element.text or "").strip()
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        raise Unreadable("text stands beside elements")
    members: dict[str, Any] = {}
    for child in element:
        members.setdefault(child.tag, []).append(_content(child, depth - 1))
    return {tag: values[0] if len(values) == 1 else values for tag, values in members.items()}


def _texts(document: Any) -> Iterator[str]:
    waiting = [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            waiting.extend(part)
            waiting.extend(part.values())
