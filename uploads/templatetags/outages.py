"""What is worth saying about the last outage on pages that are about something else."""

from django import template

from .. import outages

register = template.Library()


@register.inclusion_tag("health/outage_news.html")
def outage_news() -> dict[str, outages.Receipt | None]:
    """The receipt of the last outage in one line, if it ended within a day."""
    return {"outage": outages.in_the_news()}
