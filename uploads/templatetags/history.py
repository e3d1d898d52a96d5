"""Pieces of the history's pages."""

from django import template

from ..history.masking import masked_name
from ..models import Submission

register = template.Library()


@register.filter
def name_of(submission: Submission, shown: bool) -> str:
    """Who a result is about: masked, unless names are shown."""
    return submission.customer_name if shown else masked_name(submission)
