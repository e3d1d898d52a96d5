"""The account behind the API: its records, and what may be done with them."""

import secrets
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from .errors import ApiError
from .http import Pairs
from .mapping import Mapping
from .validation import check_new, check_values, fields_of

#: What an anonymisation stars out, and what it leaves of a comment (support article 5000722526).
PERSONAL = ("FirstName", "LastName", "CustomerNumber", "SMS_Telephone")
NO_COMMENT = "This comment has been anonymised based on customer request"


@dataclass(frozen=True)
class Change:
    """One thing that happened to a record: "created", "updated", "workflow" or "anonymised", with the pairs that were
    sent, or that it left."""

    at: datetime
    what: str
    pairs: Pairs


@dataclass(frozen=True)
class Record:
    """One stored response; ``pairs`` are its present keys and values, ``history`` how they came about."""

    number: int
    pairs: Pairs
    history: tuple[Change, ...]

    @property
    def fields(self) -> dict[str, str]:
        """The pairs as a dictionary."""
        return dict(self.pairs)

    @property
    def row(self) -> dict[str, object]:
        """The record as a lookup returns it. Field names are account configuration; here they are the posted keys."""
        created = self.history[0].at.strftime("%Y-%m-%d %H:%M:%S")
        return {"number_customergauge": str(self.number), **self.fields, "date_creation": created}


class Account:
    """Records by number. As in the documentation nothing is de-duplicated: a repeated POST is a second record.

    Every method checks first; with ``keep`` false it answers as if it had stored and stores nothing.
    """

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self._records: dict[int, Record] = {}
        self._last = 0
        self._lock = threading.Lock()

    @property
    def records(self) -> dict[int, Record]:
        """A copy of the records as they stand, by number, oldest first."""
        with self._lock:
            return dict(self._records)

    def rows(self) -> list[dict[str, object]]:
        """All records as lookups return them."""
        return [record.row for record in self.records.values()]

    def create(self, pairs: Pairs, *, keep: bool) -> int:
        """Store a response and return its number; raises ApiError."""
        check_new(fields_of(pairs, self.mapping.keys), self.mapping)
        with self._lock:
            number = self._last + 1
            if keep:
                self._last = number
                self._records[number] = Record(number, pairs, (Change(datetime.now(UTC), "created", pairs),))
        return number

    def update(self, pairs: Pairs, *, keep: bool) -> int:
        """Change the sent keys of one response and return its number; raises ApiError.

        A new score leaves the drivers as they are (support article 5000722516).
        """
        fields = fields_of(pairs, self.mapping.keys | {"id"})
        text = fields.pop("id", "")
        if not text:
            raise ApiError(400010)
        if not (text.isascii() and text.isdigit()):
            raise ApiError(400004)
        if fields.get(self.mapping.email) == "":
            raise ApiError(400003, "Field email is required but seems to be empty.")
        check_values(fields, self.mapping)
        return self._change(text, "updated", tuple(fields.items()), ApiError(400005), keep=keep)

    def set_workflow(self, pairs: Pairs, *, keep: bool) -> int:
        """Set status, comment or assignee of a response's case (support article 5000722474); raises ApiError."""
        fields = fields_of(pairs, frozenset({"number_customergauge", "status", "comment", "assigned_to"}))
        text = fields.pop("number_customergauge", "")
        if not text:
            raise ApiError(300004, "Field number_customergauge is required but seems to be empty.")
        if fields.get("status") and fields["status"] not in self.mapping.statuses:
            raise ApiError(400011)
        if fields.get("assigned_to") and "@" not in fields["assigned_to"]:
            raise ApiError(300001, "Invalid arguments: assigned_to must be the e-mail address of a user")
        return self._change(text, "workflow", tuple(fields.items()), ApiError(400200), keep=keep)

    def anonymise(self, email: str, *, keep: bool) -> int:
        """Blank the person in every record with this e-mail address (support article 5000722526); gives how many."""
        with self._lock:
            found = [one for one in self._records.values() if one.fields.get(self.mapping.email, "") == email]
            for record in found if keep else ():
                pairs = ((self.mapping.email, f"{secrets.token_hex(8)}@anonymised.invalid"), *self._starred(record))
                change = Change(datetime.now(UTC), "anonymised", pairs)
                fields = record.fields | dict(pairs)
                history = (*record.history, change)
                self._records[record.number] = replace(record, pairs=tuple(fields.items()), history=history)
        return len(found)

    def _starred(self, record: Record) -> Pairs:
        stars = ((key, "***") for key in PERSONAL if key in record.fields)
        comment = ((self.mapping.comment, NO_COMMENT),) if self.mapping.comment in record.fields else ()
        return (*stars, *comment)

    def clear(self) -> None:
        """Forget all records. Numbers go on from where they were, so that none is ever given twice."""
        with self._lock:
            self._records.clear()

    def _change(self, text: str, what: str, pairs: Pairs, missing: ApiError, *, keep: bool) -> int:
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
        with self._lock:
            record = self._records.get(number)
            if record is None:
                raise missing
            if keep:
                self._records[number] = self._changed(record, Change(datetime.now(UTC), what, pairs))
        return number

    def _changed(self, record: Record, change: Change) -> Record:
        fields = record.fields
        if change.what == "updated":
            fields |= dict(change.pairs)
        elif status := dict(change.pairs).get("status"):
            fields[self.mapping.workflow] = status
        return replace(record, pairs=tuple(fields.items()), history=(*record.history, change))
