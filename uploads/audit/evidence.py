"""The events of one result with proofs that seals cover them: a file that outsiders check without this portal.

docs/check_audit.py checks it, with Python's standard library alone. A proof says that an event is as it was sealed,
and not that no other event exists.
"""

from base64 import b64encode
from typing import Any

from ..models import AuditEvent, AuditSeal, Submission
from . import merkle
from .canonical import Entry, entries
from .seal import statement

FORMAT = "cgp-evidence-v1"


def evidence(submission: Submission, *, content: bool = False, chain: bool = False) -> dict[str, Any]:
    """Plain data for a JSON file.

    content: with what was entered, sent and answered (personal data), each with the salt that opens its commitment.
    chain: with every later seal, so that any seal published since will do for checking, not only that of the event.
    """
    wanted = set(AuditEvent.objects.about(submission).values_list("id", flat=True))
    seals = AuditSeal.objects.filter(last_event__gte=min(wanted, default=0)).order_by("number")
    shown, proven, unproven = [], [], 0
    for seal in seals.iterator(chunk_size=1000):
        covered = {number for number in wanted if number <= seal.last_event}
        if covered:
            proofs = _proofs(seal, covered, content)
            proven += proofs
            unproven += len(covered) - len(proofs)
            wanted -= covered
        elif not chain:
            if not wanted:
                break
            continue
        shown.append(statement(seal) | {"hash": bytes(seal.hash).hex()})
    return {
        "format": FORMAT,
        "about": str(submission),
        "events": proven,
        "seals": shown,
        "events_not_sealed_yet": len(wanted),
        "events_without_proof": unproven,
    }


def _proofs(seal: AuditSeal, wanted: set[int], content: bool) -> list[dict[str, Any]]:
    found: list[tuple[int, Entry]] = []
    leaves: list[bytes] = []
    for page in entries(seal.first_event - 1, seal.last_event, content=content):
        found += [(len(leaves) + place, entry) for place, entry in enumerate(page) if entry.id in wanted]
        leaves += [merkle.leaf(entry.line) for entry in page]
    if len(leaves) != seal.count:  # of what was let go nothing is left to hash a path from
        return []
    return [
        {
            "seal": seal.number,
            "index": index,
            "path": [step.hex() for step in merkle.path(leaves, index)],
            "event": entry.line.decode("ascii"),
            **_content(entry),
        }
        for index, entry in found
    ]


def _content(entry: Entry) -> dict[str, str]:
    if entry.salt is None or entry.body is None:
        return {}
    return {"salt": entry.salt.hex(), "body": b64encode(entry.body).decode()}
