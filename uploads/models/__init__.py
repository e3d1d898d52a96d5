"""The tables, in the order in which they may import one another.

lookups → submission → audit → states → outgoing → delivery → cases, outage, bulk → channel. Steps of the data flow
meet here and nowhere else.
"""

from . import patterns
from .alerts import Alert
from .append_only import AppendOnlyError
from .audit import Action, AuditEvent, AuditPayload, Body, request_id
from .bulk import Bulk
from .cases import CaseDelivery, CaseUpdate
from .channel import SILENT_AFTER, Channel, Worker
from .delivery import Attempt, AttemptKind, Delivery, ReadBack
from .lookups import Kind, Lookup, ReasonCode, Role, Side, SurveyField, WorkflowStatus
from .outage import Outage
from .outgoing import LEASE, Outgoing
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
    "CaseDelivery",
    "CaseUpdate",
    "Cause",
    "Channel",
    "ConfirmedBy",
    "Contact",
    "CustomerValue",
    "Delivery",
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
