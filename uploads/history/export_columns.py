"""What an export says of each result: as a line of a spreadsheet for people, or as a document for programs."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from ..models import AttemptKind, ConfirmedBy, Contact, Role, State, SurveyField
from .export_rows import Result
from .filters import BANDS

#: What may be added to each result, by the name it is asked for.
EXTRAS = {"attempts": "Attempts to deliver it", "hashes": "Hashes of the audit log"}

#: What a cell can hold: a text, a whole number, a moment (shown in UTC, for sorting and reckoning), or nothing.
Cell = str | int | datetime | None

_BANDS = [name for score in range(11) for name, (first, last) in BANDS.items() if first <= score <= last]
_CONTACT: dict[str, str] = {each.value: each.label for each in Contact} | {"": "Not asked"}
_STATES: dict[str, str] = dict(State.choices)
_SOURCES: dict[str, str] = {"": ""} | dict(ConfirmedBy.choices)
_KINDS: dict[str, str] = dict(AttemptKind.choices)


def _number(uuid: UUID | None) -> str:
    return uuid.hex[:8] if uuid else ""


def _delivered_at(result: Result) -> datetime | None:
    return result.changed_at if result.state == State.DELIVERED else None


def _local(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


#: Every title holds a space, which no key of a customer field can: no two columns are called the same.
BEFORE: dict[str, Callable[[Result], Cell]] = {
    "Result number": lambda r: _number(r.uuid),
    "Entered at": lambda r: _local(r.created_at),
    "Entered at (UTC)": lambda r: r.created_at,
    "Agent name": lambda r: r.agent,
    "Score of 10": lambda r: r.score,
    "Score band": lambda r: _BANDS[r.score],
    "Survey comment": lambda r: r.comment,
    "Reason codes": lambda r: "; ".join([reason["code"] for reason in r.reasons]),
    "Reason labels": lambda r: "; ".join([reason["label"] for reason in r.reasons]),
    "Contact wished": lambda r: _CONTACT[r.contact],
    "Workflow status": lambda r: r.workflow_status,
    "Workflow status label": lambda r: r.workflow_status_label,
    "Invitation sent at": lambda r: _local(r.sent_at),
    "Invitation sent at (UTC)": lambda r: r.sent_at,
    "Survey completed at": lambda r: _local(r.completed_at),
    "Survey completed at (UTC)": lambda r: r.completed_at,
}
OTHERS = "Other fields"  # filled in under keys that have been renamed since
AFTER: dict[str, Callable[[Result], Cell]] = {
    "Delivery state": lambda r: _STATES[r.state],
    "Delivered at": lambda r: _local(_delivered_at(r)),
    "Delivered at (UTC)": _delivered_at,
    "CG number": lambda r: r.cg_id,
    "Confirmed by": lambda r: _SOURCES[r.confirmed_by],
    "Failed tries": lambda r: r.tries,
    "Corrects result": lambda r: _number(r.corrects),
    "Corrected by result": lambda r: _number(r.corrected_by),
}


def _attempt(told: dict[str, Any]) -> str:
    took = f"{told['seconds']:.2f} s" if told["seconds"] is not None else ""
    status = f"HTTP {told['status']}" if told["status"] else ""
    parts = (status, told["code"], told["outcome"], told["evidence"], took)
    return f"{_local(told['started_at'])} {_KINDS[told['kind']]}: {', '.join(filter(None, parts))}"


def _hash(told: dict[str, Any]) -> str:
    return f"{told['id']} {told['action']} {told['commitment']}"


_LINES: dict[str, Callable[[Result], Cell]] = {
    "attempts": lambda r: "\n".join(map(_attempt, r.attempts)),
    "hashes": lambda r: "\n".join(map(_hash, r.hashes)),
}


class Columns:
    """The columns of one export: ours, one per customer field (`keys`), and the `extras` that were asked for."""

    def __init__(self, keys: Sequence[str], extras: Collection[str] = ()) -> None:
        self.keys = keys
        self.extras = [name for name in EXTRAS if name in extras]
        self._before = list(BEFORE.values())
        self._after = [*AFTER.values(), *(_LINES[name] for name in self.extras)]

    @classmethod
    def of_the_account(cls, extras: Collection[str] = ()) -> Self:
        """With every customer field that the account has, also those that are switched off."""
        return cls(list(SurveyField.objects.filter(role=Role.CUSTOMER).values_list("key", flat=True)), extras)

    @property
    def titles(self) -> list[str]:
        """The first line of a spreadsheet."""
        return [*BEFORE, *self.keys, OTHERS, *AFTER, *(EXTRAS[name] for name in self.extras)]

    def cells(self, result: Result) -> list[Cell]:
        """One line of a spreadsheet."""
        values = {field["key"]: field["value"] for field in result.customer}
        cells = [cell(result) for cell in self._before]
        cells += [values.pop(key, None) for key in self.keys]
        cells.append("\n".join([f"{key}: {value}" for key, value in values.items()]))
        cells += [cell(result) for cell in self._after]
        return cells

    def document(self, result: Result) -> dict[str, Any]:
        """The result with all values as they are stored, moments in the portal's zone."""
        told: dict[str, Any] = {
            "number": _number(result.uuid),
            "uuid": str(result.uuid),
            "entered_at": result.created_at,
            "agent": result.agent,
            "score": result.score,
            "band": _BANDS[result.score],
            "comment": result.comment,
            "reasons": result.reasons,
            "contact": result.contact,
            "workflow_status": {"code": result.workflow_status, "label": result.workflow_status_label},
            "sent_at": result.sent_at,
            "completed_at": result.completed_at,
            "customer": {field["key"]: field["value"] for field in result.customer},
            "state": result.state,
            "delivered_at": _delivered_at(result),
            "cg_id": result.cg_id,
            "confirmed_by": result.confirmed_by,
            "failed_tries": result.tries,
            "corrects": result.corrects,
            "corrected_by": result.corrected_by,
        }
        return told | {name: getattr(result, name) for name in self.extras}
