"""Ending sessions: the row in the store, what is known about it, and the record, in one transaction."""

from collections.abc import Iterable
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from ..models import Action, AuditEvent


def end(sessions: Iterable[UserSession], actor: AbstractBaseUser | AnonymousUser | str, why: str) -> int:
    """End these sessions at once; gives how many. `why` is a constant for the record."""
    count = 0
    with transaction.atomic():
        for session in sessions:
            owner = session.user
            session.end()
            AuditEvent.objects.record(Action.SESSION_ENDED, owner, actor=actor, outcome=why)
            count += 1
    return count


def end_all(user: User, actor: AbstractBaseUser | AnonymousUser | str, why: str) -> int:
    """End every session of the user; gives how many there were."""
    return end(UserSession.objects.filter(user=user).select_related("user"), actor, why)


def forget_expired() -> None:
    """What was known of sessions that are over goes with them."""
    alive = Session.objects.values("session_key")
    # a session that begins right now may be known a moment before it can be seen
    old = UserSession.objects.filter(created_at__lt=timezone.now() - timedelta(hours=1))
    old.exclude(session_key__in=alive).delete()
