"""Managers ask the agent of an entry, ask on, and close what is answered."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from ..models import Question, Submission
from ..remarks import RemarkForm
from ..roles import REVIEW, required

OWN = "This is your own entry: there is nobody to ask."
ERASED = "This entry was erased: nothing more can be said about it."
OVERTAKEN = "Somebody was faster: read what was said meanwhile. What you wrote was not sent; it still stands below."


@require_POST
@required(REVIEW)
def ask(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """A new question about an entry. 422 without words, 409 where nobody can be asked."""
    submission, manager = get_object_or_404(Submission, uuid=uuid), _manager(request)
    form = RemarkForm(request.POST)
    if submission.agent_id == manager.pk or hasattr(submission, "erasure"):
        return _page(request, submission, form, OWN if submission.agent_id == manager.pk else ERASED, status=409)
    if not form.is_valid():
        return _page(request, submission, form, form.problem, status=422)
    Question.ask(submission, manager, form.cleaned_data["text"])
    return _asked(request, submission)


@require_POST
@required(REVIEW)
def ask_on(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """A further word on a question. 422 without words, 409 if it is no longer as the manager saw it."""
    question, form = _question(uuid), RemarkForm(request.POST)
    if hasattr(question.submission, "erasure"):
        return _page(request, question.submission, form, ERASED, status=409)
    if not form.is_valid():
        return _page(request, question.submission, form, form.problem, question, status=422)
    seen = form.cleaned_data["version"]
    if seen != question.version or not question.ask_on(_manager(request), form.cleaned_data["text"]):
        return _page(request, question.submission, form, OVERTAKEN, question, status=409)
    return _asked(request, question.submission)


@require_POST
@required(REVIEW)
def close(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Nothing more is to be said. 409 if it is no longer as the manager saw it; closed twice it stays closed."""
    question = _question(uuid)
    seen = request.POST.get("version", "")
    if not question.closed and (seen != str(question.version) or not question.close(_manager(request))):
        return _page(request, question.submission, RemarkForm(), OVERTAKEN.partition(" What you")[0], status=409)
    messages.success(request, "The question is closed.")
    return _back(question.submission)


def _asked(request: HttpRequest, submission: Submission) -> HttpResponse:
    messages.success(request, f"{submission.agent_name or 'The agent'} sees your question in “My work” now.")
    return _back(submission)


def _back(submission: Submission) -> HttpResponse:
    return redirect(reverse("history_detail", args=[submission.uuid]) + "#questions")


def _page(
    request: HttpRequest, submission: Submission, form: RemarkForm, problem: str, question: Question | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """The conversation alone, with what was typed and what is wrong with it; `question` is what it was about."""
    context = {"submission": submission, "posted": form, "problem": problem, "posted_to": question}
    return render(request, "history/questions.html", context, status=status)


def _question(uuid: UUID) -> Question:
    return get_object_or_404(Question.objects.select_related("submission__agent"), uuid=uuid)


def _manager(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `required` has let nobody else through
    return request.user
