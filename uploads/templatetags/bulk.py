"""The offer, on the attention page, to decide about everything that matches its filter."""

from typing import Any

from django import template
from django.template.context import Context

from ..history.bulk_words import offers
from ..models import Bulk

register = template.Library()


@register.inclusion_tag("history/bulk_offers.html", takes_context=True)
def bulk_offers(context: Context) -> dict[str, Any]:
    """What can be decided about all that match the address's `state` and `cause`, and what is under way already."""
    asked = context["request"].GET
    state, cause = asked.get("state", ""), asked.get("cause", "")
    under_way = Bulk.objects.under_way().count()
    return {"offers": offers(state, cause), "state": state, "cause": cause, "under_way": under_way,
            "any": under_way or Bulk.objects.exists()}  # fmt: skip
