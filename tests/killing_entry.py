"""Kills the process that saves an entry at its 1st, 2nd, … database statement, then sends the same form again.

    python -m tests.killing_entry

Ends with 0 if after every kill there was exactly one submission with its delivery and its audit event, and prints in
how many cases the killed process had saved it already.
"""

import itertools
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402 - Django first
from django.db import connection, connections  # noqa: E402
from django.test import Client  # noqa: E402

from tests.processes import entry  # noqa: E402
from uploads.models import AuditEvent, Delivery, State, Submission  # noqa: E402

PATH = "/submissions/new/"


@contextmanager
def killing(at: int) -> Iterator[None]:
    """Before and after each statement is a step; the one of this number is the last."""
    steps = itertools.count(1)

    def step() -> None:
        if next(steps) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def execute(call: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        step()
        result = call(sql, params, many, context)
        step()
        return result

    def commit_in_steps() -> None:
        step()
        commit()
        step()

    commit, connection._commit = connection._commit, commit_in_steps  # a commit is no statement
    with connection.execute_wrapper(execute):
        yield


def post(client: Client, token: uuid.UUID) -> int:
    return client.post(PATH, entry(submit_token=str(token))).status_code


def killed(client: Client, token: uuid.UUID, at: int) -> bool:
    """Post in a process of its own that is killed at a step; False if it got through."""
    connections.close_all()
    if connection.vendor == "postgresql":
        connection.close_pool()  # parent and child must not share a socket
    child = os.fork()
    if not child:
        with killing(at):
            post(client, token)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def main() -> None:
    client = Client(headers={"host": "localhost"})
    client.force_login(
        User.objects.get(username="agent"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    saved_before_the_kill = 0
    for at in itertools.count(1):
        token = uuid.uuid4()
        if not killed(client, token, at):
            break
        saved_before_the_kill += Submission.objects.filter(submit_token=token).exists()
        assert post(client, token) == 302, f"step {at}: the same form is refused"
        (submission,) = Submission.objects.filter(submit_token=token)
        assert Delivery.objects.get(pk=submission.pk).state == State.QUEUED
        assert AuditEvent.objects.about(submission).count() == 1
    assert at > 10, "hardly a statement was counted"
    print(saved_before_the_kill, at - 1)


if __name__ == "__main__":
    main()
