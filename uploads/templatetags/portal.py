"""What templates need to ask: who may what, where am I, how is a state shown."""

from typing import Any

from django import template
from django.contrib.auth.models import User
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .. import roles

register = template.Library()
PERMISSIONS = {
    "enter": roles.ENTER,
    "review": roles.REVIEW,
    "lookups": roles.LOOKUPS,
    "health": roles.HEALTH,
    "pause": roles.PAUSE,
    "erase": roles.ERASE,
}


@register.filter
def may(user: User, what: str) -> bool:
    """Whether the user may enter, review, keep lookups, see health, pause or erase."""
    return roles.may(user, PERMISSIONS[what])


@register.filter
def role_name(user: User) -> str:
    """The name of the user's role, as people say it."""
    if user.is_superuser:
        return "Superuser"
    return ", ".join(group.name.capitalize() for group in user.groups.all()) or "No role yet"


@register.simple_tag(takes_context=True)
def nav_link(context: Context, name: str, text: str, *inner: str, count: int = 0) -> SafeString:
    """A link of the main navigation, marked when it leads to where the person is (or to a page inside: `inner`)."""
    match = getattr(context.get("request"), "resolver_match", None)
    namespace = name.rpartition(":")[0]
    here = match is not None and (match.view_name in {name, *inner} or namespace in match.namespaces)
    current = SafeString(' aria-current="page"') if here else ""
    number = f" ({count})" if count else ""
    return format_html('<a href="{}"{}>{}{}</a>', reverse(name), current, text, number)


@register.filter
def message_class(tags: str) -> str:
    """Bootstrap's class for the level of a message."""
    return {"error": "alert-danger", "warning": "alert-warning", "success": "alert-success"}.get(tags, "alert-info")


@register.inclusion_tag("includes/state.html")
def state_chip(state: str, label: str) -> dict[str, str]:
    """A delivery state as a coloured word."""
    return {"state": state, "label": label}


@register.inclusion_tag("includes/score.html")
def score_chip(score: int, band: str) -> dict[str, object]:
    """A score with the colour and the word of its band."""
    return {"score": score, "band": band}


@register.simple_tag
def label_cells(changelist: Any) -> str:
    """Name the inputs of an administrator's list that is edited in place ("Position: 1010 Service"); prints nothing.

    The column's head and the row's first cell say it to the eye only (WCAG 2.2, 1.3.1).
    """
    for form in changelist.formset or ():
        for field in form.visible_fields():
            field.field.widget.attrs["aria-label"] = f"{field.label}: {form.instance}"
    return ""
