"""Is every content there with which an event was recorded, and if not, does the record say why it is gone?"""

import json
from typing import Any

from ..models import Action, Erasure
from ..models.audit import commitment
from ..models.erasure import ErasureReason
from .canonical import Entry
from .pruned import Gaps
from .report import Report


class Contents:
    """Looks at the contents of all events, page by page; `finish` says what only the whole can tell."""

    def __init__(self, report: Report, gaps: Gaps) -> None:
        self._report = report
        self._gaps = gaps
        self._erased: dict[str, bool] = {}
        self._gone_erased = self._gone_exchanges = 0

    def check(self, page: list[Entry]) -> None:
        """Each content fits the commitment of its event."""
        for entry in page:
            if entry.salt is None or entry.body is None:
                if entry.commitment and not self._is_excused(entry):
                    self._find(entry, "content_missing", "has lost its content.")
            elif commitment(entry.salt, entry.body).hex() != entry.commitment:
                self._find(entry, "content_changed", "has other content than it was recorded with.")

    def finish(self) -> None:
        """No more is gone than the record stands for; and what is gone is named."""
        if self._gone_exchanges > self._gaps.exchanges:
            more = self._gone_exchanges - self._gaps.exchanges
            sentence = f"{more:,} requests and replies more are gone than the record says were let go."
            self._report.find("content_missing", sentence)
        elif self._gone_exchanges:
            sentence = f"{self._gone_exchanges:,} requests and replies were let go when their time was over."
            self._report.notes.append(f"{sentence} The record of that is signed.")
        if self._gone_erased:
            self._report.notes.append(
                f"{self._gone_erased:,} contents of {sum(self._erased.values()):,} results are gone because these were"
                " erased, as the log says. Compare the erasures with the register of requests."
            )

    def _is_excused(self, entry: Entry) -> bool:
        try:
            told = json.loads(entry.line)
        except ValueError:  # somebody has put a text where a number belongs
            return False
        if self._is_erased(told):
            self._gone_erased += 1
            return True
        exchange = bool(told["attempt_id"]) and self._gaps.covers_exchange(entry.id)
        self._gone_exchanges += exchange
        return exchange

    def _is_erased(self, told: dict[str, Any]) -> bool:
        """Whether it is about a submission that was erased, on the record."""
        number = told["object_id"]
        if told["object_type"] != "submission" or not number.isdecimal():
            return False
        if number not in self._erased:
            found = Erasure.objects.filter(submission_id=int(number)).select_related("event").first()
            self._erased[number] = found is not None and self._holds(found)
        return self._erased[number]

    def _holds(self, erasure: Erasure) -> bool:
        event = erasure.event
        if erasure.reason == ErasureReason.RETENTION and event.pk in self._gaps.contents:
            return True
        about = (event.object_type, event.object_id)
        return event.action == Action.ERASED and about == ("submission", str(erasure.submission_id))

    def _find(self, entry: Entry, kind: str, sentence: str) -> None:
        self._report.find(kind, f"Event {entry.id} {sentence}", event=entry.id)
