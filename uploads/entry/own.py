"""Who the agent is, and which submissions are theirs: nobody corrects or even sees those of others here."""

import uuid

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from ..models import Submission
from ..models.submission import SubmissionQuerySet


def agent_of(request: HttpRequest) -> User:
    """The user behind a guarded view."""
    assert isinstance(request.user, User)  # noqa: S101 - `required` has let nobody else through
    return request.user


def read_uuid(text: str) -> uuid.UUID | None:
    """The UUID in a text, or None."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def own_results(request: HttpRequest) -> SubmissionQuerySet:
    """The agent's submissions with their deliveries, newest first."""
    return Submission.objects.filter(agent=agent_of(request)).select_related("delivery").newest_first()


def own_or_404(request: HttpRequest, uuid: uuid.UUID) -> Submission:
    """Somebody else's result answers exactly like one that does not exist."""
    return get_object_or_404(own_results(request), uuid=uuid)
