"""Questions about an entry: a manager asks, its agent answers, each step is on the record, and nobody else is in it."""

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.test import Client

from tests.factories import make_submission, make_user
from uploads.audit.erase import erase
from uploads.models import Action, AppendOnlyError, AuditEvent, Question, Remark, State, Submission
from uploads.models.erasure import ErasureReason

WORDS = "Did the customer really say “never again”?"
ACTIONS = (Action.QUESTION_ASKED, Action.QUESTION_ANSWERED, Action.QUESTION_CLOSED)


@pytest.fixture
def entry(agent: User) -> Submission:
    return make_submission(agent, State.DELIVERED)


@pytest.fixture
def agents_browser(agent: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(agent)


@pytest.fixture
def asked(entry: Submission, manager: User) -> Question:
    return Question.ask(entry, manager, WORDS)


def recorded(entry: Submission) -> list[tuple[str, str]]:
    """Action and words of each event of questions, as the audit log has them."""
    events = AuditEvent.objects.about(entry).filter(action__in=ACTIONS)
    return [(event.action, json.loads(bytes(event.payload.body)).get("text", "")) for event in events]


def test_a_question_goes_from_the_manager_to_the_agent_and_back(
    browser: Client, agents_browser: Client, entry: Submission
) -> None:
    browser.post(f"/history/{entry.uuid}/ask/", {"text": WORDS})
    question = Question.objects.get()
    assert WORDS in agents_browser.get("/submissions/").text
    assert "Waits for your answer" in agents_browser.get(f"/submissions/{entry.uuid}/").text
    answered = agents_browser.post(
        f"/submissions/questions/{question.uuid}/answer/", {"text": "Twice.", "version": 0}, follow=True
    )
    assert "Your answer is saved" in answered.text
    page = browser.get(f"/history/{entry.uuid}/").text
    assert "Twice." in page
    assert "Answered" in page
    assert WORDS not in agents_browser.get("/submissions/").text
    browser.post(f"/history/questions/{question.uuid}/ask/", {"text": "When?", "version": 1})
    assert "When?" in agents_browser.get("/submissions/").text
    browser.post(f"/history/questions/{question.uuid}/close/", {"version": 2})
    assert "When?" not in agents_browser.get("/submissions/").text
    assert recorded(entry) == [
        (Action.QUESTION_ASKED, WORDS),
        (Action.QUESTION_ANSWERED, "Twice."),
        (Action.QUESTION_ASKED, "When?"),
        (Action.QUESTION_CLOSED, ""),
    ]


def test_the_number_of_open_questions_stands_in_the_head_of_every_page(
    agents_browser: Client, asked: Question, agent: User
) -> None:
    for path in ("/submissions/new/", "/submissions/questions/"):
        assert "Questions (1" in agents_browser.get(path).text
    assert asked.answer(agent, "Yes.")
    for path in ("/submissions/new/", "/submissions/questions/"):
        assert "Questions (" not in agents_browser.get(path).text


def test_the_story_of_the_entry_tells_the_steps(browser: Client, entry: Submission, asked: Question) -> None:
    assert "mia asked a question about it." in browser.get(f"/history/{entry.uuid}/").text


def test_another_agent_sees_and_answers_nothing(
    agent2: User, asked: Question, entry: Submission, signed_in: Callable[[User], Client]
) -> None:
    other = signed_in(agent2)
    assert "Questions (" not in other.get("/submissions/").text
    answer = other.post(f"/submissions/questions/{asked.uuid}/answer/", {"text": "I know!", "version": 0})
    assert answer.status_code == 404
    assert other.post(f"/history/{entry.uuid}/ask/", {"text": "Me too"}).status_code == 403
    assert Remark.objects.count() == 1


def test_a_manager_cannot_answer_for_the_agent(browser: Client, asked: Question) -> None:
    assert browser.post(f"/submissions/questions/{asked.uuid}/answer/", {"text": "x", "version": 0}).status_code == 404


def test_nobody_asks_themselves(browser: Client, manager: User) -> None:
    own = make_submission(manager, State.DELIVERED)
    assert "Ask about this entry" not in browser.get(f"/history/{own.uuid}/").text
    refused = browser.post(f"/history/{own.uuid}/ask/", {"text": "Well?"})
    assert refused.status_code == 409
    assert "This is your own entry" in refused.text
    assert not Question.objects.exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "Write something first."), ("  \n ", "Write something first."), ("x" * 2001, "at most 2000 characters")],
)
def test_words_that_cannot_be_sent_are_refused_with_a_sentence_and_kept(
    browser: Client, agents_browser: Client, entry: Submission, asked: Question, text: str, sentence: str
) -> None:
    for client, path in (
        (browser, f"/history/{entry.uuid}/ask/"),
        (browser, f"/history/questions/{asked.uuid}/ask/"),
        (agents_browser, f"/submissions/questions/{asked.uuid}/answer/"),
    ):
        refused = client.post(path, {"text": text, "version": 0})
        assert refused.status_code == 422
        assert sentence in refused.text
        assert text.strip() in refused.text
    assert Remark.objects.count() == 1


@pytest.mark.parametrize("version", ["7", "", "x", "-1", "99999999999"])
def test_a_word_on_a_question_that_has_changed_is_kept_but_not_sent(
    browser: Client, agents_browser: Client, asked: Question, version: str
) -> None:
    for client, path in (
        (browser, f"/history/questions/{asked.uuid}/ask/"),
        (agents_browser, f"/submissions/questions/{asked.uuid}/answer/"),
    ):
        refused = client.post(path, {"text": "And another thing", "version": version})
        assert refused.status_code in (409, 422)
        assert "And another thing" in refused.text
    assert browser.post(f"/history/questions/{asked.uuid}/close/", {"version": version}).status_code == 409
    asked.refresh_from_db()
    assert (asked.status, Remark.objects.count()) == (Question.Status.OPEN, 1)


def test_what_is_closed_stays_closed(browser: Client, agents_browser: Client, asked: Question, manager: User) -> None:
    assert asked.close(manager)
    answer = agents_browser.post(f"/submissions/questions/{asked.uuid}/answer/", {"text": "Late", "version": 1})
    assert answer.status_code == 409
    assert "closed meanwhile" in answer.text
    assert browser.post(f"/history/questions/{asked.uuid}/ask/", {"text": "Late", "version": 1}).status_code == 409
    assert browser.post(f"/history/questions/{asked.uuid}/close/", {"version": 0}).status_code == 302
    assert Remark.objects.count() == 1


def test_of_two_who_speak_at_once_the_second_is_told(asked: Question, agent: User, manager: User) -> None:
    stale = Question.objects.get(pk=asked.pk)
    assert asked.answer(agent, "Yes.")
    assert not stale.ask_on(manager, "Hello?")
    assert [remark.text for remark in asked.remarks.all()] == [WORDS, "Yes."]


def test_words_are_written_once(asked: Question) -> None:
    with pytest.raises(AppendOnlyError):
        Remark.objects.update(text="something else")
    with pytest.raises(DatabaseError), transaction.atomic():
        Remark._base_manager.update(text="something else")
    assert Remark.objects.get().text == WORDS


def test_erasing_reaches_every_word_and_nothing_can_be_said_afterwards(
    browser: Client, agents_browser: Client, entry: Submission, asked: Question, manager: User, agent: User
) -> None:
    assert asked.answer(agent, "Lee Klameth said it twice.")
    assert erase(manager, ErasureReason.PERSON_ASKED, [entry])
    assert set(Remark.objects.values_list("text", flat=True)) == {""}
    events = AuditEvent.objects.about(entry).filter(action__in=ACTIONS)
    assert events.count() == 2
    assert not any(hasattr(event, "payload") for event in events)
    page = browser.get(f"/history/{entry.uuid}/").text
    assert "(erased)" in page
    assert "Ask about this entry" not in page
    for client, path in (
        (browser, f"/history/{entry.uuid}/ask/"),
        (browser, f"/history/questions/{asked.uuid}/ask/"),
        (agents_browser, f"/submissions/questions/{asked.uuid}/answer/"),
    ):
        assert client.post(path, {"text": "But", "version": 1}).status_code == 409


def test_words_are_shown_as_text(browser: Client, agents_browser: Client, entry: Submission, manager: User) -> None:
    Question.ask(entry, manager, "<script>x</script>")
    for client, path in ((browser, f"/history/{entry.uuid}/"), (agents_browser, "/submissions/")):
        assert "<script>x" not in client.get(path).text


def test_a_superuser_may_ask_and_an_outsider_may_not(
    entry: Submission, superuser: User, admin: User, signed_in: Callable[[User], Client]
) -> None:
    nobody = make_user("nobody")
    for user in (admin, nobody):
        assert signed_in(user).post(f"/history/{entry.uuid}/ask/", {"text": "Hm"}).status_code == 403
    assert signed_in(superuser).post(f"/history/{entry.uuid}/ask/", {"text": "Hm"}).status_code == 302
