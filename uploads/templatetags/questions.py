"""Questions about entries: those of one entry, and those that wait for an agent."""

from collections.abc import Sequence

from django import template
from django.contrib.auth.models import User

from ..models import Question, Submission
from ..remarks import RemarkForm

register = template.Library()


@register.simple_tag
def questions_about(submission: Submission) -> Sequence[Question]:
    """All questions about an entry, oldest first, with what was said."""
    return list(Question.objects.about(submission))


@register.simple_tag
def questions_for(user: User) -> Sequence[Question]:
    """The questions that wait for an answer of the user's, oldest first."""
    return list(Question.objects.for_agent(user).select_related("submission").prefetch_related("remarks"))


@register.simple_tag
def remark_form(question: Question | None = None, posted: RemarkForm | None = None) -> RemarkForm:
    """The form for a word on a question (none: a new one), with what was typed."""
    name = question.uuid if question else "new"
    form = posted or RemarkForm()
    form.auto_id = f"remark-{name}-%s"
    return form
