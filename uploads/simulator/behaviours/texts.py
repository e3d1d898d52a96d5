"""Text that hurts whoever stores, logs or shows it."""

from collections.abc import Callable, Iterator

from ..formats import to_json
from ..http import message
from ..script import Behaviour, Call, Script, Step

GROUP = "Hurtful text"
_JSON = "application/json; charset=utf-8"

#: Name: (what the message holds, how it stands in the JSON source).
_MESSAGES: dict[str, tuple[str, bytes]] = {
    "message-script": ("a script", rb"<script>alert(1)</script><img src=x onerror=alert(2)>"),
    "message-ansi": ("terminal escapes", rb"\u001b[31mred\u001b[2J\u0007"),
    "message-crlf": ("line ends and a forged log line", rb"first\r\n2026-01-01 00:00:00 INFO delivered 12\r\n"),
    "message-nul": ("a NUL", rb"before\u0000after"),
    "message-surrogate": ("half a surrogate pair", rb"before\ud800after"),
    "message-bidi": ("characters that turn the writing direction", rb"before\u202eretfa\u2066"),
    "message-formula": ("the start of a spreadsheet formula", rb"=HYPERLINK(1)"),
    "message-invalid-utf-8": ("bytes that are no UTF-8", b"before\xff\xfe\xc3after"),
    "message-long": ("20,000 characters", b"long " * 4000),
}

#: Name: (what the success holds beside its number, how it stands in the JSON source).
_NOTES: dict[str, tuple[str, bytes]] = {
    "invalid-utf-8": ("bytes that are no UTF-8", b"\xff\xfe\xc3"),
    "surrogate": ("half a surrogate pair", rb"\ud800"),
    "nul": ("a NUL", rb"\u0000"),
}


def _message(source: bytes) -> Script:
    def script(_: Call) -> Iterator[Step]:
        yield message(400, b'{"Error":{"Message":"%s","Code":400003}}' % source, content_type=_JSON)

    return script


def _note(source: bytes) -> Script:
    def script(call: Call) -> Iterator[Step]:
        body = b'{"Data":{"number_customergauge":%d,"note":"%s"}}' % (call.answer.number or 12, source)
        yield message(200, body, content_type=_JSON)

    return script


def _encoded(encode: Callable[[bytes], bytes]) -> Script:
    def script(call: Call) -> Iterator[Step]:
        yield message(call.answer.status, encode(call.answer.body), content_type=call.answer.content_type)

    return script


def _echo(words: Callable[[Call], str]) -> Script:
    def script(call: Call) -> Iterator[Step]:
        error = {"Error": {"Message": f"Could not insert record: {words(call)}", "Code": 400003}}
        yield message(400, to_json(error), content_type=_JSON)

    return script


ROWS = (
    Behaviour("bom", GROUP, "The right answer behind a byte order mark.", _encoded(b"\xef\xbb\xbf".__add__), True),
    Behaviour(
        "utf-16", GROUP, "The right answer in UTF-16.", _encoded(lambda body: body.decode().encode("utf-16")), True
    ),
    *(
        Behaviour(name, GROUP, f"200 and a number, beside a note with {text}.", _note(source), True)
        for name, (text, source) in _NOTES.items()
    ),
    *(
        Behaviour(name, GROUP, f"400 with an error message that holds {text}.", _message(source))
        for name, (text, source) in _MESSAGES.items()
    ),
    Behaviour(
        "echo-key",
        GROUP,
        "400 with an error message that repeats the credential.",
        _echo(lambda call: call.request.header("authorization")),
    ),
    Behaviour(
        "echo-body",
        GROUP,
        "400 with an error message that repeats the whole body.",
        _echo(lambda call: call.request.body.decode("utf-8", "replace")),
    ),
)
