"""Does the audit log still say what it said when it was sealed? Read from end to end, memory flat.

Seals and events are only ever added, so the log is read in pages without one long transaction beside a running portal.
"""

import hmac
import json
from collections.abc import Iterator, Mapping

from django.conf import settings
from django.db.models import CharField, OuterRef, Subquery
from django.db.models.functions import Cast

from ..models import Action, AuditEvent, AuditSeal, Delivery, Erasure, State
from ..models.audit import commitment
from . import grants, guards, merkle
from .canonical import Entry, entries
from .report import Report
from .seal import RULES, digest, mac

PAGE = 1000
DELIVERY_ACTIONS = [f"{Delivery.AREA}.{state}" for state in State]


def verify(anchors: Mapping[int, bytes] | None = None, since: int = 1) -> Report:
    """Check everything there is from seal number `since` on.

    anchors: hashes of seals by number, from outside (`anchors.read`). The deliveries are compared with their events
    only if the whole log is checked. Raises DatabaseError if the database cannot be read.
    """
    return _Verification(dict(anchors or {}), since).run()


class _Verification:
    def __init__(self, anchors: dict[int, bytes], since: int) -> None:
        self._anchors = {number: hashed for number, hashed in anchors.items() if number >= since}
        self._since = since
        self._report = Report()
        self._erased: dict[str, bool] = {}
        self._excused = 0
        # where the chain stands: the last seal's number, its hash, and the last event it covers
        self._number, self._hash, self._upto = since - 1, bytes(32), 0

    def run(self) -> Report:
        self._check_protection()
        if not self._find_start():
            return self._report
        for seal in self._seals():
            self._check_seal(seal)
        self._check_what_was_published()
        self._check_tail()
        if self._since == 1:
            self._check_deliveries()
        if self._excused:
            self._report.notes.append(
                f"{self._excused:,} contents of {sum(self._erased.values()):,} results are gone because these were"
                " erased, as the log says. Compare the erasures with the register of requests."
            )
        return self._report

    def _check_protection(self) -> None:
        for name in guards.missing():
            self._report.find("guard_missing", f"The guard {name} is missing or was changed: anything can be written.")
        if tables := grants.excess():
            self._report.notes.append(
                f"This role could change {', '.join(tables)} itself. docs/audit.md has the two roles that prevent it."
            )
        if not settings.AUDIT_SEAL_KEY:
            self._report.obstacles.append("AUDIT_SEAL_KEY is not set: who made the seals cannot be checked.")

    def _find_start(self) -> bool:
        if self._since == 1:
            return True
        before = AuditSeal.objects.filter(number=self._since - 1).first()
        if before is None:
            self._report.obstacles.append(f"There is no seal {self._since - 1} to start from: check the whole log.")
            return False
        self._check_maker(before, digest(before))
        self._hash, self._upto = bytes(before.hash), before.last_event
        return True

    def _seals(self) -> Iterator[AuditSeal]:
        found = AuditSeal.objects.order_by("number")
        page = list(found.filter(number__gte=self._since)[:PAGE])
        while page:
            yield from page
            page = list(found.filter(number__gt=page[-1].number)[:PAGE])

    # -- one seal ------------------------------------------------------------------------------------------

    def _check_seal(self, seal: AuditSeal) -> None:
        self._report.seals += 1
        if seal.code_version != RULES:
            self._report.obstacles.append(f"Seal {seal.number} follows rules unknown here ({seal.code_version}).")
        hashed = digest(seal)
        self._check_place(seal)
        self._check_maker(seal, hashed)
        published = self._anchors.pop(seal.number, None)
        if published is not None and published != hashed:
            self._find(seal, "anchor_differs", "is not the one that was published: the log was rewritten.")
        self._check_range(seal)
        self._number, self._hash, self._upto = seal.number, bytes(seal.hash), max(self._upto, seal.last_event)

    def _check_place(self, seal: AuditSeal) -> None:
        if seal.number != self._number + 1:
            self._find(seal, "seal_missing", f"follows seal {self._number}: what was between them is gone.")
        elif bytes(seal.previous) != self._hash:
            self._find(seal, "chain_broken", "does not build on the seal before it.")
        if not self._upto < seal.first_event <= seal.last_event:
            self._find(seal, "range_wrong", "covers events that come before those of the seal before it.")

    def _check_maker(self, seal: AuditSeal, hashed: bytes) -> None:
        if bytes(seal.hash) != hashed:
            self._find(seal, "seal_changed", "was changed: its hash does not fit what it says.")
        if settings.AUDIT_SEAL_KEY and not hmac.compare_digest(bytes(seal.mac), mac(bytes(seal.hash))):
            self._find(seal, "mac_wrong", "was not made with this AUDIT_SEAL_KEY.")

    def _check_range(self, seal: AuditSeal) -> None:
        """Every event between the last seal and this one's end belongs to this one; one more or less is tampering."""
        leaves: list[bytes] = []
        count = 0
        for page in entries(self._upto, seal.last_event, content=True):
            count += len(page)
            self._check_contents(page)
            if count <= seal.count:  # more than that cannot fit, and must not fill the memory
                leaves += [merkle.leaf(entry.line) for entry in page]
        self._report.events += count
        where = f"covers events {seal.first_event} to {seal.last_event}: "
        if count < seal.count:
            self._find(seal, "events_missing", where + f"{seal.count} were sealed, {seal.count - count} are gone.")
        elif count > seal.count:
            self._find(seal, "events_added", where + f"{seal.count} were sealed, {count - seal.count} came in later.")
        elif merkle.root(leaves) != bytes(seal.merkle_root):
            self._find(seal, "events_changed", where + "at least one of them is not as it was sealed.")

    def _check_contents(self, page: list[Entry]) -> None:
        for entry in page:
            if entry.salt is None or entry.body is None:
                if entry.commitment and not self._is_excused(entry):
                    self._find_event(entry.id, "content_missing", "has lost its content.")
            elif commitment(entry.salt, entry.body).hex() != entry.commitment:
                self._find_event(entry.id, "content_changed", "has other content than it was recorded with.")

    def _is_excused(self, entry: Entry) -> bool:
        """Whether the content is gone because the submission that the event is about was erased, on the record."""
        try:
            told = json.loads(entry.line)
        except ValueError:  # somebody has put a text where a number belongs
            return False
        number = told["object_id"]
        if told["object_type"] != "submission" or not number.isdecimal():
            return False
        if number not in self._erased:
            said = Erasure.objects.filter(submission_id=int(number), event__action=Action.ERASED)
            self._erased[number] = said.filter(event__object_type="submission", event__object_id=number).exists()
        self._excused += self._erased[number]
        return self._erased[number]

    # -- what no seal covers -------------------------------------------------------------------------------

    def _check_what_was_published(self) -> None:
        if self._report.seals == 0 and self._since == 1 and not self._anchors:
            self._report.obstacles.append("Nothing is sealed.")
        for number in sorted(self._anchors):
            sentence = f"Seal {number} was published and is not there: the end of the log was cut off."
            self._report.find("seal_cut", sentence, seal=number)

    def _check_tail(self) -> None:
        for page in entries(self._upto, content=True):
            self._report.unsealed_since = self._report.unsealed_since or page[0].at
            self._report.unsealed += len(page)
            self._check_contents(page)

    def _check_deliveries(self) -> None:
        """The last transition that was recorded for a result is the one to the state it is in."""
        of_this_one = AuditEvent.objects.filter(
            object_type="submission", object_id=Cast(OuterRef("pk"), CharField()), action__in=DELIVERY_ACTIONS
        )
        rows = Delivery.objects.annotate(last=Subquery(of_this_one.order_by("-id").values("action")[:1])).order_by("pk")
        page = list(rows.values_list("pk", "state", "last")[:PAGE])
        while page:
            self._report.deliveries += len(page)
            for number, state, last in page:
                recorded = last.partition(".")[2] if last else State.QUEUED  # a new one waits; that has no event
                if recorded != state:
                    sentence = f"Result {number} is {state}, but what was recorded last is {recorded}."
                    self._report.find("delivery_differs", sentence)
            page = list(rows.filter(pk__gt=page[-1][0]).values_list("pk", "state", "last")[:PAGE])

    def _find(self, seal: AuditSeal, kind: str, sentence: str) -> None:
        self._report.find(kind, f"Seal {seal.number} {sentence}", seal=seal.number)

    def _find_event(self, number: int, kind: str, sentence: str) -> None:
        self._report.find(kind, f"Event {number} {sentence}", event=number)
