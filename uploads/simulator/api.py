"""The REST API, version 4.1 and one call of version 6: who may call, which call it is, and the honest answer to it."""

import json
import secrets
import threading
import time
from dataclasses import dataclass
from functools import cached_property

from .account import Account
from .errors import ApiError
from .formats import FORMATS, Document
from .http import Request, message
from .lookup import find
from .reasons import reasons

PREFIX = "/v4.1/"
ANONYMISE_PATH = "/v6/system-admin/data-admin/contacts/anonymize"
TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path, no secret


@dataclass(frozen=True)
class Answer:
    """What the API answers: ``number`` is the record it stored or changed, if it did."""

    status: int
    document: Document
    suffix: str = "json"
    number: int | None = None

    @cached_property
    def body(self) -> bytes:
        """The document in its format."""
        return FORMATS[self.suffix][1](self.document)

    @property
    def content_type(self) -> str:
        """The media type of `body`."""
        return FORMATS[self.suffix][0]

    def message(self) -> bytes:
        """The whole reply."""
        return message(self.status, self.body, content_type=self.content_type)


class Tokens:
    """OAuth2 access tokens by client credentials (support article 5000846993); any client is welcome."""

    def __init__(self, life: int) -> None:
        self._life = life
        self._ends: dict[str, float] = {}
        self._lock = threading.Lock()

    def issue(self, request: Request) -> Answer:
        """The answer of the token endpoint. Its error bodies are those of RFC 6749, as CustomerGauge shows none."""
        if request.method != "POST":
            return Answer(405, {"error": "invalid_request"})
        form = dict(request.form)
        if form.get("grant_type") != "client_credentials":
            return Answer(400, {"error": "unsupported_grant_type"})
        if not (form.get("client_id") and form.get("client_secret")):
            return Answer(401, {"error": "invalid_client"})
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._ends[token] = time.monotonic() + self._life
        return Answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": self._life})

    def accepts(self, token: str) -> bool:
        """Whether ``token`` was issued here and has not run out."""
        return self._ends.get(token, 0.0) > time.monotonic()

    def clear(self) -> None:
        """Revoke all tokens."""
        with self._lock:
            self._ends.clear()


class Api:
    """Answers requests from one account. ``api_key`` None accepts any key that is not empty."""

    def __init__(self, account: Account, tokens: Tokens, api_key: str | None, formats: frozenset[str]) -> None:
        self.account = account
        self.tokens = tokens
        self._api_key = api_key
        self._formats = formats

    def answer(self, request: Request, *, keep: bool) -> Answer:
        """The documented answer; with ``keep`` false the same, but nothing is stored."""
        if request.path == TOKEN_PATH:
            return self.tokens.issue(request)
        if request.path == ANONYMISE_PATH:
            return self._anonymise(request, keep=keep)
        module, _, suffix = request.path.removeprefix(PREFIX).partition(".")
        suffix = suffix or "json"
        try:
            if not request.path.startswith(PREFIX) or suffix not in self._formats:
                raise ApiError(300002)
            self._authorise(request.header("authorization"))
            document, number = self._call(request, module, keep=keep)
        except ApiError as error:
            return Answer(error.status, error.document, suffix if suffix in FORMATS else "json")
        return Answer(200, {"Data": document}, suffix, number if keep else None)

    def _anonymise(self, request: Request, *, keep: bool) -> Answer:
        """POST Anonymize Contact (support article 5000897828): JSON, a token only. The article's replies were not to be
        had; these are the simulator's own, in the manner of the other calls."""
        scheme, _, secret = request.header("authorization").partition(" ")
        if scheme.lower() != "bearer" or not self.tokens.accepts(secret):
            return Answer(401, {"message": "Unauthenticated."})
        if request.method != "POST":
            return Answer(405, {"message": "The method is not allowed."})
        try:
            given = json.loads(request.body)
        except ValueError:
            given = None
        email = given.get("email") if isinstance(given, dict) and len(given) == 1 else None
        if not isinstance(email, str) or "@" not in email:
            return Answer(422, {"message": "Give one of email and telephone.", "errors": {"email": ["required"]}})
        return Answer(200, {"Data": {"anonymized": self.account.anonymise(email, keep=keep)}})

    def _authorise(self, credential: str) -> None:
        scheme, _, secret = credential.partition(" ")
        if scheme == "api_key":
            valid = secret == self._api_key if self._api_key is not None else bool(secret)
        else:
            valid = scheme.lower() == "bearer" and self.tokens.accepts(secret)
        if not valid:
            raise ApiError(200000)

    def _call(self, request: Request, module: str, *, keep: bool) -> tuple[Document, int | None]:
        account, query = self.account, request.query
        match module, request.method:
            case "transactions/response", "POST":
                number = account.create(_form(request), keep=keep)
                return {"number_customergauge": number}, number
            case "transactions/response", "PUT":
                number = account.update(_form(request), keep=keep)
                return {"id": number}, number
            case "workflow", "POST":
                number = account.set_workflow(_form(request), keep=keep)
                return {"number_customergauge": number}, number
            case (("transactions/response" | "transactions"), "GET"):
                general = module == "transactions"
                return find(account.rows(), query, account.mapping, general=general), None
            case "reasons", "GET":
                return _reasons(dict(query)), None
            case (("transactions/response" | "transactions" | "workflow" | "reasons"), _):
                raise ApiError(300003)
        raise ApiError(300002)


def _form(request: Request) -> tuple[tuple[str, str], ...]:
    if request.body and not request.form:
        raise ApiError(300001, "Invalid arguments: the body must be form data")
    return request.form


def _reasons(query: dict[str, str]) -> Document:
    show_for = query.pop("show_for", "")
    if query:
        raise ApiError(300000)
    rows = reasons(show_for)
    if not rows:
        raise ApiError(300001, "Invalid arguments: show_for must be Promoter or Detractor&Neutral")
    return rows
