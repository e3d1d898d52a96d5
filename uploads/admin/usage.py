"""What a reason, a status or a field is used for: entries, drafts, and results that wait with it. Never counted row by
row: the daily totals and the indexes know, and where they do not, counting stops and says so."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import IntegerField, Max, Model, OuterRef, Subquery, Sum
from django.utils.formats import date_format
from django.utils.timezone import localdate

from ..models import (
    OPEN,
    CaseDelivery,
    Delivery,
    Draft,
    Lookup,
    ReasonCode,
    ReasonTotal,
    Role,
    Submission,
    SurveyField,
    TotalsKept,
    WorkflowStatus,
)
from ..models.totals import DAY, midnight, not_counted

#: Counting stops here.
MOST = 10_000
#: So many drafts, and results that wait, are looked through.
LOOKED_AT = 5_000
BANDS = ("detractor", "passive", "promoter")


@dataclass(slots=True)
class Used:
    """How many entries have it, and since when the last of them is; more: there are at least as many."""

    entries: int = 0
    last: date | None = None
    more: bool = False

    def add(self, entries: int, last: date) -> None:
        """So many more, the last of them on that day."""
        self.entries += entries
        self.last = max(last, self.last or last)

    def __str__(self) -> str:
        return _number(self.entries, self.more)


class _Counted(Subquery):
    """How many rows a query has, up to its limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def used(model: type[Model]) -> dict[str, Used]:
    """By code: what each reason or status was used for; two or three queries however many there are."""
    if model is ReasonCode:
        return _reasons()
    return _statuses() if model is WorkflowStatus else {}


def _reasons() -> dict[str, Used]:
    """From the daily totals; what was entered since the last of them is counted directly."""
    found: dict[str, Used] = defaultdict(Used)
    through = TotalsKept.known_through()
    if through:
        totals = ReasonTotal.objects.filter(agent=None, day__lte=through).order_by()
        sums = totals.values("code").annotate(last=Max("day"), **{f"n_{band}": Sum(band) for band in BANDS})
        for code, last, *numbers in sums.values_list("code", "last", *(f"n_{band}" for band in BANDS)):
            found[code].add(sum(numbers), last)
    since = midnight(through + DAY) if through else None
    recent = Submission.objects.filter(created_at__gte=since) if since else Submission.objects.all()
    rows = list(recent.newest_first().values_list("pk", "reasons", "created_at")[: MOST + 1])
    out = not_counted(rows[-1][2]) if rows else set()
    for pk, reasons, at in rows[:MOST]:
        for reason in reasons if pk not in out else ():
            found[reason["code"]].add(1, localdate(at))
    for use in found.values() if len(rows) > MOST else ():
        use.more = True
    return found


def _statuses() -> dict[str, Used]:
    entered = Submission.objects.filter(workflow_status=OuterRef("code"))
    rows = WorkflowStatus.objects.order_by().values_list(
        "code",
        _Counted(entered.order_by().values("pk")[: MOST + 1]),
        Subquery(entered.newest_first().values("created_at")[:1]),
    )
    return {
        code: Used(min(number, MOST), localdate(last) if last else None, more=number > MOST)
        for code, number, last in rows
    }


def told(row: Lookup) -> str:
    """The uses of one row as a sentence: “Used by 812 entries, 3 drafts, 2 waiting; last on 3 November 2026.”"""
    parts = []
    if isinstance(row, ReasonCode | WorkflowStatus):
        entries = used(type(row)).get(row.code, Used())
        parts.append(f"{entries} {'entry' if str(entries) == '1' else 'entries'}")
        last = f"; last on {date_format(entries.last, 'j F Y')}" if entries.last else ""
    else:
        last = ""
    drafts = _drafts(row)
    parts += [f"{drafts} {'draft' if drafts == '1' else 'drafts'}", f"{waiting(row)} waiting"]
    return f"Used by {', '.join(parts)}{last}."


def waiting(row: Lookup) -> str:
    """How many results that are not through yet have it in what is frozen to be sent, as a number in words."""
    open_ = Delivery.objects.filter(state__in=OPEN)
    if isinstance(row, WorkflowStatus):
        results = open_.filter(submission__workflow_status=row.code)[: LOOKED_AT + 1].count()
        cases = CaseDelivery.objects.filter(state__in=OPEN, case_update__status=row.code)[: LOOKED_AT + 1].count()
        return _number(min(results + cases, LOOKED_AT), results + cases > LOOKED_AT)
    if isinstance(row, ReasonCode):
        return _among(open_.values_list("submission__reasons", flat=True), lambda given: _names(given, row.code))
    if isinstance(row, SurveyField):
        key = row.key
        return _among(
            open_.values_list("submission__payload", flat=True), lambda pairs: any(p[0] == key for p in pairs)
        )
    return "0"


def _drafts(row: Lookup) -> str:
    name, value = _asked_as(row)
    return _among(
        Draft.objects.order_by("-updated_at").values_list("values", flat=True),
        lambda typed: value in typed.get(name, ()) if value else any(typed.get(name, ())),
    )


def _asked_as(row: Lookup) -> tuple[str, str]:
    """The input of the form that has it, and its value there; an empty value stands for any."""
    if isinstance(row, ReasonCode):
        return Role.REASONS, row.code
    if isinstance(row, WorkflowStatus):
        return Role.WORKFLOW_STATUS, row.code
    assert isinstance(row, SurveyField)  # noqa: S101 - nothing else is asked about
    return (row.key if row.role == Role.CUSTOMER else row.role), ""


def _names(given: list[dict[str, str]], code: str) -> bool:
    return any(reason["code"] == code for reason in given)


def _among(values: Any, has_it: Callable[[Any], bool]) -> str:
    looked_at = list(values[: LOOKED_AT + 1])
    return _number(sum(map(has_it, looked_at[:LOOKED_AT])), len(looked_at) > LOOKED_AT)


def _number(number: int, more: bool) -> str:
    """1,234; or 1,234+ if counting stopped there."""
    if more and not number:
        return "0 or more"
    return f"{number:,}{'+' if more else ''}"
