"""Agents answer what managers ask about their entries."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from ..models import Question
from ..remarks import RemarkForm
from ..roles import ENTER, required
from .own import agent_of

OVERTAKEN = "The question has changed meanwhile: read it again. What you wrote was not sent; it still stands below."
CLOSED = "The question was closed meanwhile, so there is nothing to answer any more."
ERASED = "This entry was erased: nothing more can be said about it."


@require_POST
@required(ENTER)
def answer(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The answer to a question about one's own entry. 422 without words, 409 if the question has changed."""
    agent, form = agent_of(request), RemarkForm(request.POST)
    found = Question.objects.select_related("submission").filter(submission__agent=agent)
    question = get_object_or_404(found, uuid=uuid)
    if hasattr(question.submission, "erasure"):
        return _page(request, question, form, ERASED, status=409)
    if not form.is_valid():
        return _page(request, question, form, form.problem, status=422)
    if form.cleaned_data["version"] != question.version or not question.answer(agent, form.cleaned_data["text"]):
        question.refresh_from_db()
        return _page(request, question, form, CLOSED if question.closed else OVERTAKEN, status=409)
    messages.success(request, "Your answer is saved, and the managers can read it.")
    return redirect(reverse("submission", args=[question.submission.uuid]) + "#questions")


@require_safe
@required(ENTER)
def waiting(request: HttpRequest) -> HttpResponse:
    """A fragment: the link to the questions that wait, as it stands in the navigation."""
    return render(request, "entry/_questions_waiting.html")


def _page(request: HttpRequest, question: Question, form: RemarkForm, problem: str, status: int) -> HttpResponse:
    context = {"submission": question.submission, "posted": form, "problem": problem, "posted_to": question}
    return render(request, "entry/questions.html", context, status=status)
