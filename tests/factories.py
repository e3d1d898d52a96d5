"""Rows with sensible defaults; a test names only what matters to it."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.utils import timezone

from uploads.models import ConfirmedBy, Delivery, State, Submission


def make_user(name: str, role: str = "", **fields: Any) -> User:
    """A user with the password `demo` and one role (or none)."""
    user = User.objects.create_user(name, password="demo", **fields)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def customer(key: str, label: str, kind: str, value: str) -> dict[str, Any]:
    """A customer field as a submission keeps it."""
    return {"key": key, "label": label, "kind": kind, "value": value, "personal": True}


def make_submission(agent: User, state: State = State.QUEUED, **fields: Any) -> Submission:
    """A submission with its delivery in the given state."""
    delivery = {name: fields.pop(name) for name in ("evidence", "cg_id", "tries", "next_at") if name in fields}
    delivery.setdefault("next_at", timezone.now() - timedelta(seconds=1))
    email = fields.pop("email", "lee@example.com")
    values = {
        "submit_token": uuid.uuid4(),
        "agent_name": agent.get_username(),
        "score": 4,
        "comment": "Waited too long",
        "sent_at": datetime(2026, 11, 2, 12, 40, tzinfo=UTC),
        "completed_at": datetime(2026, 11, 2, 12, 59, 12, tzinfo=UTC),
        "time_zone": "Europe/Amsterdam",
        "contact": "Y",
        "workflow_status": "OPEN",
        "workflow_status_label": "Open",
        "reasons": [{"code": "10020", "label": "Waiting time"}],
        "customer": [
            customer("CustomerNumber", "Customer number", "identifier", "1143"),
            customer("Email", "E-mail", "email", email),
            customer("FirstName", "First name", "text", "Lee"),
            customer("LastName", "Last name", "text", "Klameth"),
        ],
        "payload": [["CustomerNumber", "1143"], ["Email", email], ["NetPromoterScore", str(fields.get("score", 4))]],
    }  # fmt: skip
    submission = Submission.objects.create(agent=agent, **(values | fields))
    if state is State.DELIVERED:
        delivery = {"cg_id": "12", "confirmed_by": ConfirmedBy.REPLY} | delivery
    Delivery.objects.create(submission=submission, state=state, **delivery)
    return submission
