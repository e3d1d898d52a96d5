"""One claimed delivery on its way through a sending thread, and the call that thread makes."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal

from django.conf import settings

from ..customergauge import RESPONSE, ApiKey, Client, ClientCredentials, Credentials, Exchange
from ..models import Attempt, AttemptKind, Body, Delivery

#: How long a sending thread waits for its wire mark to be committed; after that nothing is sent.
MARK_WITHIN = 10.0  # seconds


@dataclass(slots=True)
class Job:
    """A claim in this worker's hands: the row as it was claimed, and its attempts, one per call."""

    delivery: Delivery
    attempts: list[Attempt]
    on_wire: bool = False

    @property
    def is_lookup(self) -> bool:
        """Whether the call asks for the record instead of sending it."""
        return self.attempts[0].kind == AttemptKind.LOOKUP

    @property
    def query(self) -> list[tuple[str, str]]:
        """What a look-up asks for: the reference, which says nothing about a person."""
        submission = self.delivery.submission
        return [(f"filter_{submission.reference_key}", submission.reference)]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The request body as frozen at entry."""
        return [(key, value) for key, value in self.delivery.submission.payload]


@dataclass(frozen=True, slots=True)
class Mark:
    """A sending thread asks that its wire mark be committed and waits for the answer."""

    job: Job
    committed: Future[None] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Done:
    """A call is over: everything that is known of it, oldest exchange first."""

    job: Job
    exchanges: tuple[Exchange, ...]


def make_client() -> Client:
    """The client of the account that the settings name."""
    credentials: Credentials
    if settings.CUSTOMERGAUGE_API_KEY:
        credentials = ApiKey(settings.CUSTOMERGAUGE_API_KEY)
    else:
        credentials = ClientCredentials(
            settings.CUSTOMERGAUGE_TOKEN_URL,
            settings.CUSTOMERGAUGE_CLIENT_ID,
            settings.CUSTOMERGAUGE_CLIENT_SECRET,
        )
    format_: Literal["json", "xml"] = settings.CUSTOMERGAUGE_FORMAT
    return Client(settings.CUSTOMERGAUGE_URL, credentials, format=format_)


def request_of(client: Client, delivery: Delivery) -> Body:
    """What is about to be sent, for the audit log: method, address, headers (credential masked) and body."""
    request = client.describe("POST", RESPONSE, [tuple(pair) for pair in delivery.submission.payload])
    return {
        "method": request.method,
        "url": request.url,
        "headers": [list(header) for header in request.headers],
        "body": request.body.decode("ascii"),
    }


def send(client: Client, job: Job, tell: Callable[[Mark | Done], None]) -> None:
    """Runs in a sending thread and never touches the database: makes the call, asks for its mark, tells the end."""

    def on_wire() -> None:
        mark = Mark(job)
        tell(mark)
        mark.committed.result(timeout=MARK_WITHIN)

    if job.is_lookup:
        tell(Done(job, client.find_responses(job.query)))
    else:
        tell(Done(job, client.post_response(job.pairs, on_wire=on_wire)))
