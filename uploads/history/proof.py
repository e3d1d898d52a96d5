"""Recorded bodies, taken apart for reading: requests, replies, and whatever else was written down.

Everything shown passes through `visible`: a reply may hold any bytes, and a page must show them without obeying them.
"""

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

Rows = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Part:
    """A titled piece of a body: rows of name and value, or a text."""

    title: str
    rows: Rows = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """One recorded body. `line` is its first line in short, `message` what CustomerGauge says in it."""

    title: str
    line: str = ""
    parts: Sequence[Part] = ()
    message: str = ""


def visible(text: str) -> str:
    """The text with whatever does not print (controls, bidi marks, lone surrogates) spelled out: \\x1b, \\u202e."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def read(body: bytes, title: str = "Recorded with it") -> Proof:
    """Take a body apart. Total: what is no JSON object is shown as text.

    Requests are objects with method, url, headers and body; replies have status, headers and body (or
    body_base64, if the bytes are no UTF-8).
    """
    text = body.decode("utf-8", "backslashreplace")
    document = _json(text)
    if not isinstance(document, dict):
        return Proof(title, parts=_parts(Part("", text=visible(text))))
    if {"method", "url"} <= document.keys():
        return _request(document)
    if {"status", "headers"} <= document.keys():
        return _reply(document)
    return Proof(title, parts=_parts(Part("", rows=_rows(document))))


def _request(document: dict[str, Any]) -> Proof:
    body = _text(document.get("body"))
    pairs = [(visible(name), visible(value)) for name, value in parse_qsl(body, keep_blank_values=True)]
    return Proof(
        "What was sent",
        visible(f"{_text(document['method'])} {_text(document['url'])}"),
        _parts(
            Part("Fields", rows=pairs),
            Part("Headers", rows=_rows(document.get("headers"))),
            Part("Body as sent", text=visible(body)),
        ),
    )


def _reply(document: dict[str, Any]) -> Proof:
    body = _received(document)
    content = _json(body)
    pretty = "" if content is None else json.dumps(content, indent=2, ensure_ascii=False)
    status = document["status"]
    return Proof(
        "What came back",
        "No reply" if status is None else f"HTTP {visible(_text(status))}",
        _parts(
            Part("Reply", text=visible(pretty)),
            Part("Headers", rows=_rows(document.get("headers"))),
            Part("Body as received", text=visible(body)),
            Part("Noted beside it", rows=_rows({k: v for k, v in document.items() if k not in REPLY and v})),
        ),
        visible(_message(content)),
    )


REPLY = frozenset({"status", "headers", "body", "body_base64"})


def _received(document: dict[str, Any]) -> str:
    if encoded := document.get("body_base64"):
        try:
            return b64decode(_text(encoded), validate=True).decode("utf-8", "backslashreplace")
        except ValueError:
            return _text(encoded)
    return _text(document.get("body"))


def _message(content: Any) -> str:
    error = content.get("Error", content) if isinstance(content, dict) else None
    message = error.get("Message") if isinstance(error, dict) else None
    return " ".join(message.split())[:300] if isinstance(message, str) else ""


def _rows(value: Any) -> Rows:
    """Name and value pairs of an object, or of a list of pairs; anything else gives none."""
    given = _flat(value) if isinstance(value, Mapping) else value if isinstance(value, list) else []
    pairs = [pair for pair in given if isinstance(pair, list | tuple) and len(pair) == 2]
    return [(visible(_text(name)), visible(_text(content))) for name, content in pairs]


def _flat(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The members of an object, and one level below it: `customer · Email`."""
    flat: list[tuple[str, Any]] = []
    for name, content in value.items():
        if isinstance(content, Mapping):
            flat += [(f"{name} · {inner}", deeper) for inner, deeper in content.items()]
        else:
            flat.append((name, content))
    return flat


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _parts(*parts: Part) -> Sequence[Part]:
    return [part for part in parts if part.rows or part.text]
