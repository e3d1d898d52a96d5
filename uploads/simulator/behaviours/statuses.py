"""HTTP statuses: with an API error, as a page of some proxy in between, with Retry-After, as a redirect."""

from collections.abc import Callable, Iterator
from email.utils import formatdate
from time import time

from ..errors import ApiError
from ..formats import to_json
from ..http import message, phrase
from ..script import Behaviour, Call, Script, Step, steps

STATUS = "HTTP statuses"
WAIT = "Asked to wait"
REDIRECT = "Redirects"

#: Statuses the API gives with an error object, and which.
_API = {400: 400003, 401: 200000, 404: 300002, 405: 300003, 409: 400003, 422: 400003}
_PROXY = (403, 407, 408, 410, 413, 415, 425, 429, 500, 501, 502, 503, 504, 520)

_RETRY_AFTER: dict[str, tuple[str, Callable[[], str]]] = {
    "1": ("1 second", lambda: "1"),
    "120": ("120 seconds", lambda: "120"),
    "date": ("a date one minute ahead", lambda: formatdate(time() + 60, usegmt=True)),
    "past": ("a date one hour ago", lambda: formatdate(time() - 3600, usegmt=True)),
    "zero": ("0", lambda: "0"),
    "negative": ("-5", lambda: "-5"),
    "huge": ("1e9 seconds, in digits", lambda: "1000000000"),
    "exponent": ("the text 1e9", lambda: "1e9"),
    "garbage": ("“soon”", lambda: "soon"),
}

_REDIRECTS = {
    301: "Moved for good",
    302: "Found elsewhere",
    303: "See elsewhere, by GET",
    307: "Moved for now, same method",
    308: "Moved for good, same method",
}


def page(status: int, *headers: str) -> bytes:
    """A reply as a proxy or firewall in front of the API gives it."""
    title = f"{status} {phrase(status)}"
    body = f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return message(status, body.encode(), *headers, content_type="text/html; charset=utf-8")


def api_error(status: int, error: ApiError, *headers: str) -> bytes:
    """A reply with the API's error object."""
    return message(status, to_json(error.document), *headers, content_type="application/json; charset=utf-8")


def _waiting(status: int, value: Callable[[], str]) -> Script:
    def script(_: Call) -> Iterator[Step]:
        yield page(status, f"Retry-After: {value()}")

    return script


def _redirect(status: int) -> Script:
    def script(call: Call) -> Iterator[Step]:
        yield page(status, f"Location: {call.elsewhere}")

    return script


def _rows() -> Iterator[Behaviour]:
    for status in sorted((*_API, *_PROXY)):
        name = phrase(status)
        if status in _API:
            code = _API[status]
            yield Behaviour(str(status), STATUS, f"{name}, API error {code}.", steps(api_error(status, ApiError(code))))
            yield Behaviour(f"{status}-html", STATUS, f"{name}, as an HTML page.", steps(page(status)))
        else:
            yield Behaviour(str(status), STATUS, f"{name}, as an HTML page.", steps(page(status)))
    for status in (408, 425, 429, 500, 503):
        for name, (words, value) in _RETRY_AFTER.items():
            if status in (429, 503) or name == "1":
                text = f"{phrase(status)}, Retry-After: {words}."
                yield Behaviour(f"{status}-retry-after-{name}", WAIT, text, _waiting(status, value))
    for status, words in _REDIRECTS.items():
        yield Behaviour(str(status), REDIRECT, f"{words}; Location is another host name.", _redirect(status))


ROWS = tuple(_rows())
