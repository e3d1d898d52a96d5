"""The same customer once more: by which identities an entry is found, and what has been entered about them before."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from ..models import CustomerKey, CustomerValue, Role, State, Submission, SurveyField
from ..roles import ENTER, required
from .form import IDENTITIES, Entry
from .own import agent_of

SHOWN = 3
#: What is entered twice within so long is taken for one call.
AT_ONCE = timedelta(minutes=10)
LONGEST = 254

Identity = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Earlier:
    """An entry about the same customer, as far as the agent may see it: of others' neither score nor address."""

    submission: Submission
    own: bool

    @property
    def who(self) -> str:
        """Who entered it."""
        return "you" if self.own else self.submission.agent_name


def identities(customer: Iterable[CustomerValue]) -> set[Identity]:
    """(kind, comparable value) of each customer field that says who it is."""
    return {
        (field["kind"], normal[:LONGEST])
        for field in customer
        if field["kind"] in IDENTITIES and (normal := CustomerKey.normal(field["kind"], field["value"]))
    }


def keys_of(submission: Submission) -> list[CustomerKey]:
    """The rows by which a submission will be found, not yet written."""
    return [
        CustomerKey(submission=submission, kind=kind, value=value) for kind, value in identities(submission.customer)
    ]


def earlier(known: set[Identity], since: datetime | None = None) -> list[Submission]:
    """What was entered about a customer, newest first; without versions that were replaced, and what is not sent."""
    keys = CustomerKey.objects.naming({value for _, value in known}).exclude(
        submission__delivery__state=State.CANCELLED
    )
    keys = keys.filter(submission__revision=None).select_related("submission__delivery")
    found = dict[int, Submission]()
    for key in keys.filter(submission__created_at__gte=since) if since else keys[: SHOWN * len(IDENTITIES) * 4]:
        if (key.kind, key.value) in known:
            found.setdefault(key.submission_id, key.submission)
    return list(found.values())


def equal(entry: Entry, agent: User) -> Earlier | None:
    """What somebody entered within ten minutes that seems to be this very call, if anything.

    The same customer and score, and the same minute of completion or the same comment.
    """
    for row in earlier(identities(entry.customer), timezone.now() - AT_ONCE):
        said = row.score == entry.score and (
            _minute(row.completed_at) == _minute(entry.completed_at) or (row.comment and row.comment == entry.comment)
        )
        if said:
            return Earlier(row, row.agent_id == agent.pk)
    return None


@require_POST
@required(ENTER)
def same(request: HttpRequest) -> HttpResponseBase:
    """A fragment: what was entered before about the customer of the form, as far as the agent may know of it."""
    agent = agent_of(request)
    rows = SurveyField.objects.active().filter(role=Role.CUSTOMER, kind__in=IDENTITIES)
    typed = [
        CustomerValue(key=row.key, label=row.label, kind=row.kind, value=request.POST.get(row.key, ""), personal=True)
        for row in rows
    ]
    known = {(kind, value) for kind, value in identities(typed) if "\0" not in value}
    found = [Earlier(row, row.agent_id == agent.pk) for row in earlier(known)] if known else []
    return render(request, "entry/_same.html", {"same": found[:SHOWN], "more": len(found) > SHOWN})


def _minute(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(second=0, microsecond=0)
