"""How each kind of trouble is brought about, and how all of it is put right again."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from tests.audit.sealing import make_events, seal_all
from tests.factories import make_submission
from uploads.audit import guards, nightly, seal
from uploads.models import (
    Action,
    Anonymisation,
    Attempt,
    AuditEvent,
    AuditSeal,
    CaseDelivery,
    CaseUpdate,
    Channel,
    Delivery,
    State,
    Submission,
    Worker,
)
from uploads.models.audit import compose

LOGIN = "/accounts/login/"


def ago(**time: float) -> datetime:
    return timezone.now() - timedelta(**time)


def agent() -> User:
    return User.objects.get(username="anna")


def paused() -> None:
    Channel.current().pause("here:1", "certificate")


def out_of_reach() -> None:
    Channel.current().trip("here:1", "refused")
    Channel.objects.update(shut_since=ago(minutes=16))


def no_worker() -> None:
    Worker.objects.update(beat_at=ago(seconds=61))


def _due_since(**time: float) -> None:
    submission = Submission.objects.first() or make_submission(agent())
    Delivery.objects.filter(pk=submission.pk).update(state=State.QUEUED, next_at=ago(**time))


def no_progress() -> None:
    _due_since(minutes=6)
    Worker.objects.update(progress_at=ago(minutes=6))


def waiting() -> None:
    _due_since(minutes=16)


def waiting_long() -> None:
    _due_since(hours=3)


def many_unconfirmed() -> None:
    for _ in range(10 - Delivery.objects.count()):
        make_submission(agent())
    Delivery.objects.update(state=State.UNCONFIRMED, changed_at=timezone.now() + timedelta(hours=1))


def failed() -> None:
    submission = Submission.objects.first() or make_submission(agent())
    Delivery.objects.filter(pk=submission.pk).update(state=State.FAILED)


def same_number() -> None:
    for _ in range(2 - Delivery.objects.count()):
        make_submission(agent())
    for delivery in Delivery.objects.all():
        attempt = Attempt.objects.create(delivery=delivery, worker="here:1")
        attempt.end(outcome="delivered", evidence="stored", seconds=0.1, status=200, code="")
    Delivery.objects.update(state=State.DELIVERED, cg_id="12")


def cases() -> None:
    if not CaseUpdate.objects.exists():
        submission = make_submission(agent(), State.DELIVERED)
        update = CaseUpdate.objects.create(
            token=uuid.uuid4(), submission=submission, author=agent(), author_name="anna", comment="Called Mrs Klameth"
        )
        CaseDelivery.objects.create(case_update=update, result=submission)
    CaseDelivery.objects.update(state=State.REJECTED)


def anonymisations() -> None:
    submission = Submission.objects.first() or make_submission(agent())
    if not Anonymisation.objects.exists():
        Anonymisation.objects.create(submission=submission, certificate=1, email="lee@example.com")
    Anonymisation.objects.update(state=State.FAILED)


def disk() -> None:
    Worker.objects.update(metrics="# TYPE cgportal_disk_free_ratio gauge\ncgportal_disk_free_ratio 0.05\n")


def guards_missing() -> None:
    guards.remove()


def clock() -> None:
    Channel.current().note_skew(-121)


def superuser() -> None:
    User.objects.filter(username="root").exists() or User.objects.create_superuser("root", password="demo")
    assert Client().post(LOGIN, {"login": "root", "password": "demo"}).status_code == 302


def sign_ins() -> None:
    cache.clear()
    for _ in range(10):
        Client().post(LOGIN, {"login": "mia", "password": "canary-guess"})


def roles() -> None:
    """Through the administration's own page, by somebody who has been signed in for long."""
    root, _ = User.objects.get_or_create(username="chief", is_superuser=True, is_staff=True)
    client = Client()
    client.force_login(root, backend="allauth.account.auth_backends.AuthenticationBackend")
    User.objects.filter(pk=root.pk).update(last_login=ago(days=1))
    bram, _ = User.objects.get_or_create(username="bram")
    role = Group.objects.exclude(user=bram).exclude(name="admin").order_by("?")[0]  # the last admin must stay one
    page = {"username": "bram", "groups": str(role.pk), "is_active": "on"}
    assert client.post(f"/admin/auth/user/{bram.pk}/change/", page).status_code == 302


def tampered() -> None:
    AuditEvent.objects.record(Action.AUDIT_CHECKED, "audit log", actor="check", outcome="tampering")


def anchors_late() -> None:
    settings.AUDIT_ANCHOR_RECIPIENTS = ["auditor@example.com"]
    AuditSeal.objects.exists() or seal_all()
    _mailed(hours_ago=33)


def _mailed(hours_ago: float) -> None:
    event, _ = compose(Action.ALERTED, "audit seals", "seals", None, "", None)
    event.at = ago(hours=hours_ago)
    event.save()


def exports() -> None:
    AuditEvent.objects.record(Action.EXPORTED, "history", actor="mia", outcome="complete", body={"results": 10_000})


def seals() -> None:
    make_events(1, minutes_ago=16)


def worker_lost() -> None:
    Worker.objects.update_or_create(name="there:2", defaults={"beat_at": ago(seconds=90)})


#: Kind → how it comes about.
CAUSES: dict[str, Callable[[], None]] = {
    "paused": paused,
    "out_of_reach": out_of_reach,
    "no_worker": no_worker,
    "no_progress": no_progress,
    "waiting": waiting,
    "waiting_long": waiting_long,
    "many_unconfirmed": many_unconfirmed,
    "unconfirmed": lambda: unconfirmed(),
    "failed": failed,
    "same_number": same_number,
    "cases": cases,
    "anonymisations": anonymisations,
    "disk": disk,
    "guards": guards_missing,
    "tampered": tampered,
    "anchors": anchors_late,
    "seals": seals,
    "clock": clock,
    "superuser": superuser,
    "sign_ins": sign_ins,
    "roles": roles,
    "exports": exports,
    "worker_lost": worker_lost,
}


def unconfirmed() -> None:
    submission = Submission.objects.first() or make_submission(agent())
    Delivery.objects.filter(pk=submission.pk).update(state=State.UNCONFIRMED, changed_at=ago(minutes=61))


def put_right() -> None:
    """Everything is as it should be, whatever was wrong."""
    Channel.objects.update(paused=False, breaks=0, ramp=None, wait_until=None, shut_since=None, skew=0)
    now = timezone.now() + timedelta(hours=2)  # in the eyes of a test that looks ahead they are still alive
    Worker.objects.filter(name="there:2").delete()
    Worker.objects.update(beat_at=now, progress_at=now, metrics="")
    for delivery in Delivery.objects.all():
        Delivery.objects.filter(pk=delivery.pk).update(state=State.DELIVERED, cg_id=str(delivery.pk))
    CaseDelivery.objects.update(state=State.DELIVERED)
    Anonymisation.objects.update(state=State.DELIVERED)
    settings.AUDIT_ANCHOR_RECIPIENTS = []
    if nightly.last_result() == "tampering":
        AuditEvent.objects.record(Action.AUDIT_CHECKED, "audit log", actor="check", outcome="ok")
    guards.install()
    seal.seal_now()
