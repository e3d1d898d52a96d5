"""What a verification of the audit log found: as words for people, as data for machines, as an exit status."""

from dataclasses import dataclass, field
from typing import Any

#: Kept word for word; the rest is counted, so that a log that was rewritten as a whole still fits into memory.
KEPT = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One sign of tampering: its kind, a sentence, and where it is, if that can be said."""

    kind: str
    sentence: str
    seal: int | None = None
    event: int | None = None


@dataclass(slots=True)
class Report:
    """seals, events: how many were checked. unsealed: events after the last seal; since when the oldest of them (UTC).
    let_go: events under seals that are gone because their time was over, as the signed record says.

    findings: signs of tampering, the first KEPT of `found`. obstacles: why a part could not be checked.
    notes: what an auditor should know, and what is no fault of the log.
    """

    seals: int = 0
    events: int = 0
    let_go: int = 0
    unsealed: int = 0
    unsealed_since: str = ""
    deliveries: int = 0
    found: int = 0
    findings: list[Finding] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def find(self, kind: str, sentence: str, *, seal: int | None = None, event: int | None = None) -> None:
        """Note a sign of tampering."""
        self.found += 1
        if len(self.findings) < KEPT:
            self.findings.append(Finding(kind, sentence, seal, event))

    @property
    def result(self) -> str:
        """ok, tampering, or cannot_check: what was found counts for more than what could not be looked at."""
        return "tampering" if self.found else "cannot_check" if self.obstacles else "ok"

    @property
    def status(self) -> int:
        """The exit status: 0 ok, 1 tampering, 2 cannot check."""
        return {"ok": 0, "tampering": 1, "cannot_check": 2}[self.result]

    def as_data(self) -> dict[str, Any]:
        """For --json."""
        counts = {
            name: getattr(self, name)
            for name in ("seals", "events", "let_go", "unsealed", "unsealed_since", "deliveries")
        }
        findings = [{"kind": f.kind, "sentence": f.sentence, "seal": f.seal, "event": f.event} for f in self.findings]
        lists = {"findings": findings, "obstacles": self.obstacles, "notes": self.notes}
        return {"result": self.result, **counts, "found": self.found, **lists}

    def as_text(self) -> str:
        """For people: what is wrong first, then what was looked at."""
        rows = [f"TAMPERING: {finding.sentence}" for finding in self.findings]
        if self.found > len(self.findings):
            rows.append(f"TAMPERING: and {self.found - len(self.findings):,} more.")
        rows += [f"NOT CHECKED: {obstacle}" for obstacle in self.obstacles]
        rows += [f"Note: {note}" for note in self.notes]
        rows.append(f"Checked: seals {self.seals:,}, events under them {self.events:,}, results {self.deliveries:,}.")
        if self.let_go:
            rows.append(f"Let go when their time was over, on the signed record: events {self.let_go:,}.")
        tail = f", the oldest from {self.unsealed_since} UTC" if self.unsealed else ""
        rows.append(f"Not sealed yet: events {self.unsealed:,}{tail}.")
        if self.result == "ok":
            rows.append("Nothing was changed since it was sealed.")
        return "\n".join(rows)
