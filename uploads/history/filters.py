"""The questions managers ask of the list: an address's query becomes a narrowed queryset, or a sentence."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.validators import RegexValidator
from django.db import connection
from django.db.models import Exists, F, OuterRef, Subquery

from ..models import Attempt, Contact, Delivery, ReasonCode, State, Submission, WorkflowStatus
from ..models.search import giving_reason
from ..models.submission import SubmissionQuerySet
from .address import AddressFilter
from .search import TooShort, searched, wanted

#: Score bands of the Net Promoter Score: first and last score of each.
BANDS = {"detractor": (0, 6), "passive": (7, 8), "promoter": (9, 10)}

#: The address's word for an empty answer to whether the customer wishes to be contacted.
NOT_ASKED = "not-asked"
#: What the audit log and saved views have instead of the words that were searched for: these may name a person.
NOT_KEPT = "(not kept)"


def _choice(label: str, anything: str, what: str, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        required=False,
        choices=[("", anything), *choices],
        error_messages={"invalid_choice": f"There is no such {what}. Choose one from the list."},
    )


def _number(label: str, longest: int, example: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        validators=[RegexValidator(rf"\A[A-Za-z0-9_-]{{1,{longest}}}\Z", f"This can be no such number. {example}")],
    )


class HistoryFilter(AddressFilter):
    """The filter of the list of results."""

    field_order = ("q", "state", "since", "until", "agent", "band")

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"type": "search", "autocomplete": "off", "placeholder": "Words, name, e-mail, number"}
        ),
        error_messages={"max_length": "This is too long: at most %(limit_value)d characters."},
    )
    state = _choice("State", "Any state", "state", State.choices)
    agent = _choice("Agent", "All agents", "agent", [])
    band = _choice(
        "Score",
        "Any score",
        "score band",
        [(name, f"{name.capitalize()}s {first}–{last}") for name, (first, last) in BANDS.items()],
    )
    reason = _choice("Reason", "Any reason", "reason", [])
    workflow = _choice("Workflow status", "Any status", "workflow status", [])
    contact = _choice(
        "Contact", "Any wish", "answer",
        [(Contact.YES, "Wishes contact"), (Contact.NO, "No contact"), (NOT_ASKED, "Not asked")],
    )  # fmt: skip
    cg = _number("CG number", 64, "CustomerGauge writes them like 90001.")
    code = _number("Error code", 16, "CustomerGauge writes them like 400003.")

    #: Those that stand folded away until they are used.
    RARE: tuple[str, ...] = ("reason", "workflow", "contact", "cg", "code")

    def prepare(self) -> None:
        # Names are compared in Python: whatever stands in the address never reaches the database.
        entered = Submission.objects.filter(agent=OuterRef("pk"))
        agents = list(User.objects.filter(Exists(entered)).order_by("username"))
        self._agents = {user.get_username(): user.pk for user in agents}
        self._offer("agent", [(user.get_username(), user.get_full_name() or user.get_username()) for user in agents])
        self._offer("reason", [(row.code, f"{row.label} ({row.code})") for row in ReasonCode.objects.all()])
        self._offer("workflow", [(row.code, row.label) for row in WorkflowStatus.objects.all()])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = [field.choices[0], *choices]

    @property
    def usual(self) -> list[forms.BoundField]:
        """The fields that are always seen."""
        return [field for field in self if field.name not in self.RARE]

    @property
    def rare(self) -> list[forms.BoundField]:
        """The fields that are folded away."""
        return [field for field in self if field.name in self.RARE]

    @property
    def unfolded(self) -> int:
        """How many of the folded fields are used, or wrong."""
        return sum(bool(self.data.get(name)) for name in self.RARE)

    @property
    def given(self) -> dict[str, str]:
        """The filter as it stands in the address, without what was left empty. It may name a person."""
        return {name: value for name in self.fields if (value := self.data.get(name))}

    @property
    def recorded(self) -> dict[str, str]:
        """The filter as it may be written down: without the words that were searched for."""
        return self.given | ({"q": NOT_KEPT} if "q" in self.given else {})

    def clean_q(self) -> str:
        text = str(self.cleaned_data["q"])
        try:
            wanted(text)
        except TooShort as error:
            raise forms.ValidationError(str(error)) from error
        return text

    def narrow(self, submissions: SubmissionQuerySet) -> SubmissionQuerySet:
        """The submissions that answer the filter; none if the filter is invalid. Days are days of the portal's zone."""
        if not self.is_valid():
            return submissions.none()
        asked = {name: answer for name, answer in self.cleaned_data.items() if answer}
        submissions = submissions.filter(**self.between("created_at"))
        if "state" in asked:
            submissions = _in_state(submissions, asked["state"])
        if "agent" in asked:
            submissions = submissions.filter(agent=self._agents[asked["agent"]])
        if "band" in asked:
            submissions = _in_band(submissions, BANDS[asked["band"]])
        return _narrow_rarely(submissions, asked)


def _narrow_rarely(submissions: SubmissionQuerySet, asked: dict[str, Any]) -> SubmissionQuerySet:
    if "reason" in asked:
        submissions = submissions.filter(giving_reason(asked["reason"]))
    if "workflow" in asked:
        submissions = submissions.filter(workflow_status=asked["workflow"])
    if "contact" in asked:
        submissions = submissions.filter(contact=asked["contact"].replace(NOT_ASKED, ""))
    if "cg" in asked:  # that it is not empty is said once more, because the index leaves the empty ones out
        submissions = submissions.filter(pk__in=Delivery.objects.filter(cg_id=asked["cg"]).exclude(cg_id=""))
    if "code" in asked:
        answered = Attempt.objects.filter(code=asked["code"]).order_by()
        submissions = submissions.filter(pk__in=answered.values("delivery"))
    return searched(submissions, asked["q"]) if "q" in asked else submissions


# PostgreSQL knows by its statistics what is rare, and looks that up; the rest it finds soonest by reading by date.
# SQLite does not, so it is told.


def _in_state(submissions: SubmissionQuerySet, state: str) -> SubmissionQuerySet:
    if state == State.DELIVERED and connection.vendor == "sqlite":  # nearly every row
        own = Delivery.objects.filter(submission=OuterRef("pk")).values("state")
        return submissions.alias(now=Subquery(own)).filter(now=state)
    return submissions.filter(delivery__state=state)


def _in_band(submissions: SubmissionQuerySet, band: tuple[int, int]) -> SubmissionQuerySet:
    if connection.vendor == "sqlite":  # plus nothing: a band's rows, gathered by score, would all have to be sorted
        return submissions.alias(points=F("score") + 0).filter(points__range=band)
    return submissions.filter(score__range=band)
