"""Which gaps of the log its own signed record explains: what was let go when its time was over, and nothing else."""

from bisect import bisect_right
from datetime import datetime
from hmac import compare_digest

from django.conf import settings
from django.db.models import Count

from ..models import Action, AuditSeal, Erasure, Kept, Pruning
from .prune import signature
from .report import Report


class Gaps:
    """What the prunings that hold say is gone. Those that do not hold excuse nothing, and are findings."""

    def __init__(self, report: Report) -> None:
        self._ranges: list[tuple[int, int]] = []
        self._facts: list[Pruning] = []
        self.contents: set[int] = set()
        self.exchanges = 0
        for pruning in (
            Pruning.objects.select_related("event").order_by("first_id", "last_id").iterator(chunk_size=1000)
        ):
            if problem := _problem(pruning):
                report.find("pruning_wrong", f"The record of {pruning} {problem}", event=pruning.pk)
            else:
                self._take(pruning)
        self._check_counts(report)

    def _take(self, pruning: Pruning) -> None:
        if pruning.kind == Kept.FACTS:
            self._facts.append(pruning)
        elif pruning.kind == Kept.CONTENTS:
            self.contents.add(pruning.pk)
        else:
            self.exchanges += pruning.count
            if self._ranges and pruning.first_id <= self._ranges[-1][1]:
                first, last = self._ranges.pop()
                self._ranges.append((first, max(last, pruning.last_id)))
            else:
                self._ranges.append((pruning.first_id, pruning.last_id))

    def _check_counts(self, report: Report) -> None:
        """A pruning of contents has emptied as many results as it says: each has its row."""
        emptied = Erasure.objects.filter(event__in=self.contents).values_list("event").annotate(Count("pk"))
        counted = dict(emptied.order_by())
        for pruning in Pruning.objects.filter(pk__in=self.contents):
            if counted.get(pruning.pk, 0) != pruning.count:
                sentence = f"The record of {pruning} stands for {counted.get(pruning.pk, 0)} results."
                report.find("pruning_wrong", sentence, event=pruning.pk)

    def covers_exchange(self, event: int) -> bool:
        """Whether the content of a call's event may be gone."""
        place = bisect_right(self._ranges, (event, 2**63)) - 1
        return place >= 0 and self._ranges[place][0] <= event <= self._ranges[place][1]

    def facts_of(self, seal: AuditSeal) -> Pruning | None:
        """The pruning that has let go of events of this seal, if there is one."""
        place = bisect_right(self._facts, seal.first_event, key=lambda pruning: pruning.first_id) - 1
        return self._facts[place] if place >= 0 and seal.first_event <= self._facts[place].last_id else None

    @property
    def let_go_before(self) -> datetime | None:
        """When the last seal was made whose events were let go."""
        last = max((pruning.last_id for pruning in self._facts), default=0)
        return AuditSeal.objects.filter(last_event=last).values_list("at", flat=True).first()


def _problem(pruning: Pruning) -> str:
    event = pruning.event
    if (event.action, event.outcome, event.object_name) != (Action.PRUNED, pruning.kind, str(pruning)):
        return "does not agree with its event."
    if settings.AUDIT_SEAL_KEY and not compare_digest(bytes(pruning.mac), signature(pruning)):
        return "was not signed with this AUDIT_SEAL_KEY."
    return ""
