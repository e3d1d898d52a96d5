"""The versions of one result: each corrects the one before it, and only the newest can be corrected."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from .audit import Action, AuditEvent
from .delivery import Attempt, Delivery
from .erasure import Erasure
from .states import State
from .submission import Submission

#: Evidence of a rejected version whose correction took its place.
REPLACED = "replaced"
#: The name of the reason for a correction in the payload of its audit event.
REASON = "correction_reason"
#: Outcomes after which CustomerGauge may have it: none known (the worker was lost), unclear, or a yes that came late.
MAY_HAVE_ARRIVED = ("", "unknown", "delivered")


def later_states(versions: Iterable[Submission]) -> dict[int, str]:
    """How far later versions have come, by the primary key of an earlier one; those without a later one are left out.

    Delivered if any later version is, else the state of the newest. One query, and one for each further step of the
    longest chain.
    """
    states: dict[int, str] = {}
    origins = {version.pk: version.pk for version in versions}
    while origins:
        following = Delivery.objects.filter(submission__revision_of__in=origins)
        steps = following.values_list("submission_id", "submission__revision_of", "state")
        found = {later: (origins[earlier or 0], state) for later, earlier, state in steps}
        for origin, state in found.values():
            if states.get(origin) != State.DELIVERED:
                states[origin] = state
        origins = {later: origin for later, (origin, _) in found.items()}
    return states


def is_superseded(delivery: Delivery, later_state: str | None) -> bool:
    """Whether a correction has taken the place of a version; `later_state` as `later_states` gives it."""
    replaced = delivery.state == State.CANCELLED and delivery.evidence == REPLACED
    return replaced or (delivery.state == State.DELIVERED and later_state == State.DELIVERED)


def superseded(versions: Sequence[Submission]) -> set[int]:
    """Those of the versions (with their deliveries) whose place a correction has taken, by primary key."""
    later = later_states(versions)
    return {version.pk for version in versions if is_superseded(version.delivery, later.get(version.pk))}


@dataclass(frozen=True, slots=True)
class Version:
    """One version as people see it.

    by: who entered it; for a correction that may be somebody else than its agent.  reason: why, often empty.
    in_force: whether it is the one that CustomerGauge has.
    """

    submission: Submission
    by: str
    reason: str
    in_force: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """All versions of one result with their deliveries, oldest first; at least one."""

    versions: tuple[Submission, ...]

    @classmethod
    def of(cls, submission: Submission) -> Self:
        """The chain that a version is part of; a query for each further version."""
        known = Submission.objects.select_related("delivery", "agent")
        versions = [submission]
        while versions[0].revision_of_id is not None:
            versions.insert(0, known.get(pk=versions[0].revision_of_id))
        while later := known.filter(revision_of=versions[-1]).first():
            versions.append(later)
        return cls(tuple(versions))

    @property
    def newest(self) -> Submission:
        """The only version that can be corrected."""
        return self.versions[-1]

    @property
    def record(self) -> Submission:
        """The version that creates the record at CustomerGauge; those after it change that record."""
        return next(version for version in reversed(self.versions) if not version.delivery.amends)

    @property
    def number(self) -> str:
        """CustomerGauge's number of the record; empty while it has none."""
        return self.record.delivery.cg_id

    @property
    def in_force(self) -> Submission | None:
        """The version that CustomerGauge has, as far as is known."""
        arrived = (version for version in reversed(self.versions) if version.delivery.state == State.DELIVERED)
        return next(arrived, None)

    @property
    def sent(self) -> dict[str, str]:
        """What CustomerGauge should have after all corrections that arrived: value by key, without empty ones."""
        arrived = (version for version in self.versions if version.delivery.state == State.DELIVERED)
        merged = {key: value for version in arrived for key, value in version.payload}
        return {key: value for key, value in merged.items() if value}

    @property
    def doubted(self) -> frozenset[str]:
        """Keys of which `sent` may be wrong: a correction of them may have reached CustomerGauge though it does not
        count as delivered, and none that arrived after it has set them again."""
        left = Attempt.objects.filter(wire_at__isnull=False, outcome__in=MAY_HAVE_ARRIVED)
        may_be_there = set(
            left.filter(delivery__in=[each.pk for each in self.versions]).values_list("delivery", flat=True)
        )
        keys: set[str] = set()
        for version in self.versions:
            own = {key for key, _ in version.payload}
            if version.delivery.state == State.DELIVERED:
                keys -= own
            elif version.pk in may_be_there:
                keys |= own
        return frozenset(keys)

    @property
    def erased(self) -> bool:
        """Whether its content was given up, in any version."""
        return bool(Erasure.objects.among(self.versions))

    @property
    def correctable(self) -> bool:
        """Whether the newest version can be corrected.

        Corrections go in order: one can follow what was delivered, refused, or (as a correction) taken back or dropped.
        What was erased stays erased.
        """
        if self.erased:
            return False
        state = self.newest.delivery.state
        return state == State.REJECTED or (bool(self.number) and state in (State.DELIVERED, State.CANCELLED))

    def told(self) -> Sequence[Version]:
        """Every version with who entered it and why; one query for all."""
        keys = [str(version.pk) for version in self.versions]
        made = AuditEvent.objects.filter(object_type="submission", object_id__in=keys, action=Action.SUBMITTED)
        events = {event.object_id: event for event in made.select_related("payload", "actor").order_by("id")}
        return [self._told(version, events.get(str(version.pk))) for version in self.versions]

    def _told(self, version: Submission, event: AuditEvent | None) -> Version:
        full_name = event.actor.get_full_name() if event and event.actor else ""
        by = full_name or (event.actor_name if event else "") or version.agent_name
        return Version(version, by, _reason(event), version == self.in_force)


def _reason(event: AuditEvent | None) -> str:
    """Why it was corrected, unless nobody said or it was erased."""
    payload = getattr(event, "payload", None)
    try:
        body: Any = json.loads(bytes(payload.body)) if payload else None
    except ValueError:
        return ""
    return str(body.get(REASON, "")) if isinstance(body, dict) else ""
