"""Does the audit log still say what it said when it was sealed? Read from end to end, memory flat.

Seals and events are only ever added, so the log is read in pages without one long transaction beside a running portal.
"""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.conf import settings

from ..models import AuditSeal, Pruning
from . import grants, guards, merkle
from .agreement import check_deliveries
from .canonical import entries
from .contents import Contents
from .pruned import Gaps
from .report import Report
from .seal import MOST, RULES, digest, mac

PAGE = 1000


def verify(anchors: Mapping[int, bytes] | None = None, since: int = 1) -> Report:
    """Check everything there is from seal number `since` on.

    anchors: hashes of seals by number, from outside (`anchors.read`). The deliveries are compared with their events
    only if the whole log is checked. Raises DatabaseError if the database cannot be read.
    """
    return _Verification(dict(anchors or {}), since).run()


@dataclass(slots=True)
class _Hole:
    """Consecutive seals whose events were let go, as one pruning says, save some that stay.

    after: the last event before it; None if the check begins inside. sealed: how many events its seals cover.
    """

    pruning: Pruning
    after: int | None
    sealed: int = 0


class _Verification:
    def __init__(self, anchors: dict[int, bytes], since: int) -> None:
        self._anchors = {number: hashed for number, hashed in anchors.items() if number >= since}
        self._since = since
        self._report = Report()
        self._gaps = Gaps(self._report)
        self._contents = Contents(self._report, self._gaps)
        self._hole: _Hole | None = None
        # where the chain stands: the last seal's number, its hash, and the last event it covers
        self._number, self._hash, self._upto = since - 1, bytes(32), 0

    def run(self) -> Report:
        self._check_protection()
        if not self._find_start():
            return self._report
        for seal in self._seals():
            self._check_seal(seal)
        if self._hole:
            self._find_hole(self._hole.pruning, "reaches beyond the last seal.")
        self._check_what_was_published()
        self._check_tail()
        if self._since == 1:
            check_deliveries(self._report, self._gaps.let_go_before)
        self._contents.finish()
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
        pruning = self._gaps.facts_of(seal)
        if pruning and not self._hole:
            begins = pruning.first_id == seal.first_event
            if not begins and seal.number != self._since:
                self._find_hole(pruning, f"begins within seal {seal.number}.")
            self._hole = _Hole(pruning, self._upto if begins else None)
        if self._hole:
            self._check_hole(self._hole, seal)
            return
        root, count = self._read(self._upto, seal)
        where = f"covers events {seal.first_event} to {seal.last_event}: "
        if count < seal.count:
            self._find(seal, "events_missing", where + f"{seal.count} were sealed, {seal.count - count} are gone.")
        elif count > seal.count:
            self._find(seal, "events_added", where + f"{seal.count} were sealed, {count - seal.count} came in later.")
        elif root != bytes(seal.merkle_root):
            self._find(seal, "events_changed", where + "at least one of them is not as it was sealed.")

    def _check_hole(self, hole: _Hole, seal: AuditSeal) -> None:
        """At its end: what is left of the events is what its record says is left."""
        hole.sealed += seal.count
        if seal.last_event < hole.pruning.last_id:
            return
        self._hole = None
        if seal.last_event > hole.pruning.last_id:
            self._find_hole(hole.pruning, f"ends within seal {seal.number}.")
        elif hole.after is not None:
            root, left = self._read(hole.after, seal)
            if (left, root) != (hole.sealed - hole.pruning.count, bytes(hole.pruning.root)):
                self._find_hole(hole.pruning, "leaves other events behind than it says.")
            self._report.let_go += hole.pruning.count

    def _read(self, after: int, seal: AuditSeal) -> tuple[bytes, int]:
        """The Merkle root over the events from there to the end of the seal, and how many they are."""
        leaves: list[bytes] = []
        count = 0
        for page in entries(after, seal.last_event, content=True):
            count += len(page)
            self._contents.check(page)
            if count <= max(seal.count, MOST):  # more than that cannot fit, and must not fill the memory
                leaves += [merkle.leaf(entry.line) for entry in page]
        self._report.events += count
        return merkle.root(leaves), count

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
            self._contents.check(page)

    def _find(self, seal: AuditSeal, kind: str, sentence: str) -> None:
        self._report.find(kind, f"Seal {seal.number} {sentence}", seal=seal.number)

    def _find_hole(self, pruning: Pruning, sentence: str) -> None:
        self._report.find("pruning_wrong", f"The record of {pruning} {sentence}", event=pruning.pk)
