"""The CustomerGauge client: from one survey result to a verdict on what became of it.

    build(fields, values, zone)  one result as ordered (key, value) pairs        payload
      → create(pairs)            the call, one function per endpoint             calls
      → Client.send(call)        makes it, with the caller's wire mark           client, credentials
                                 through one guarded connection                  transport, connection
      → Exchange                 all that is known of it, as plain values        exchange
      → judge(exchange)          the Verdict and its Outcome                     replies, evidence, documents
      → rows(exchange)           for calls that read: the records                listings
      → steps(exchange)          how far it came, for people                     steps

It knows no database and no retry plan: what to do with an outcome is the caller's business. It uses `requests` for
the calls and imports nothing else of this project.
"""

from .calls import ANONYMISE, REASONS, RESPONSE, WORKFLOW, Call, anonymise, correct, create, find, reasons, update_case
from .client import Client, Request, base_url_fault
from .connection import Timeouts
from .credentials import ApiKey, ClientCredentials, Credentials, TokenRefused, TokenUnavailable
from .evidence import EVIDENCE, Evidence, Outcome
from .exchange import Exchange, Fault
from .listings import NotListed, Row, rows
from .payload import Field, Pairs, Value, build, encode
from .replies import Verdict, judge, server_time
from .steps import Step, steps
from .transport import url_fault

__all__ = [
    "ANONYMISE",
    "EVIDENCE",
    "REASONS",
    "RESPONSE",
    "WORKFLOW",
    "ApiKey",
    "Call",
    "Client",
    "ClientCredentials",
    "Credentials",
    "Evidence",
    "Exchange",
    "Fault",
    "Field",
    "NotListed",
    "Outcome",
    "Pairs",
    "Request",
    "Row",
    "Step",
    "Timeouts",
    "TokenRefused",
    "TokenUnavailable",
    "Value",
    "Verdict",
    "anonymise",
    "base_url_fault",
    "build",
    "correct",
    "create",
    "encode",
    "find",
    "judge",
    "reasons",
    "rows",
    "server_time",
    "steps",
    "update_case",
    "url_fault",
]
