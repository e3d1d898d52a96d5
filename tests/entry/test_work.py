"""The agent's own page: what waits for them on top, what they did today, and their score with its n."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.factories import make_submission
from uploads.models import Call, CallOutcome, Cause, State, Submission

OWN = "/submissions/"
SignedIn = Callable[[User], Client]


def rows(client: Client, path: str = OWN) -> list[Submission]:
    return [submission for submission, _ in client.get(path).context["rows"]]


def days_ago(days: int) -> dict[str, object]:
    return {"created_at": timezone.now() - timedelta(days=days)}


@pytest.fixture
def client(agent: User, signed_in: SignedIn) -> Client:
    return signed_in(agent)


def test_what_was_refused_stands_on_top_with_its_button_however_old_it_is(client: Client, agent: User) -> None:
    refused = make_submission(agent, State.REJECTED, **days_ago(40))
    newer = [make_submission(agent, State.DELIVERED, **days_ago(days)) for days in range(30)]
    assert rows(client) == [refused, *newer[:25]]
    page = client.get(OWN)
    assert f'href="/submissions/new/?from={refused.uuid}"' in page.text
    assert rows(client, f"{OWN}?before={page.context['older']}") == newer[25:]


def test_a_page_that_stays_open_shows_a_refusal_on_top_as_soon_as_it_comes(client: Client, agent: User) -> None:
    make_submission(agent)
    refused = make_submission(agent, State.REJECTED, **days_ago(1))
    news = client.get(OWN, headers={"HX-Request": "true", "HX-Target": "rows"}).text
    assert news.index(str(refused.uuid)) < news.index("Waiting")


def test_an_older_page_goes_on_asking_for_itself(client: Client, agent: User) -> None:
    newest = make_submission(agent, State.DELIVERED)
    make_submission(agent, **days_ago(1))
    ask = {"HX-Request": "true", "HX-Target": "rows"}
    news = client.get(f"{OWN}?seen=x&before={newest.uuid}", headers=ask).text
    assert f"&amp;before={newest.uuid}" in news


def test_todays_calls_are_surveys_and_calls_without_one(client: Client, agent: User, agent2: User) -> None:
    for made in (agent, agent, agent2):
        make_submission(made)
    correction = make_submission(agent, State.REJECTED)
    make_submission(agent, revision_of=correction)
    make_submission(agent).delivery.cancel(Cause(agent, evidence="undone"))
    make_submission(agent, **days_ago(1))
    for made in (agent, agent2):
        Call.objects.note(made, uuid.uuid4(), CallOutcome.objects.get(label="Refused"))
    assert "Today 4 calls, 3 surveys." in client.get(OWN).text


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ([], "Today 0 calls, 0 surveys. </p>"),
        ([9], "Your last 30 days have 1 result: too few for an NPS."),
        ([9] * 9, "Your last 30 days have 9 results: too few for an NPS."),
        ([9] * 6 + [7] * 2 + [0] * 2, "NPS of your last 30 days: <strong>+40</strong> from 10 results."),
        ([0] * 10, "<strong>−100</strong> from 10 results."),
        ([7] * 10, "<strong>0</strong> from 10 results."),
    ],
)
def test_the_own_score_is_told_with_its_n_or_not_at_all(
    client: Client, agent: User, scores: list[int], told: str
) -> None:
    for score in scores:
        make_submission(agent, State.DELIVERED, score=score, **days_ago(3))
    for _ in range(10):
        make_submission(agent, State.DELIVERED, score=10, **days_ago(32))
    assert told in client.get(OWN).text


def test_a_corrected_result_counts_once_in_its_newest_version_that_was_not_cancelled(
    client: Client, agent: User
) -> None:
    first = make_submission(agent, State.DELIVERED, score=0)
    second = make_submission(agent, State.CANCELLED, score=5, revision_of=first)
    make_submission(agent, State.DELIVERED, score=10, revision_of=second)
    for _ in range(9):
        make_submission(agent, State.DELIVERED, score=10)
    taken_back = make_submission(agent, State.DELIVERED, score=10)
    make_submission(agent, State.CANCELLED, score=0, revision_of=taken_back)
    assert "<strong>+100</strong> from 11 results" in client.get(OWN).text
