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
    body_base64, if the bytes are no UTF-8); a look at CustomerGauge has `read` and the `records` that fit.
    """
    text = body.decode("utf-8", "backslashreplace")
    document = _json(text)
    if not isinstance(document, dict):
        return Proof(title, parts=_parts(Part("", text=visible(text))))
    if {"method", "url"} <= document.keys():
        return _request(document)
    if {"status", "headers"} <= document.keys():
        return _reply(document)
    if "read" in document and {"records", "failed"} & document.keys():
        return _look(document)
    if title == ENTERED:
        return _entered(document)
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


def _look(document: dict[str, Any]) -> Proof:
    """The records that fit, one part each; what was merely read is a number."""
    found = document.get("records")
    records = [record for record in found if isinstance(record, dict)] if isinstance(found, list) else []
    differing = [
        (label, " → ".join(_text(value) for value in pair))
        for label, pair in _members(document.get("differs"))
        if isinstance(pair, list)
    ]
    return Proof(
        "What was found",
        f"{len(records)} of {_text(document['read'])} records fit",
        _parts(
            Part("Sent → there", rows=_rows(differing)),
            *(Part(f"Record {number}" if records[1:] else "Record", rows=_rows(record))
              for number, record in enumerate(records, 1)),
            Part("Why it failed", rows=_rows(document.get("failed"))),
        ),
    )  # fmt: skip


def _entered(document: dict[str, Any]) -> Proof:
    """The answers by the names under which they were asked, then what was made of them."""
    answers: list[tuple[str, str]] = []
    for field in document.get("customer") or ():
        if isinstance(field, dict):
            answers.append((_text(field.get("label")), _text(field.get("value"))))
    for name, label in ANSWERS.items():
        value = _plain(document.get(name))
        if value and not (name == "workflow_status" and document.get("workflow_status_label")):
            answers.append((label, value))
    rest = {name: value for name, value in document.items() if name not in TOLD and value not in (None, "", [], 0)}
    return Proof(
        ENTERED,
        parts=_parts(
            Part("Answers", rows=_rows(answers)),
            Part("Noted beside it", rows=_rows(rest)),
            Part("Prepared for CustomerGauge", rows=_rows(document.get("payload"))),
        ),
    )


def _plain(value: Any) -> str:
    """An answer as people read it: of reasons their names, of several things a list."""
    if isinstance(value, list):
        return ", ".join(_text(each.get("label")) if isinstance(each, dict) else _text(each) for each in value)
    return _text(value)


def _members(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


ENTERED = "As it was entered"
#: The answers of an entry by the names in which they are kept, with the labels of the page.
ANSWERS = {
    "score": "Score",
    "reasons": "Reasons",
    "comment": "Comment",
    "contact": "Wishes to be contacted",
    "workflow_status": "Workflow status",
    "workflow_status_label": "Workflow status",
    "sent_at": "Invitation sent",
    "completed_at": "Survey completed",
    "time_zone": "Time zone",
    "correction_reason": "Why it was corrected",
    "warnings": "Warned",
    "overruled": "Saved nevertheless, because",
    "from_list": "Read in from",
    "notes": "What was tidied up",
}
TOLD = frozenset({*ANSWERS, "customer", "payload"})
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
