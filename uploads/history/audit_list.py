"""The pages of the audit log, newest first, each read through an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest

from django.db.models import Q

from ..models import AuditEvent
from ..models.audit import AuditEventQuerySet
from .audit_filter import AuditFilter, beside
from .pages import SIZE, BadCursor, Cursor


class EventCursor(Cursor):
    """A place in the log: the key (at, id) of one event."""

    @classmethod
    def at_event(cls, event: AuditEvent) -> "EventCursor":
        """The place of an event."""
        return cls(event.at, event.pk)

    def older(self) -> Q:
        return Q(at__lte=self.at) & (Q(at__lt=self.at) | Q(pk__lt=self.pk))

    def newer(self) -> Q:
        return Q(at__gte=self.at) & (Q(at__gt=self.at) | Q(pk__gt=self.pk))


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, newest first, and the cursors of the pages around them (None: there is none)."""

    rows: Sequence[AuditEvent]
    newer: EventCursor | None = None
    older: EventCursor | None = None


def page(asked: AuditFilter, before: str = "", after: str = "") -> EventPage:
    """The page below the event `before`, or above the event `after`, or the first one. Raises BadCursor."""
    if before and after:
        raise BadCursor("both")
    events = asked.narrow(AuditEvent.objects.all())
    if not asked.is_valid():
        return EventPage([])
    if after:
        rows = _first(events.filter(EventCursor.parse(after).newer()), asked, upwards=True)
        more, rows = len(rows) > SIZE, rows[:SIZE][::-1]
        return _page(rows, newer=more, older=True)
    if before:
        events = events.filter(EventCursor.parse(before).older())
    rows = _first(events, asked, upwards=False)
    return _page(rows[:SIZE], newer=bool(before), older=len(rows) > SIZE)


def _page(rows: Sequence[AuditEvent], *, newer: bool, older: bool) -> EventPage:
    if not rows:
        return EventPage(rows)
    at = EventCursor.at_event
    return EventPage(rows, at(rows[0]) if newer else None, at(rows[-1]) if older else None)


def _first(events: AuditEventQuerySet, asked: AuditFilter, *, upwards: bool) -> list[AuditEvent]:
    """The first SIZE + 1 in one direction. Of several actions each is asked for alone: only so is each in order."""
    order, limit, actions = ("at", "id") if upwards else ("-at", "-id"), SIZE + 1, asked.actions()
    if asked.is_narrow and actions:
        events, actions = beside(events, "action", actions), []
    if len(actions) < 2:
        found = events.filter(action=actions[0]) if actions else events
        return list(found.select_related("actor").order_by(*order)[:limit])
    places = [
        place
        for action in actions
        for place in events.filter(action=action).order_by(*order).values_list("at", "id")[:limit]
    ]
    chosen = sorted(places)[:limit] if upwards else nlargest(limit, places)
    rows = AuditEvent.objects.select_related("actor").in_bulk([pk for _, pk in chosen])
    return [rows[pk] for _, pk in chosen if pk in rows]
