"""What a behaviour is made of: a script of steps, played on the connection after the request came in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum

from .api import Answer
from .http import Request


class End(Enum):
    """How a script leaves the connection; one that names no end leaves it open for the next request."""

    CLOSE = "closed in good order"
    RESET = "reset"
    HOLD = "read, but silent until the client gives up"
    IGNORE = "not even read until the client gives up"


class Point(StrEnum):
    """When a behaviour strikes."""

    PORT = "port"
    ACCEPT = "accept"
    BODY = "body"
    REQUEST = "request"


@dataclass(frozen=True)
class Call:
    """What a script may use: the request, its honest answer, an address on another host name, all rows there are."""

    request: Request
    answer: Answer
    elsewhere: str
    everything: Callable[[], list[dict[str, object]]]


#: Bytes to send, seconds to wait, or the end.
Step = bytes | float | End
Script = Callable[[Call], Iterator[Step]]


@dataclass(frozen=True)
class Behaviour:
    """One row of the table of behaviours.

    ``text`` says in one line what it does. ``stores``: whether the record is stored before the script plays.
    ``on``: the calls it is for, one of `SCOPES`.
    """

    name: str
    group: str
    text: str
    script: Script
    stores: bool = False
    point: Point = Point.REQUEST
    on: str = "any"


#: Which calls a choice is for: all of the API, those of one method, or those for an OAuth2 token.
SCOPES = {
    "any": "every API call",
    "POST": "POST",
    "PUT": "PUT",
    "GET": "GET",
    "token": "the OAuth2 token call",
}


def steps(*fixed: Step) -> Script:
    """A script that is the same whatever was asked."""
    return lambda _: iter(fixed)


def honest(call: Call) -> Iterator[Step]:
    """The documented answer."""
    yield call.answer.message()
