"""The calls of CustomerGauge's APIs that this project makes, of 4.1 all but one: one function per endpoint."""

from collections.abc import Sequence
from typing import NamedTuple

RESPONSE, WORKFLOW, REASONS = "transactions/response", "workflow", "reasons"
ANONYMISE = "/v6/system-admin/data-admin/contacts/anonymize"

Pairs = Sequence[tuple[str, str]]


class Call(NamedTuple):
    """A call before it is made: HTTP method, path, and the pairs of form or query.

    The path is one under /v4.1/ without its suffix; or, from the root, one of the newer API, which speaks JSON.
    """

    method: str
    path: str
    pairs: Pairs


def create(pairs: Pairs) -> Call:
    """Create one record (CustomerGauge, Transactions - POST Response, 5000722515). Not repeatable."""
    return Call("POST", RESPONSE, pairs)


def correct(cg_id: str, pairs: Pairs) -> Call:
    """Change the sent keys of the record `cg_id` (PUT Response, 5000722516). A changed score does not move the
    reasons."""
    return Call("PUT", RESPONSE, (("id", cg_id), *pairs))


def update_case(cg_id: str, *, status: str = "", comment: str = "", assigned_to: str = "") -> Call:
    """Set a case's status, comment or assignee (an e-mail address); empty ones are left out (POST Workflow,
    5000722474)."""
    given = (("status", status), ("comment", comment), ("assigned_to", assigned_to))
    return Call("POST", WORKFLOW, (("number_customergauge", cg_id), *((key, text) for key, text in given if text)))


def anonymise(email: str) -> Call:
    """Anonymise every record of whoever has this e-mail address (POST Anonymize Contact, 5000897828). Irreversible;
    done twice it does no more. It needs an OAuth2 token.

    By telephone it could be asked too, but the article calls that key `telephone` in one place and `phone` in another.
    """
    return Call("POST", ANONYMISE, (("email", email),))


def find(params: Pairs) -> Call:
    """Look records up, e.g. by `filter_cgportal_ref`, `days`, `date_range_from`, `limit` (GET Response)."""
    return Call("GET", RESPONSE, params)


def reasons(show_for: str = "") -> Call:
    """List the drivers with their codes (GET Reasons, 5000722471); harmless, so also the probe of a connection.

    show_for: "Promoter", "Detractor&Neutral", or empty for both.
    """
    return Call("GET", REASONS, (("show_for", show_for),) if show_for else ())
