"""OAuth2 token answers that cannot be used as they are. Other behaviours can be chosen for the token call as well."""

from collections.abc import Callable, Iterator

from ..api import Answer
from ..script import Behaviour, Call, Script, Step
from .statuses import page

GROUP = "OAuth2 tokens"
Fields = dict[str, object]


def _changed(change: Callable[[Fields], Fields]) -> Script:
    """The honest token, changed; an honest refusal stays as it is."""

    def script(call: Call) -> Iterator[Step]:
        answer, document = call.answer, call.answer.document
        if answer.status == 200 and isinstance(document, dict):
            answer = Answer(200, change(document))
        yield answer.message()

    return script


def _expiry(value: object) -> Script:
    return _changed(lambda token: token | {"expires_in": value})


def _without(key: str) -> Script:
    return _changed(lambda token: {name: value for name, value in token.items() if name != key})


def _refused(call: Call) -> Iterator[Step]:
    yield Answer(401, {"error": "invalid_client"}, call.answer.suffix).message()


def _html(_: Call) -> Iterator[Step]:
    yield page(200)


ROWS = tuple(
    Behaviour(name, GROUP, text, script, on="token")
    for name, text, script in (
        ("token-refused", "401, the client is not known.", _refused),
        ("token-html", "200 with an HTML page.", _html),
        ("token-no-token", "An answer without a token.", _without("access_token")),
        ("token-null", "A token that is null.", _changed(lambda token: token | {"access_token": None})),
        (
            "token-newline",
            "A token with a line end in it.",
            _changed(lambda token: token | {"access_token": "a\r\nX: b"}),
        ),
        ("token-no-expiry", "A token that does not say how long it lives.", _without("expires_in")),
        ("token-zero", "A token that lives 0 seconds.", _expiry(0)),
        ("token-negative", "A token that lives -1 seconds.", _expiry(-1)),
        ("token-huge", "A token that lives 10^12 seconds.", _expiry(10**12)),
        ("token-text-expiry", "A token that lives “an hour”.", _expiry("an hour")),
    )
)
