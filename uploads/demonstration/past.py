"""Two hundred plausible past results in every state, so that lists, filters and stories have something to show.

They are inventions: they are only made where the simulator is the target, so that none can leave for a real account.
"""

import random
import unicodedata
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from ..customergauge import build, encode
from ..delivery.backoff import GIVE_UP_AFTER
from ..entry.same import keys_of
from ..models import (
    Action,
    Attempt,
    Body,
    Channel,
    ConfirmedBy,
    CustomerKey,
    Delivery,
    ReasonCode,
    Role,
    Side,
    State,
    Submission,
    SurveyField,
    WorkflowStatus,
    writes,
)
from ..models.audit import compose
from . import words

WORKER = "demo:1"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a past delivery ended: state, evidence, API code, HTTP status and body of the last reply (None: no reply)."""

    state: State
    evidence: str
    outcome: str
    code: str = ""
    status: int | None = None
    reply: str | None = None


DELIVERED = Ending(State.DELIVERED, "stored", "delivered", "", 200, '{{"Data":{{"number_customergauge":{number}}}}}')
TROUBLED = [
    Ending(
        State.REJECTED, "content_refused", "rejected", "300004", 400,
        """{{"Error":{{"Message":"Required field 'Division' not supplied","Code":300004}}}}""",
    ),
    Ending(
        State.REJECTED, "content_refused", "rejected", "400011", 400,
        '{{"Error":{{"Message":"Workflow status does not exist","Code":400011}}}}',
    ),
    Ending(State.UNCONFIRMED, "read_timeout", "unknown"),
    Ending(State.UNCONFIRMED, "server_error", "unknown", "", 502, "<html><h1>502 Bad Gateway</h1></html>"),
    Ending(State.CANCELLED, "undone", ""),
]  # fmt: skip
GIVEN_UP = Ending(State.FAILED, "refused", "not_sent")
WAITING = Ending(State.QUEUED, "refused", "not_sent")


def make_past(agents: list[User], count: int = 200) -> int:
    """Make `count` past submissions unless there are submissions already; returns how many were made."""
    if Submission.objects.exists():
        return 0
    choose = random.Random(2026)  # noqa: S311 - the same demonstration every time
    moments = sorted(_moments(choose, count))
    with transaction.atomic():
        # noted with the target, so that none of them ever leaves for another one
        Channel.current().aim("demo", settings.CUSTOMERGAUGE_URL, simulated=True)
        for number, at in enumerate(moments):
            ending = _ending(choose, number, at)
            _one(choose, choose.choice(agents), at, ending, number=90_000 + number)
    return count


def _moments(choose: random.Random, count: int) -> Iterator[datetime]:
    now = timezone.now()
    for _ in range(count - 3):
        day = (now - timedelta(days=int(choose.triangular(1, 75, 2)))).replace(microsecond=0)
        yield day.replace(hour=choose.randint(7, 16), minute=choose.randint(0, 59), second=choose.randint(0, 59))
    yield from (now - timedelta(minutes=minutes) for minutes in (41, 17, 6))


def _ending(choose: random.Random, number: int, at: datetime) -> Ending:
    """Mostly delivered; every ninth in trouble; what waits was entered within the hour."""
    age = timezone.now() - at
    if age < timedelta(hours=1):
        return WAITING
    if number % 9 != 4:
        return DELIVERED
    return choose.choice([*TROUBLED, GIVEN_UP] if age > GIVE_UP_AFTER + timedelta(days=1) else TROUBLED)


def _one(choose: random.Random, agent: User, at: datetime, ending: Ending, number: int) -> None:
    submission = _submission(choose, agent, at)
    submission.save()
    CustomerKey.objects.bulk_create(keys_of(submission))
    delivery = Delivery(
        submission=submission, state=ending.state, evidence=ending.evidence, version=3, tries=1,
        changed_at=at + timedelta(seconds=choose.randint(16, 40)),
        next_at=timezone.now() + timedelta(minutes=choose.randint(20, 50)) if ending is WAITING else at,
        first_failed_at=at if ending in (WAITING, GIVEN_UP) else None,
    )  # fmt: skip
    if ending is GIVEN_UP:
        delivery.tries = choose.randint(70, 80)
    if ending.state == State.DELIVERED:
        delivery.cg_id, delivery.confirmed_by, delivery.tries = str(number), ConfirmedBy.REPLY, 0
    delivery.save()
    _story(choose, submission, delivery, agent, at, ending, number)


def _submission(choose: random.Random, agent: User, at: datetime) -> Submission:
    score = choose.choices(range(11), weights=[2, 1, 1, 2, 2, 4, 5, 9, 16, 15, 14])[0]
    band = "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"
    first, last, company = choose.choice(words.FIRST), choose.choice(words.LAST), choose.choice(words.COMPANIES)
    customer = {
        "CustomerNumber": str(choose.randint(1000, 9999)),
        "Email": _address(f"{first}.{last}@{company}.example"),
        "FirstName": first,
        "LastName": last,
    }
    fields = list(SurveyField.objects.filter(active=True))
    reasons = _reasons(choose, score)
    status = choose.choice(list(WorkflowStatus.objects.filter(active=True)))
    sent_at = at - timedelta(days=choose.randint(1, 4), minutes=choose.randint(0, 300))
    values: dict[str, Any] = {
        "score": score,
        "comment": choose.choice(words.COMMENTS[band]),
        "sent_at": sent_at,
        "completed_at": at - timedelta(minutes=choose.randint(1, 6)),
        "contact": choose.choices(["Y", "N", ""], weights=[3, 4, 3])[0],
        "workflow_status": status.code,
    }
    pairs = build(
        [(field.role, field.key) for field in fields],
        {**values, "reasons": [reason.code for reason in reasons], **customer},
        ZoneInfo(settings.CUSTOMERGAUGE_TIME_ZONE),
    )
    return Submission(
        submit_token=uuid.uuid4(), agent=agent, agent_name=agent.get_full_name(), created_at=at, **values,
        time_zone=settings.TIME_ZONE, workflow_status_label=status.label,
        reasons=[{"code": reason.code, "label": reason.label_for(score)} for reason in reasons],
        customer=[
            {"key": f.key, "label": f.label, "kind": f.kind, "value": customer[f.key], "personal": f.personal}
            for f in fields
            if f.role == Role.CUSTOMER and f.key in customer
        ],
        payload=[list(pair) for pair in pairs],
    )  # fmt: skip


def _address(text: str) -> str:
    """As such addresses are made from names: small letters without accents and spaces."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", "").replace("'", "")


def _reasons(choose: random.Random, score: int) -> list[ReasonCode]:
    details = ReasonCode.objects.filter(active=True, parent__isnull=False)
    offered = [reason for reason in details if Side(reason.side).allows(score)]
    return choose.sample(offered, k=min(len(offered), choose.choice([0, 1, 1, 2])))


def _story(
    choose: random.Random, submission: Submission, delivery: Delivery, agent: User, at: datetime, ending: Ending,
    number: int,
) -> None:  # fmt: skip
    body = encode([(key, value) for key, value in submission.payload]).decode()
    _event(at, Action.SUBMITTED, submission, agent, body=dict(submission.payload))
    if ending.state == State.CANCELLED:
        _event(at + timedelta(seconds=4), Action.CANCELLED, submission, agent, outcome=ending.evidence)
        return
    seconds = 15.0 if ending.evidence == "read_timeout" else round(choose.uniform(0.12, 0.9), 3)
    start = at + timedelta(seconds=settings.SUBMISSION_HOLD_SECONDS)
    if ending is GIVEN_UP:  # its last try
        start += GIVE_UP_AFTER
    end = start + timedelta(seconds=seconds)
    attempt = Attempt.objects.create(
        delivery=delivery, worker=WORKER, started_at=start, wire_at=start if ending.evidence != "refused" else None,
        ended_at=end, seconds=seconds, status=ending.status, code=ending.code, outcome=ending.outcome,
        evidence=ending.evidence,
    )  # fmt: skip
    request = {
        "method": "POST",
        "url": f"{settings.CUSTOMERGAUGE_URL}/v4.1/transactions/response.json",
        "headers": [["Authorization", "api_key ********"], ["Content-Type", "application/x-www-form-urlencoded"]],
        "body": body,
    }
    reply: Body | None = None
    if ending.reply:
        reply = {"status": ending.status, "headers": [], "body": ending.reply.format(number=number)}
    _event(start, Action.SENDING, submission, WORKER, attempt=attempt, body=request)
    action = Action(f"delivery.{ending.state}")
    _event(end, action, submission, WORKER, attempt=attempt, outcome=ending.evidence, body=reply)


def _event(
    at: datetime, action: Action, submission: Submission, actor: User | str, *, attempt: Attempt | None = None,
    outcome: str = "", body: Body | None = None,
) -> None:  # fmt: skip
    event, payload = compose(action, submission, actor, attempt.pk if attempt else None, outcome, body)
    event.at = at
    writes.insert(*filter(None, (event, payload)))
