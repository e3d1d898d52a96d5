"""The tables, in the order in which they may import one another.

lookups → submission → audit → states → outgoing → delivery → cases, outage, bulk → channel. Steps of the data flow
meet here and nowhere else.
"""

from . import patterns
from .alerts import Alert
from .append_only import AppendOnlyError
from .audit import Action, AuditEvent, AuditPayload, Body, request_id
from .bulk import Bulk
from .calls import Call, CallOutcome
from .cases import CaseDelivery, CaseUpdate
from .channel import SILENT_AFTER, Channel, Worker
from .customers import CustomerKey
from .delivery import Attempt, AttemptKind, Delivery, ReadBack
from .drafts import Draft
from .erasure import Erasure
from .lookups import Kind, Lookup, ReasonCode, Role, Side, SurveyField, WorkflowStatus
from .outage import Outage
from .outgoing import LEASE, Outgoing
from .script import CallScript
from .seals import AuditSeal
from .states import FINAL, LOOKUPS, NEEDS_PERSON, OPEN, TRANSITIONS, Cause, ConfirmedBy, Lane, State
from .submission import PAYLOAD_VERSION, Contact, CustomerValue, ReasonChosen, Submission
from .writes import SomebodyWasFirst, together

#: Everything that goes out, in the order in which it is looked for.
OUTBOXES: tuple[type[Delivery] | type[CaseDelivery], ...] = (Delivery, CaseDelivery)

__all__ = [
    "FINAL",
    "LEASE",
    "LOOKUPS",
    "NEEDS_PERSON",
    "OPEN",
    "OUTBOXES",
    "PAYLOAD_VERSION",
    "SILENT_AFTER",
    "TRANSITIONS",
    "Action",
    "Alert",
    "AppendOnlyError",
    "Attempt",
    "AttemptKind",
    "AuditEvent",
    "AuditPayload",
    "AuditSeal",
    "Body",
    "Bulk",
    "Call",
    "CallOutcome",
    "CallScript",
    "CaseDelivery",
    "CaseUpdate",
    "Cause",
    "Channel",
    "ConfirmedBy",
    "Contact",
    "CustomerKey",
    "CustomerValue",
    "Delivery",
    "Draft",
    "Erasure",
    "Kind",
    "Lane",
    "Lookup",
    "Outage",
    "Outgoing",
    "ReadBack",
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
