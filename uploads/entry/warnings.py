"""What is allowed and yet unlikely: the agent says why it is right, or mends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html

from ..models import Contact, Kind, Role, Thresholds
from . import text
from .form import Entry, EntryForm
from .same import Earlier, earlier, equal, identities
from .text import TextClass

LONGEST_REASON = 500
#: Inputs of the page: it shows warnings; those it has shown; why they are overruled.
SHOWS, SHOWN, REASON = "warn", "warned", "overrule"
#: Code of the warning that the customer was entered before.
BEFORE = "before"


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning. code: names it; sentence: what is unlikely and what to do; field: the input it is about, or empty."""

    code: str
    sentence: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Overruled:
    """What an entry was saved in spite of, and why; `reason` is empty if nobody was asked."""

    sentences: Sequence[str] = ()
    reason: str = ""

    def body(self) -> dict[str, Any]:
        """What the audit log keeps of it."""
        told = {"warnings": list(self.sentences)} if self.sentences else {}
        return told | ({"overruled": self.reason} if self.reason else {})


class Stopped(Exception):
    """The form goes back to the agent. warned: what must be overruled or mended; none if there is only an error."""

    def __init__(self, *warned: Warned) -> None:
        super().__init__("the form goes back")
        self.warned = warned


def check(form: EntryForm, entry: Entry, agent: User) -> Overruled:
    """What a valid new entry is saved in spite of.

    Raises Stopped if the page that was posted shows warnings and there is one to show. Whoever posts only the answers
    is not asked: what would have been said is recorded.
    """
    found, twice = warnings(form, entry, agent), equal(entry, agent)
    sentences = [warned.sentence for warned in found]
    if SHOWS not in form.data:
        return Overruled([*([_twice(twice)] if twice else []), *sentences])
    if twice:
        form.add_error(None, _linked(twice))
        raise Stopped
    if not found:
        return Overruled()
    return Overruled(sentences, _reason(form, found))


def warnings(form: EntryForm, entry: Entry, agent: User) -> list[Warned]:
    """Everything about a valid entry that is unlikely."""
    limits = Thresholds.current()
    made = (
        _long_ago(form, entry, limits), _out_of_reach(form, entry), _silent(form, entry, limits), _before(entry, agent)
    )  # fmt: skip
    return [warned for warned in made if warned]


def _reason(form: EntryForm, found: Sequence[Warned]) -> str:
    """Why the warnings are overruled. Raises Stopped unless all of them were shown and a reason was given."""
    data = form.data
    shown = set(data.getlist(SHOWN)) if isinstance(data, QueryDict) else set()
    if not {warned.code for warned in found} <= shown:
        raise Stopped(*found)
    try:
        reason = text.clean(data.get(REASON, ""), TextClass.NAME, LONGEST_REASON).text
    except text.Refused as refused:
        form.add_error(None, f"The reason {refused}")
        raise Stopped(*found) from refused
    if not reason:
        form.add_error(None, "The reason is missing. Say why it is right as it stands, or change it.")
        raise Stopped(*found)
    return reason


def _long_ago(form: EntryForm, entry: Entry, limits: Thresholds) -> Warned | None:
    done = entry.completed_at
    if done is None or timezone.now() - done <= timedelta(days=limits.survey_days):
        return None
    label, days = form.fields[Role.COMPLETED_AT].label, (timezone.now() - done).days
    return Warned("long_ago", f"{label} lies {days} days back. Check the date.", Role.COMPLETED_AT)


def _out_of_reach(form: EntryForm, entry: Entry) -> Warned | None:
    reach = [row for row in form.rows if row.role == Role.CUSTOMER and row.kind in (Kind.EMAIL, Kind.PHONE)]
    if entry.contact != Contact.YES or any(form.cleaned_data.get(row.key) for row in reach):
        return None
    return Warned("out_of_reach", "The customer wishes to be contacted, but there is neither an e-mail address nor a "
                  "phone number. Ask for one.", reach[0].key if reach else Role.CONTACT)  # fmt: skip


def _silent(form: EntryForm, entry: Entry, limits: Thresholds) -> Warned | None:
    limit = limits.comment_score
    if Role.COMMENT not in form.fields or limit is None or entry.score > limit or entry.comment:
        return None
    return Warned("silent", f"The score is {entry.score}, without a comment. Ask the customer why.", Role.COMMENT)


def _before(entry: Entry, agent: User) -> Warned | None:
    known = identities(entry.customer)
    found = earlier(known) if known else []
    if not found:
        return None
    last = Earlier(found[0], found[0].agent_id == agent.pk)
    when = date_format(timezone.localtime(found[0].created_at), "j F Y, H:i")
    return Warned(BEFORE, f"A result of this customer was entered before, by {last.who} on {when}. Enter another one "
                  "only if it is another survey.")  # fmt: skip


def _twice(found: Earlier) -> str:
    when = date_format(timezone.localtime(found.submission.created_at), "H:i")
    return f"This seems to be entered already, by {found.who} at {when}: the same customer and score."


def _linked(found: Earlier) -> str:
    """The same for the page, with the way out."""
    if not found.own:
        return f"{_twice(found)} If it is another survey, wait ten minutes or change what differs."
    page = reverse("submission", args=[found.submission.uuid])
    return format_html('{} <a href="{}">Open it</a>, and correct it there if need be.', _twice(found), page)
