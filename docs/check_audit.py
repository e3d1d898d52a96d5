#!/usr/bin/env python3
"""Check a file of evidence from the audit log of a cgportal, without the portal and without its database.

    python3 check_audit.py EVIDENCE PUBLISHED

EVIDENCE is what `manage.py export_evidence` wrote. PUBLISHED is a text that holds seals as they were published: a mail
with seals, a download, or the output of a worker. Needs Python 3.8 or newer and nothing else; docs/audit.md says what
is checked and why that suffices.

Exit status: 0 every event is as it was sealed, and the seals are the published ones; 1 something was changed;
2 the check cannot be made, for example because none of the published seals fits.
"""

# ruff: noqa: T201 - it speaks to the person who runs it

import base64
import hashlib
import json
import re
import sys

ANCHOR = re.compile(r"\bseal (\d{1,18}) to (\d{1,18}) count (\d{1,18}) hash ([0-9a-f]{64})\b")
SEALED = ("at", "code_version", "count", "first_event", "last_event", "merkle_root", "number", "previous")


class Changed(Exception):
    """Something is not as it was sealed."""


class Unclear(Exception):
    """The check cannot be made."""


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def main(arguments: list) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        evidence, published = read_evidence(arguments[0]), read_published(arguments[1])
        seals = check_seals(evidence["seals"], published)
        for event in evidence["events"]:
            check_event(event, seals)
    except Changed as error:
        print(f"CHANGED: {error}")
        return 1
    except Unclear as error:
        print(f"NOT CHECKED: {error}")
        return 2
    except (KeyError, TypeError, ValueError) as error:
        print(f"NOT CHECKED: {arguments[0]} is no complete file of evidence ({type(error).__name__}: {error}).")
        return 2
    print(f"All is as it was sealed, and as it was published. Events checked: {len(evidence['events'])}.")
    if evidence["events_not_sealed_yet"]:
        print(f"Newer events that are not sealed yet, and not in the file: {evidence['events_not_sealed_yet']}.")
    return 0


def read_evidence(path: str) -> dict:
    try:
        with open(path, encoding="utf-8") as file:
            evidence = json.load(file)
    except OSError as error:
        raise Unclear(f"{path} cannot be read ({error.strerror}).") from error
    if not isinstance(evidence, dict) or evidence.get("format") != "cgp-evidence-v1":
        raise Unclear(f"{path} is no file of evidence that this program knows.")
    if not evidence["events"]:
        raise Unclear("there is no sealed event in the file.")
    return evidence


def read_published(path: str) -> dict:
    """The published hashes by the number of their seals."""
    published = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for number, _, _, hashed in ANCHOR.findall(file.read()):
                if published.setdefault(int(number), hashed) != hashed:
                    raise Changed(f"two different seals {number} were published.")
    except OSError as error:
        raise Unclear(f"{path} cannot be read ({error.strerror}).") from error
    if not published:
        raise Unclear(f"{path} holds no published seal.")
    return published


def check_seals(seals: list, published: dict) -> dict:
    """The seals by number, each confirmed by its published hash or by a confirmed seal right after it."""
    confirmed = {}
    next_number, next_previous = None, None
    for seal in sorted(seals, key=lambda seal: seal["number"], reverse=True):
        number = seal["number"]
        text = json.dumps({name: seal[name] for name in SEALED}, sort_keys=True, separators=(",", ":"))
        hashed = sha256(seal["code_version"].encode() + b"\0" + text.encode()).hex()
        if seal["code_version"] != "cgp-seal-v1":
            raise Unclear(f"seal {number} follows rules that this program does not know.")
        if published.get(number, hashed) != hashed:
            raise Changed(f"seal {number} is not the one that was published.")
        if next_number == number + 1 and next_previous != hashed:
            raise Changed(f"seal {number + 1} does not build on seal {number}.")
        if number not in published and next_number != number + 1:
            raise Unclear(f"seal {number} is not among the published ones (export_evidence --chain adds later ones).")
        confirmed[number] = seal
        next_number, next_previous = number, seal["previous"]
    return confirmed


def check_event(proof: dict, seals: dict) -> None:
    line = proof["event"].encode("ascii")
    event, seal = json.loads(line), seals[proof["seal"]]
    name = f"event {event['id']}"
    if root_of(sha256(b"\0" + line), proof["index"], seal["count"], proof["path"]).hex() != seal["merkle_root"]:
        raise Changed(f"{name} is not as it was sealed in seal {proof['seal']}.")
    content = ""
    if "body" in proof:
        salt, body = bytes.fromhex(proof["salt"]), base64.b64decode(proof["body"], validate=True)
        if sha256(b"cgp-commit-v1\0" + len(body).to_bytes(8, "big") + salt + body).hex() != event["commitment"]:
            raise Changed(f"{name} was recorded with other content.")
        content = f", with content ({len(body)} bytes)"
    what = f"{event['action']} {event['outcome']}".rstrip()
    print(f"{name}: {event['at']} UTC, {event['actor_name']}, {what}{content}")


def root_of(hashed: bytes, index: int, size: int, path: list) -> bytes:
    """The root to which an audit path leads from a leaf (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        raise Changed(f"entry {index} of {size} does not exist.")
    last = size - 1
    for step in map(bytes.fromhex, path):
        if last == 0:
            raise Changed("a path is too long.")
        if index % 2 or index == last:
            hashed = sha256(b"\1" + step + hashed)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            hashed = sha256(b"\1" + hashed + step)
        index, last = index // 2, last // 2
    if last:
        raise Changed("a path is too short.")
    return hashed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
