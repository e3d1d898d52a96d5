"""What stands around the entry form: the call script, the way out without a survey, and the calls that are due."""

from typing import Any

from django import template
from django.contrib.auth.models import User
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..entry import script
from ..entry.calls import AGAIN, CallForm
from ..entry.due import Due
from ..entry.due import due as due_now
from ..models import Call

register = template.Library()


@register.simple_tag
def scores() -> list[str]:
    """The values of the score's buttons."""
    return [str(score) for score in range(11)]


@register.inclusion_tag("entry/_script.html", takes_context=True)
def call_script(context: Context, *, above: bool = False) -> dict[str, Any]:
    """The script of a new entry: open beside the form, and where there is no room for that, folded above it.

    Only one of the two is there at a time, so that its place is the same for eyes, keys and readers. A correction has
    none: nobody makes it on the telephone.
    """
    return {"script": _told(context), "above": above}


@register.inclusion_tag("entry/_follow_up.html", takes_context=True)
def follow_up(context: Context) -> dict[str, Any]:
    """What to ask next, by band of the score."""
    return {"script": _told(context)}


@register.inclusion_tag("entry/_calls.html", takes_context=True)
def no_survey(context: Context) -> dict[str, Any]:
    """The way out of a new entry for a call that ended without a survey."""
    sheet, request = context["sheet"], context["request"]
    if sheet.about:
        return {}
    form = context.get("call_form") or CallForm()
    again = request.POST.get(AGAIN) or request.GET.get("call") or context.get("call_again") or ""
    return {"call_form": form, "again": again, "AGAIN": AGAIN}


@register.simple_tag
def calls_due(user: User) -> Due:
    """The calls that the agent should make again now."""
    return due_now(user)


@register.simple_tag
def work_label(due: Due) -> SafeString:
    """The words of the link to one's own work, with the number of calls that are due."""
    return format_html("My work{}", number_due(due))


@register.simple_tag
def number_due(due: Due, swap: bool = False) -> SafeString:
    """The number of calls that are due, as it stands in the navigation; with `swap` it takes that one's place."""
    count = len(due.calls)
    words = format_html(' ({}<span class="visually-hidden"> to call back</span>)', count) if count else ""
    return format_html('<span id="calls-number"{}>{}</span>', SafeString(' hx-swap-oob="true"' if swap else ""), words)


@register.filter
def phones(call: Call) -> str:
    """The telephone numbers that the call's customer gave."""
    return ", ".join(field["value"] for field in call.customer if field["kind"] == "phone")


def _told(context: Context) -> script.Told | None:
    sheet = context.get("sheet")
    return script.tell(context["form"], sheet.agent) if sheet and not sheet.about else None
