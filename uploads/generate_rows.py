"""One invented result with all that belongs to it: its delivery, calls, audit events and the keys it is found by."""

import json
import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User

from .customergauge import build, encode
from .demonstration.past import DELIVERED, GIVEN_UP, TROUBLED, WAITING, Ending
from .entry.same import identities
from .generate_tables import Table
from .generate_words import comment, customer
from .models import (
    Action,
    Attempt,
    AttemptKind,
    AuditEvent,
    AuditPayload,
    Body,
    ConfirmedBy,
    CustomerKey,
    CustomerValue,
    Delivery,
    ReasonCode,
    Role,
    Side,
    State,
    Submission,
    SurveyField,
    WorkflowStatus,
)
from .models.audit import canonical, commitment

WORKER = "generate:1"
#: A worker leaves alone what a later release has frozen: nothing of this is ever sent, not even on a manager's word.
FROM_LATER = 32_767
#: What waits, waits until then.
PARKED = "2099-12-31 00:00:00.000000"
IN_HAND = Ending(State.SENDING, "", "")
_ENDINGS = (DELIVERED, *TROUBLED, GIVEN_UP, WAITING, IN_HAND)
_WEIGHTS = (9330, *([100] * len(TROUBLED)), 100, 60, 10)
_SCORES = (2, 1, 1, 2, 2, 4, 5, 9, 16, 15, 14)
#: Of so many results one corrects another, was sent twice, or was looked at by a manager.
_CORRECTED, _RETRIED, _LOOKED_AT = 60, 30, 15


@dataclass(frozen=True, slots=True)
class Lists:
    """What agents choose from."""

    agents: Sequence[User]
    managers: Sequence[User]
    fields: Sequence[SurveyField]
    statuses: Sequence[WorkflowStatus]
    reasons: Mapping[bool, Sequence[ReasonCode]]

    @classmethod
    def read(cls, agents: Sequence[User], managers: Sequence[User]) -> "Lists":
        """The active rows of the database; reasons by whether the score is a promoter's."""
        known = list(ReasonCode.objects.active().exclude(parent=None))
        sides = {
            promoter: [r for r in known if Side(r.side).allows(10 if promoter else 0)] for promoter in (True, False)
        }
        return cls(agents, managers, list(SurveyField.objects.active()), list(WorkflowStatus.objects.active()), sides)


@dataclass(frozen=True, slots=True)
class Made:
    """A result that can still be corrected."""

    pk: int
    agent: User
    customer: int
    number: str


@dataclass(slots=True)
class Maker:
    """Adds results to the tables, one after the other."""

    choose: random.Random
    lists: Lists
    customers: int
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(settings.CUSTOMERGAUGE_TIME_ZONE))
    recent: deque[Made] = field(default_factory=deque)
    submissions: Table = field(default_factory=lambda: Table(
        Submission, "id", "uuid", "submit_token", "reference", "revision_of", "agent", "agent_name", "created_at",
        "score", "comment", "sent_at", "completed_at", "time_zone", "contact", "workflow_status",
        "workflow_status_label", "reasons", "customer", "payload", "payload_version",
    ))  # fmt: skip
    keys: Table = field(default_factory=lambda: Table(CustomerKey, "submission", "kind", "value"))
    deliveries: Table = field(default_factory=lambda: Table(
        Delivery, "submission", "state", "version", "next_at", "changed_at", "tries", "evidence", "cg_id",
        "confirmed_by", "amends", "owner", "lease_until",
    ))  # fmt: skip
    attempts: Table = field(default_factory=lambda: Table(
        Attempt, "id", "delivery", "kind", "worker", "started_at", "wire_at", "ended_at", "seconds", "status", "code",
        "outcome", "evidence",
    ))  # fmt: skip
    events: Table = field(default_factory=lambda: Table(
        AuditEvent, "id", "at", "action", "actor", "actor_name", "object_type", "object_id", "object_name",
        "attempt_id", "outcome", "request_id", "commitment",
    ))  # fmt: skip
    payloads: Table = field(default_factory=lambda: Table(AuditPayload, "event", "salt", "body"))

    def write(self) -> None:
        """Insert what was added, in an order that keeps every reference good."""
        for table in (self.submissions, self.keys, self.deliveries, self.attempts, self.events, self.payloads):
            table.write()

    def add(self, at: datetime) -> None:
        """One result entered at a moment (UTC, without a zone), and what became of it."""
        choose = self.choose
        corrected = self.recent.popleft() if self.recent and choose.randrange(_CORRECTED) == 0 else None
        agent = corrected.agent if corrected else choose.choice(self.lists.agents)
        who = corrected.customer if corrected else choose.randrange(self.customers)
        (ending,) = choose.choices(_ENDINGS, _WEIGHTS)
        pk, uuid = self.submissions.number(), self._hex()
        pairs = self._submission(pk, uuid, at, agent, who, corrected)
        number = str(900_000 + pk) if ending is DELIVERED else ""
        _Story(self, pk, f"submission {uuid[:8]}", at, ending, corrected.number if corrected else "").tell(
            agent, pairs, number
        )
        if number and not corrected:
            self.recent.append(Made(pk, agent, who, number))
            if len(self.recent) > 200:
                self.recent.popleft()

    def _submission(
        self, pk: int, uuid: str, at: datetime, agent: User, who: int, corrected: Made | None
    ) -> tuple[tuple[str, str], ...]:
        """Adds the submission and its keys; gives its request body."""
        choose, lists, reference = self.choose, self.lists, self._hex()
        (score,) = choose.choices(range(11), _SCORES)
        person, status = customer(who), choose.choice(lists.statuses)
        offered = lists.reasons[score >= 9]
        reasons = choose.sample(offered, min(len(offered), choose.choice((0, 1, 1, 2))))
        values: dict[str, Any] = {
            "score": score,
            "comment": comment(choose, "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"),
            "sent_at": (at - timedelta(minutes=choose.randint(1000, 6000))).replace(tzinfo=UTC, second=0),
            "completed_at": (at - timedelta(seconds=choose.randint(40, 400))).replace(tzinfo=UTC),
            "contact": choose.choice("YYYNNNN") if choose.random() < 0.7 else "",
            "workflow_status": status.code,
            "reasons": [reason.code for reason in reasons],
            "reference": reference,
        }
        pairs = build([(f.role, f.key) for f in lists.fields], values | person, self.zone)
        about = [
            CustomerValue(key=f.key, label=f.label, kind=f.kind, value=person[f.key], personal=f.personal)
            for f in lists.fields
            if f.role == Role.CUSTOMER and f.key in person
        ]
        if corrected:  # then only what changed goes out
            pairs = tuple(pair for pair in pairs if pair[0] not in person)
        self.submissions.add(
            pk, uuid, self._hex(), reference, corrected.pk if corrected else None, agent.pk, agent.get_full_name(),
            _text(at), score, values["comment"], _text(values["sent_at"]), _text(values["completed_at"]),
            settings.TIME_ZONE, values["contact"], status.code, status.label,
            json.dumps([{"code": reason.code, "label": reason.label_for(score)} for reason in reasons]),
            json.dumps(about), json.dumps(pairs), FROM_LATER,
        )  # fmt: skip
        for kind, value in sorted(identities(about)):
            self.keys.add(pk, kind, value)
        return pairs

    def _hex(self) -> str:
        return f"{self.choose.getrandbits(128):032x}"


@dataclass(slots=True)
class _Story:
    """What happens to one result after it was entered."""

    maker: Maker
    pk: int
    name: str
    at: datetime
    ending: Ending
    amends: str

    def tell(self, agent: User, pairs: Sequence[tuple[str, str]], number: str) -> None:
        """Adds its calls, its events and its delivery as they stand at the end."""
        choose, ending = self.maker.choose, self.ending
        self._event(self.at, Action.SUBMITTED, agent, body=dict(pairs))
        if ending.state == State.CANCELLED:
            end, tries, number = self.at + timedelta(seconds=choose.randint(2, 14)), 0, ""
            self._event(end, Action.CANCELLED, agent, outcome=ending.evidence)
        else:
            body = encode(pairs).decode()
            tries = int(choose.randrange(_RETRIED) == 0)
            start = self.at + timedelta(seconds=settings.SUBMISSION_HOLD_SECONDS + choose.random())
            for _ in range(tries):
                self._call(start, WAITING, body, number)
                start += timedelta(seconds=choose.randint(30, 900))
            end = self._call(start, ending, body, number)
        if choose.randrange(_LOOKED_AT) == 0:
            seen = end + timedelta(minutes=choose.randint(1, 10))
            self._event(seen, Action.VIEWED, choose.choice(self.maker.lists.managers))
        waits, held = ending is WAITING, ending is IN_HAND
        self.maker.deliveries.add(
            self.pk, ending.state.value, 1 + 2 * tries, PARKED if waits else _text(self.at), _text(end),
            tries + (ending is not DELIVERED), ending.evidence, number, ConfirmedBy.REPLY.value if number else "",
            self.amends, WORKER if held else "", PARKED if held else None,
        )  # fmt: skip

    def _call(self, start: datetime, ending: Ending, body: str, number: str) -> datetime:
        """One call to CustomerGauge with the events around it; gives when it was over."""
        choose, identifier = self.maker.choose, self.maker._hex()
        kind = AttemptKind.CORRECT if self.amends else AttemptKind.SEND
        seconds = 15.0 if ending.evidence == "read_timeout" else round(choose.lognormvariate(-1.2, 0.6), 3)
        end = start + timedelta(seconds=seconds)
        wire = None if ending.evidence == "refused" else _text(start)
        over: tuple[Any, ...] = (_text(end), seconds, ending.status, ending.code, ending.outcome, ending.evidence)
        if ending is IN_HAND:
            over = (None, None, None, "", "", "")
        self.maker.attempts.add(identifier, self.pk, kind.value, WORKER, _text(start), wire, *over)
        request = {
            "method": "PUT" if self.amends else "POST",
            "url": f"{settings.CUSTOMERGAUGE_URL}/v4.1/transactions/response.json",
            "headers": [["Authorization", "api_key ********"], ["Content-Type", "application/x-www-form-urlencoded"]],
            "body": body,
        }
        self._event(start, Action.SENDING, WORKER, attempt=identifier, body=request)
        if ending is not IN_HAND:
            reply: Body | None = None
            if ending.reply:
                reply = {"status": ending.status, "headers": [], "body": ending.reply.format(number=number)}
            action = Action(f"delivery.{ending.state}")
            self._event(end, action, WORKER, attempt=identifier, outcome=ending.evidence, body=reply)
        return end

    def _event(
        self, at: datetime, action: Action, actor: User | str, *, attempt: str | None = None, outcome: str = "",
        body: Body | None = None,
    ) -> None:  # fmt: skip
        maker, user = self.maker, actor if isinstance(actor, User) else None
        pk, salt, stored = maker.events.number(), b"", b""
        if body is not None:
            salt, stored = maker.choose.randbytes(32), canonical(body)
            maker.payloads.add(pk, salt, stored)
        maker.events.add(
            pk, _text(at), action.value, user.pk if user else None, user.get_username() if user else actor,
            "submission", str(self.pk), self.name, attempt, outcome, maker._hex() if user else "",
            commitment(salt, stored) if salt else b"",
        )  # fmt: skip


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
