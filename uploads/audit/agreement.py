"""Does every result stand where its last recorded transition has left it?"""

from datetime import datetime

from django.db.models import CharField, OuterRef, Subquery
from django.db.models.functions import Cast

from ..models import AuditEvent, Delivery, State
from .report import Report

PAGE = 1000
ACTIONS = [f"{Delivery.AREA}.{state}" for state in State]


def check_deliveries(report: Report, let_go_before: datetime | None) -> None:
    """let_go_before: until when events were let go; of an older result none may be left, which says nothing."""
    of_this_one = AuditEvent.objects.filter(
        object_type="submission", object_id=Cast(OuterRef("pk"), CharField()), action__in=ACTIONS
    )
    last = Subquery(of_this_one.order_by("-id").values("action")[:1])
    columns = ("pk", "state", "last", "submission__created_at")
    rows = Delivery.objects.annotate(last=last).order_by("pk").values_list(*columns)
    page = list(rows[:PAGE])
    while page:
        report.deliveries += len(page)
        for number, state, action, created_at in page:
            if not action and let_go_before and created_at < let_go_before:
                continue
            recorded = action.partition(".")[2] if action else State.QUEUED  # a new one waits; that has no event
            if recorded != state:
                sentence = f"Result {number} is {state}, but what was recorded last is {recorded}."
                report.find("delivery_differs", sentence)
        page = list(rows.filter(pk__gt=page[-1][0])[:PAGE])
