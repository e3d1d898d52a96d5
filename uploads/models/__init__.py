"""The tables, in the order in which they may import one another.

lookups → submission → audit → states → outgoing → delivery → cases, anonymise, outage, bulk → channel. Steps of the
data flow meet here and nowhere else.
"""

from . import patterns
from .alerts import Alert
from .anonymise import Anonymisation
from .append_only import AppendOnlyError
from .audit import Action, AuditEvent, AuditPayload, Body, request_id
from .batch_rows import BatchRow
from .batches import Batch, ColumnMapping
from .bulk import Bulk
from .calls import Call, CallOutcome
from .cases import CaseDelivery, CaseUpdate
from .channel import Channel
from .customers import CustomerKey
from .delivery import Attempt, AttemptKind, Delivery, ReadBack
from .drafts import Draft
from .erasure import Erasure
from .exports import ExportFile
from .list_imports import ListImport
from .lookups import Kind, Lookup, ReasonCode, Role, Side, SurveyField, WorkflowStatus
from .outage import Outage
from .outgoing import LEASE, Outgoing
from .questions import Question, Remark
from .retention import Kept, Pruning, RetentionRun
from .script import CallScript
from .seals import AuditSeal
from .states import FINAL, LOOKUPS, NEEDS_PERSON, OPEN, TRANSITIONS, Cause, ConfirmedBy, Lane, State
from .submission import PAYLOAD_VERSION, Contact, CustomerValue, ReasonChosen, Submission
from .thresholds import Thresholds
from .totals import DayTotal, ReasonTotal, TotalsKept
from .views import SavedView
from .workers import SILENT_AFTER, Worker
from .writes import SomebodyWasFirst, together

#: Everything that goes out, in the order in which it is looked for.
OUTBOXES: tuple[type[Delivery] | type[CaseDelivery] | type[Anonymisation], ...] = (
    Delivery, CaseDelivery, Anonymisation,
)  # fmt: skip
#: One message of any outbox.
OutboxRow = Delivery | CaseDelivery | Anonymisation

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
    "Anonymisation",
    "AppendOnlyError",
    "Attempt",
    "AttemptKind",
    "AuditEvent",
    "AuditPayload",
    "AuditSeal",
    "Batch",
    "BatchRow",
    "Body",
    "Bulk",
    "Call",
    "CallOutcome",
    "CallScript",
    "CaseDelivery",
    "CaseUpdate",
    "Cause",
    "Channel",
    "ColumnMapping",
    "ConfirmedBy",
    "Contact",
    "CustomerKey",
    "CustomerValue",
    "DayTotal",
    "Delivery",
    "Draft",
    "Erasure",
    "ExportFile",
    "Kept",
    "Kind",
    "Lane",
    "ListImport",
    "Lookup",
    "Outage",
    "OutboxRow",
    "Outgoing",
    "Pruning",
    "Question",
    "ReadBack",
    "ReasonChosen",
    "ReasonCode",
    "ReasonTotal",
    "Remark",
    "RetentionRun",
    "Role",
    "SavedView",
    "Side",
    "SomebodyWasFirst",
    "State",
    "Submission",
    "SurveyField",
    "Thresholds",
    "TotalsKept",
    "Worker",
    "WorkflowStatus",
    "patterns",
    "request_id",
    "together",
]
