"""What became of asking CustomerGauge to anonymise somebody, and what a manager can do where it stands still."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from ..models import NEEDS_PERSON, Anonymisation, Attempt, Cause, State
from ..models.wakeup import wake
from ..roles import ERASE, required
from .wording import evidence_sentence

#: So many that need a person are shown at a time.
SHOWN = 20
MEANS = {State.QUEUED: "It waits to be sent.", State.SENDING: "A worker is sending it now."}
OVERTAKEN = "Somebody was faster, or there is no such decision. Nothing was changed."


@dataclass(frozen=True, slots=True)
class Decision:
    """What a manager can do about a request that stands still."""

    name: str
    label: str
    move: Callable[[Anonymisation, Cause], bool]
    evidence: str
    meaning: str
    done: str


DECISIONS = (
    Decision(
        "again", "Send again", Anonymisation.send_again, "by_person_again",
        "CustomerGauge is asked once more. Whoever is anonymised already stays so.", "It waits to be sent again.",
    ),
    Decision(
        "done", "It was done", Anonymisation.vouch, "by_person_anonymised",
        "You have seen that the person is anonymised in CustomerGauge. Nothing is sent, and the portal forgets the"
        " address.", "It counts as done.",
    ),
    Decision(
        "drop", "Drop", Anonymisation.cancel, "by_person_dropped",
        "CustomerGauge is not asked any more, and the portal forgets the address: it cannot be sent again.",
        "It is dropped.",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """A request in words. calls: one sentence each, oldest first. decisions: what is open to a manager."""

    row: Anonymisation
    sentence: str
    calls: Sequence[tuple[Attempt, str]]
    decisions: Sequence[Decision]


def of_certificate(number: int) -> list[Told]:
    """The requests that were made with the erasure of this certificate."""
    return _tell(Anonymisation.objects.filter(certificate=number).order_by("pk"))


def troubles() -> dict[str, Any]:
    """The oldest requests that need a person, and how many there are: context for the page of what needs one."""
    waiting = Anonymisation.objects.need_person()
    return {"anonymise_troubles": _tell(waiting[:SHOWN]), "anonymise_troubles_count": waiting.count()}


@require_POST
@required(ERASE)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """A manager decides about a request that stands still; if it is no longer as they saw it, nothing changes.

    Of a person who was erased no more is written down: no reason is asked for.
    """
    row = get_object_or_404(Anonymisation.objects.select_related("submission"), pk=pk)
    chosen = next((one for one in DECISIONS if one.name == request.POST.get("decision")), None)
    with transaction.atomic():
        if chosen and _is_open(row, request) and chosen.move(row, Cause(request.user, chosen.evidence)):
            wake()
            messages.success(request, chosen.done)
        else:
            messages.warning(request, OVERTAKEN)
    return redirect("erase_certificate", row.certificate)


def _is_open(row: Anonymisation, request: HttpRequest) -> bool:
    return row.state in NEEDS_PERSON and request.POST.get("version") == str(row.version)


def _tell(rows: Iterable[Anonymisation]) -> list[Told]:
    rows = list(rows)
    calls: dict[int | None, list[Attempt]] = {row.pk: [] for row in rows}
    for attempt in Attempt.objects.filter(anonymisation__in=rows).order_by("started_at"):
        calls[attempt.anonymisation_id].append(attempt)
    return [
        Told(
            row,
            f"{evidence_sentence(row.evidence)} {MEANS.get(State(row.state), '')}".strip(),
            [(attempt, evidence_sentence(attempt.evidence) or "It has not ended.") for attempt in calls[row.pk]],
            DECISIONS if row.state in NEEDS_PERSON else (),
        )
        for row in rows
    ]
