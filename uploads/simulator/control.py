"""The simulator's own routes: its page, what it holds as JSON, and the forms that steer it."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.resources import files
from typing import Protocol

from .account import Record
from .behaviours import named
from .choices import Choice
from .http import Request, message
from .ledger import Arrival
from .page import SHUT_OUT_SECONDS, render
from .script import Point

_STYLE = files(__package__).joinpath("page.css").read_bytes()
_HEADERS = (
    "Cache-Control: no-store",
    "Content-Security-Policy: default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: same-origin",
)


class Steered(Protocol):
    """What the page needs of a simulator."""

    latency: float

    @property
    def url(self) -> str: ...
    @property
    def arrivals(self) -> list[Arrival]: ...
    @property
    def records(self) -> dict[int, Record]: ...
    @property
    def choices(self) -> list[Choice]: ...
    def behave(
        self, name: str, count: int | None = None, *, seconds: float | None = None, on: str | None = None
    ) -> None: ...
    def behave_well(self) -> None: ...
    def reset(self) -> None: ...


class Control:
    """Answers the requests that are for the simulator itself. They are no arrivals and never misbehave."""

    def __init__(self, simulator: Steered) -> None:
        self._simulator = simulator
        self._routes: Mapping[tuple[str, str], Callable[[Request], bytes]] = {
            ("GET", "/"): self._page,
            ("GET", "/simulator/page.css"): lambda _: _reply(200, _STYLE, "text/css; charset=utf-8"),
            ("GET", "/simulator/ledger.json"): self._ledger,
            ("GET", "/simulator/records.json"): self._records,
            ("POST", "/simulator/behaviour"): self._behave,
            ("POST", "/simulator/well"): self._well,
            ("POST", "/simulator/latency"): self._latency,
            ("POST", "/simulator/reset"): self._reset,
        }

    def answer(self, request: Request) -> bytes:
        """The whole reply, whatever the request."""
        route = self._routes.get((request.method, request.path))
        if route is None:
            known = any(path == request.path for _, path in self._routes)
            return _reply(405 if known else 404, b"The simulator has no such page.\n", "text/plain; charset=utf-8")
        if request.method == "POST" and _foreign(request):
            return _reply(403, b"A page of another site may not steer the simulator.\n", "text/plain; charset=utf-8")
        try:
            return route(request)
        except ValueError as error:
            return self._page(request, 422, str(error))

    def _page(self, _: Request, status: int = 200, problem: str = "") -> bytes:
        simulator = self._simulator
        html = render(
            simulator.url, simulator.latency, simulator.choices, simulator.arrivals, simulator.records, problem
        )
        return _reply(status, html.encode("utf-8", "replace"), "text/html; charset=utf-8")

    def _behave(self, request: Request) -> bytes:
        form = dict(request.form)
        name, after = form.get("name", ""), form.get("after", "")
        if after:
            if after not in ("stored", "unstored"):
                raise ValueError("“after” is stored, unstored or left out.")
            name = f"{name}-{after}"
        count, seconds = _number(form, "count"), _number(form, "seconds")
        if seconds is None and not _leaves_page_reachable(name):
            seconds = SHUT_OUT_SECONDS
        self._simulator.behave(name, None if count is None else int(count), seconds=seconds, on=form.get("on") or None)
        return _SEE_PAGE

    def _well(self, _: Request) -> bytes:
        self._simulator.behave_well()
        return _SEE_PAGE

    def _latency(self, request: Request) -> bytes:
        self._simulator.latency = _number(dict(request.form), "latency") or 0.0
        return _SEE_PAGE

    def _reset(self, _: Request) -> bytes:
        self._simulator.reset()
        return _SEE_PAGE

    def _ledger(self, request: Request) -> bytes:
        """All arrivals, or those with a number above ``?after=``."""
        after = _number(dict(request.query), "after") or 0
        return _json({"arrivals": [_arrival(each) for each in self._simulator.arrivals if each.number > after]})

    def _records(self, _: Request) -> bytes:
        return _json({"records": [asdict(record) for record in self._simulator.records.values()]})


def _leaves_page_reachable(name: str) -> bool:
    return named(name).point not in (Point.PORT, Point.ACCEPT)


def _arrival(arrival: Arrival) -> dict[str, object]:
    """An arrival for JSON: bytes as text, and the body in base64 too since not every body is text."""
    return asdict(arrival) | {
        "body": arrival.body.decode("utf-8", "replace"),
        "body_base64": base64.b64encode(arrival.body).decode(),
        "reply": arrival.reply.decode("utf-8", "replace"),
    }


def _number(form: Mapping[str, str], key: str) -> float | None:
    text = form.get(key, "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 86_400 or (key == "count" and number != int(number)):
        raise ValueError(f"“{text}” does not do for {key}: give a {'whole ' * (key == 'count')}number up to 86400.")
    return number


def _foreign(request: Request) -> bool:
    origin = request.header("origin")
    return bool(origin) and origin.partition("://")[2] != request.header("host")


def _json(document: object) -> bytes:
    return _reply(200, json.dumps(document, default=str).encode(), "application/json; charset=utf-8")


def _reply(status: int, body: bytes, content_type: str) -> bytes:
    return message(status, body, *_HEADERS, content_type=content_type)


_SEE_PAGE = message(303, b"", "Location: /", *_HEADERS)
