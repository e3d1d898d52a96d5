"""How far a call came, step by step: what a person reads after testing the connection."""

from typing import NamedTuple

from .evidence import EVIDENCE
from .exchange import Exchange, Fault
from .listings import NotListed, rows


class Step(NamedTuple):
    """One step. passed: True, False, or None if the call did not get there.  words: what happened, or why not."""

    name: str
    passed: bool | None
    words: str


#: Step → the faults that end the call there.
_ENDS: dict[str, frozenset[Fault]] = {
    "Address": frozenset({Fault.BAD_URL, Fault.INSECURE_URL, Fault.BAD_CREDENTIAL, Fault.DNS}),
    "Sign-in": frozenset({Fault.TOKEN_REFUSED, Fault.TOKEN_UNAVAILABLE}),
    "Connection": frozenset({Fault.REFUSED, Fault.CONNECT_TIMEOUT, Fault.CONNECT_FAILED}),
    "Encryption": frozenset({Fault.TLS, Fault.CERTIFICATE}),
    "Reply": frozenset(Fault),
}
_PASSED = {
    "Address": "The name of the server is known.",
    "Sign-in": "There is a credential to show.",
    "Connection": "The server takes connections.",
    "Encryption": "The server proves who it is, and nobody else can read along.",
    "Reply": "A whole reply came back.",
    "Meaning": "CustomerGauge took the credential and answered as it should.",
}


def steps(exchange: Exchange) -> tuple[Step, ...]:
    """The steps of a call that reads, in order; after the first that failed the others were not reached."""
    shown: list[Step] = []
    for name, sentence in _PASSED.items():
        if shown and not shown[-1].passed:
            shown.append(Step(name, None, "Not reached."))
        elif fault := _failure(name, exchange):
            shown.append(Step(name, False, fault))
        elif name == "Encryption" and exchange.url.startswith("http:"):
            shown.append(Step(name, True, "Not encrypted: the server is on this machine."))
        else:
            shown.append(Step(name, True, sentence))
    return tuple(shown)


def _failure(name: str, exchange: Exchange) -> str:
    if name in _ENDS:
        return EVIDENCE[exchange.fault].sentence if exchange.fault in _ENDS[name] else ""
    try:
        rows(exchange)
    except NotListed as error:
        return " ".join(filter(None, (error.verdict.sentence, error.verdict.message)))
    return ""
