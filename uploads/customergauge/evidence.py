"""What a call can show, what that leads to, and how it is said to people: all of it as tables."""

from enum import StrEnum
from typing import NamedTuple

from .exchange import Fault


class Outcome(StrEnum):
    """What the sender may do next."""

    DELIVERED = "delivered"  # stored, with a record number; or taken, where none is given
    NOT_SENT = "not_sent"  # nothing was processed; try again with backoff
    WAIT = "wait"  # nothing was processed; the channel waits; no try is spent
    REFUSED_CHANNEL = "refused_channel"  # nothing would be accepted from us; pause; no try is spent
    REJECTED = "rejected"  # this content was refused and not stored
    UNKNOWN = "unknown"  # it may have been stored; never repeat it blindly


class Evidence(NamedTuple):
    """What a piece of evidence leads to, and what it is called in front of people."""

    outcome: Outcome
    sentence: str


EVIDENCE: dict[str, Evidence] = {
    "stored": Evidence(Outcome.DELIVERED, "CustomerGauge stored the record and gave it a number."),
    "taken": Evidence(
        Outcome.DELIVERED, "CustomerGauge took the request; its reply does not say which records it changed."
    ),
    # Nothing left this machine.
    Fault.DNS: Evidence(Outcome.NOT_SENT, "The name of the CustomerGauge server could not be resolved."),
    Fault.REFUSED: Evidence(Outcome.NOT_SENT, "The CustomerGauge server refused the connection."),
    Fault.CONNECT_TIMEOUT: Evidence(Outcome.NOT_SENT, "No connection to CustomerGauge came about in time."),
    Fault.CONNECT_FAILED: Evidence(
        Outcome.NOT_SENT, "The connection to CustomerGauge failed before the request was sent."
    ),
    Fault.WIRE_MARK_REFUSED: Evidence(Outcome.NOT_SENT, "The attempt could not be begun, so nothing was sent."),
    Fault.TOKEN_UNAVAILABLE: Evidence(Outcome.NOT_SENT, "CustomerGauge's sign-in service gave no usable token."),
    Fault.TOKEN_REFUSED: Evidence(
        Outcome.REFUSED_CHANNEL, "CustomerGauge's sign-in service refused the client id or secret."
    ),
    Fault.TLS: Evidence(Outcome.REFUSED_CHANNEL, "The server does not speak proper TLS; nothing was sent."),
    Fault.CERTIFICATE: Evidence(
        Outcome.REFUSED_CHANNEL, "The server's certificate is not valid; someone may be intercepting the connection."
    ),
    Fault.BAD_URL: Evidence(Outcome.REFUSED_CHANNEL, "The configured CustomerGauge address is not a valid one."),
    Fault.INSECURE_URL: Evidence(
        Outcome.REFUSED_CHANNEL, "The configured address is not https; survey results are not sent unencrypted."
    ),
    Fault.BAD_CREDENTIAL: Evidence(Outcome.REFUSED_CHANNEL, "The credential holds characters that cannot be sent."),
    # The request may have been received.
    Fault.DEADLINE: Evidence(Outcome.UNKNOWN, "The call did not end within its time limit."),
    Fault.READ_TIMEOUT: Evidence(Outcome.UNKNOWN, "CustomerGauge did not answer in time."),
    Fault.DISCONNECTED: Evidence(Outcome.UNKNOWN, "The connection was lost after sending had begun."),
    Fault.TRUNCATED: Evidence(Outcome.UNKNOWN, "The reply broke off before its end."),
    Fault.TOO_LONG: Evidence(Outcome.UNKNOWN, "The reply is longer than any reply of CustomerGauge."),
    Fault.ENCODED: Evidence(Outcome.UNKNOWN, "The reply is compressed, which was not asked for."),
    Fault.MALFORMED: Evidence(Outcome.UNKNOWN, "The reply is not proper HTTP."),
    Fault.INTERNAL: Evidence(Outcome.UNKNOWN, "An error in this program ended the call."),
    "contradiction": Evidence(Outcome.UNKNOWN, "The record of this call contradicts itself."),
    # A whole reply came back.
    "not_understood": Evidence(Outcome.UNKNOWN, "The reply is none that CustomerGauge is known to give."),
    "see_other": Evidence(Outcome.UNKNOWN, "CustomerGauge answered with a pointer to another page."),
    "conflict": Evidence(Outcome.UNKNOWN, "CustomerGauge reports a conflict; an earlier copy may already be stored."),
    "duplicate": Evidence(Outcome.UNKNOWN, "CustomerGauge reports a duplicate; an earlier copy may already be stored."),
    "request_timeout": Evidence(Outcome.UNKNOWN, "CustomerGauge gave up waiting for the request."),
    "server_error": Evidence(Outcome.UNKNOWN, "CustomerGauge reports an error on its side."),
    "asked_to_wait": Evidence(Outcome.WAIT, "CustomerGauge asks to wait before sending more."),
    "credential_refused": Evidence(Outcome.REFUSED_CHANNEL, "CustomerGauge refused the API key or token."),
    "forbidden": Evidence(Outcome.REFUSED_CHANNEL, "Access was forbidden, by CustomerGauge or a filter before it."),
    "proxy": Evidence(Outcome.REFUSED_CHANNEL, "A proxy on the way asks for a sign-in."),
    "redirect": Evidence(Outcome.REFUSED_CHANNEL, "The address redirects elsewhere; redirects are not followed."),
    "wrong_address": Evidence(Outcome.REFUSED_CHANNEL, "There is no CustomerGauge API at this address."),
    "fields_refused": Evidence(
        Outcome.REJECTED,
        "CustomerGauge does not take this record's field keys: the account's mapping lacks one of them.",
    ),
    "content_refused": Evidence(Outcome.REJECTED, "CustomerGauge refused the content of this record."),
    "blocked": Evidence(
        Outcome.REJECTED, "Access was forbidden for this record alone: a filter on the way dislikes something in it."
    ),
    "not_anonymised": Evidence(
        Outcome.REJECTED,
        "CustomerGauge does not do this for the portal: it knows nobody of this address any more, or the account’s"
        " Connected App may not anonymise.",
    ),
    "status_refused": Evidence(Outcome.REJECTED, "The request was refused without an explanation from CustomerGauge."),
}

# CustomerGauge, API 4.1 Error Codes (support article 5000722531). Its example and its table disagree on the code of an
# invalid key, hence both. Every other code means that the content was refused.
CODES: dict[int, str] = {
    2000: "credential_refused",
    200000: "credential_refused",
    300000: "fields_refused",  # more parameters than allowed
    300002: "wrong_address",  # no such module
    300003: "wrong_address",  # no such method
    400006: "fields_refused",  # no mapping for the completion date
    400008: "fields_refused",  # completion date given on a non-response upload
}

# Statuses that settle the matter whatever the body says.
STATUSES: dict[int, str] = {
    303: "see_other",
    401: "credential_refused",
    403: "forbidden",
    407: "proxy",
    409: "conflict",
}
# Statuses by which a server says that it has not processed the request: (evidence with, evidence without Retry-After).
NOT_NOW: dict[int, tuple[str, str]] = {
    408: ("asked_to_wait", "request_timeout"),
    425: ("asked_to_wait", "asked_to_wait"),
    429: ("asked_to_wait", "asked_to_wait"),
    503: ("asked_to_wait", "server_error"),
}
NO_SUCH_ADDRESS = frozenset({404, 405, 410, 501})
