"""The list of what has been erased, without anything about persons: for erasing it again from a restored backup."""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.utils import timezone

from ..models import Action, AuditEvent, AuditPayload, Call, Erasure, Submission
from ..models.erasure import ErasureReason
from .erasable import BESIDE
from .erase import empty, erase

KINDS = ("result", "call")
#: So many in one certificate.
BATCH = 500
#: For so long after an erasure something may still come in about what was erased.
LATE = timedelta(days=7)
LINE = re.compile(r"(result|call) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


class NotAList(ValueError):
    """The file holds something else."""


class Named(NamedTuple):
    """One erased row: `result` or `call`, and its number."""

    kind: str
    uuid: UUID


class Done(NamedTuple):
    """How many of a list were erased again, had been erased already, and are not in this database."""

    erased: int
    already: int
    absent: int


def known() -> list[Named]:
    """What this database knows to be erased, oldest first."""
    results = Erasure.objects.order_by("at", "pk").values_list("submission__uuid", flat=True)
    events = AuditEvent.objects.filter(object_type="call", action=Action.CALL_ERASED).values_list(
        "object_id", flat=True
    )
    calls = Call.objects.filter(pk__in=[int(number) for number in events]).order_by("pk").values_list("uuid", flat=True)
    return [*(Named("result", number) for number in results), *(Named("call", number) for number in calls)]


def lines() -> Iterator[str]:
    """The list as text: `result UUID` or `call UUID`, each with a line break."""
    for named in known():
        yield f"{named.kind} {named.uuid}\n"


def write(path: Path) -> int:
    """Write the list into a file, whole or not at all; gives the number of its lines. Raises OSError."""
    told = list(lines())
    beside = path.with_name(path.name + ".new")
    beside.write_text("".join(told), encoding="ascii")
    os.replace(beside, path)
    return len(told)


def read(path: Path) -> list[Named]:
    """A list that `write` has written. Raises OSError, NotAList."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        match = LINE.fullmatch(line.strip())
        if match:
            found.append(Named(match[1], UUID(match[2])))
        elif line.strip():
            raise NotAList(f"Line {number} is not “result” or “call” and a number. Nothing was erased.")
    return found


def reapply(wanted: list[Named], actor: str) -> Done:
    """Erase all of a list, or nothing. What is erased already loses what came in since. Raises InHand."""
    erased, present = 0, 0
    with transaction.atomic():
        for start in range(0, len(wanted), BATCH):
            numbers = {kind: [one.uuid for one in wanted[start : start + BATCH] if one.kind == kind] for kind in KINDS}
            results = list(Submission.objects.filter(uuid__in=numbers["result"]))
            calls = list(Call.objects.filter(uuid__in=numbers["call"]))
            present += len(results) + len(calls)
            new = _new(results, calls)
            erase(actor, ErasureReason.REAPPLIED, results, calls)
            erased += new - _new(results, calls)
    return Done(erased, present - erased, len(wanted) - present)


def complete() -> int:
    """Give up what somebody wrote late about what had been erased by then; gives how many results that concerns.

    Only about what people had erased lately: a writer is late by minutes. `reapply` looks at everything.
    """
    lately = Erasure.objects.filter(at__gt=timezone.now() - LATE).exclude(reason=ErasureReason.RETENTION)
    numbers = [str(number) for number in lately.values_list("submission_id", flat=True)]
    late: set[int] = set()
    for start in range(0, len(numbers), BATCH):
        held = AuditPayload.objects.filter(
            event__object_type="submission", event__object_id__in=numbers[start : start + BATCH]
        )
        late |= {int(number) for number in held.values_list("event__object_id", flat=True)}
    for name, reference in BESIDE:
        rows = apps.get_model("uploads", name)._default_manager.filter(**{f"{reference}__erasure__isnull": False})
        late |= set(rows.values_list(reference, flat=True))
    for version in Submission.objects.filter(pk__in=late):
        with transaction.atomic():
            empty(version)
    return len(late)


def _new(results: list[Submission], calls: list[Call]) -> int:
    """How many of them still hold something."""
    full = Call.objects.filter(pk__in=[call.pk for call in calls]).exclude(customer=[], note="")
    return len(results) - len(Erasure.objects.among(results)) + full.count()
