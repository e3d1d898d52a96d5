"""The tables, in the order in which they may import one another.

lookups → submission → audit → delivery → channel. Steps of the data flow meet here and nowhere else.
"""

from . import patterns
from .append_only import AppendOnlyError
from .audit import Action, AuditEvent, AuditPayload, Body, request_id
from .channel import SILENT_AFTER, Channel, Worker
from .delivery import (
    FINAL,
    NEEDS_PERSON,
    TRANSITIONS,
    Attempt,
    AttemptKind,
    Cause,
    ConfirmedBy,
    Delivery,
    Priority,
    State,
)
from .lookups import Kind, Lookup, ReasonCode, Role, Side, SurveyField, WorkflowStatus
from .submission import Contact, CustomerValue, ReasonChosen, Submission
from .writes import SomebodyWasFirst, together

__all__ = [
    "FINAL",
    "NEEDS_PERSON",
    "SILENT_AFTER",
    "TRANSITIONS",
    "Action",
    "AppendOnlyError",
    "Attempt",
    "AttemptKind",
    "AuditEvent",
    "AuditPayload",
    "Body",
    "Cause",
    "Channel",
    "ConfirmedBy",
    "Contact",
    "CustomerValue",
    "Delivery",
    "Kind",
    "Lookup",
    "Priority",
    "ReasonChosen",
    "ReasonCode",
    "Role",
    "Side",
    "SomebodyWasFirst",
    "State",
    "Submission",
    "SurveyField",
    "Worker",
    "WorkflowStatus",
    "patterns",
    "request_id",
    "together",
]
