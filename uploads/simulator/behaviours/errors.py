"""API errors: every documented code, and the odd shapes the documentation prints."""

from ..errors import ERRORS, ApiError
from ..http import message
from ..script import Behaviour, steps
from .statuses import api_error

GROUP = "API errors"

#: Name: (what is odd, status, body). The shapes are those of the printed examples and near relatives.
_ODD: dict[str, tuple[str, int, bytes]] = {
    "error-2000": (
        "Invalid key with the code as one example prints it: 2000.",
        401,
        b'{"Error":{"Message":"Invalid API Key","Code":2000}}',
    ),
    "error-unknown": ("A code nobody listed.", 400, b'{"Error":{"Message":"Something new","Code":499999}}'),
    "error-text-code": ("The code as text.", 400, b'{"Error":{"Message":"Could not insert record","Code":"400003"}}'),
    "error-no-message": ("A code without a message.", 400, b'{"Error":{"Code":400003}}'),
    "error-no-code": ("A message without a code.", 400, b'{"Error":{"Message":"Could not insert record"}}'),
    "error-duplicate": ("Duplicate Record.", 400, b'{"Error":{"Message":"Duplicate Record","Code":400003}}'),
    "error-broken": ("An example that is no JSON.", 400, b'{"Error":{"No data provided","Code":400700}}'),
    "error-two-messages": (
        "Two messages and a missing comma.",
        400,
        b'{"Error":{"Message":"First" "Message":"Second","Code":400701}}',
    ),
    "200-error": (
        "200 OK with an error object.",
        200,
        b'{"Error":{"Message":"Could not insert record","Code":400003}}',
    ),
    "200-error-key": (
        "200 OK with an invalid key error.",
        200,
        b'{"Error":{"Message":"Invalid API Key","Code":200000}}',
    ),
    "200-error-unwrapped": (
        "200 OK with an error that has no wrapper.",
        200,
        b'{"Message":"Could not insert record","Code":400003}',
    ),
    "400-unwrapped": (
        "400 with an error that has no wrapper.",
        400,
        b'{"Message":"Could not insert record","Code":400003}',
    ),
    "400-empty": ("400 without a body.", 400, b""),
}


def _documented(code: int) -> Behaviour:
    error = ApiError(code)
    return Behaviour(f"error-{code}", GROUP, f"{ERRORS[code][1]}.", steps(api_error(error.status, error)))


ROWS = (
    *map(_documented, ERRORS),
    *(
        Behaviour(name, GROUP, text, steps(message(status, body, content_type="application/json")))
        for name, (text, status, body) in _ODD.items()
    ),
)
