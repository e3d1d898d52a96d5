"""Drafts of the entry form: what is kept while somebody types, and the form as they left it."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.http import QueryDict
from django.urls import reverse

from ..models import Call, Draft, Kind, ReasonCode, Role, Submission, SurveyField, WorkflowStatus
from ..models.drafts import Values
from .amend import WHY
from .form import EntryForm, input_name
from .reasons import ReasonsField
from .restore import is_offered
from .zones import CLOCK

#: Longest draft, in characters of all its answers: several times a full form.
LONGEST = 50_000
#: Names the call-back that is being made; nobody types it.
CALL_AGAIN = "call-again"
#: What is kept of the form beside the answers.
BESIDE = frozenset({WHY, CALL_AGAIN, "call-note", "call-back", CLOCK})
NAMELESS = "No name yet"


class Spent(Exception):
    """The form has become a submission or a call already: nothing of it is kept any more."""


class TooLong(Exception):
    """There is more text than the form can take."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A draft in a list. who: the customer, as far as was typed; score: as typed, or empty; address: opens it."""

    token: uuid.UUID
    who: str
    score: str
    corrects: bool
    updated_at: datetime
    address: str


def typed(data: QueryDict) -> Values:
    """The answers in what was posted, as typed; everything else on the page is left out. Raises TooLong."""
    names = {input_name(row) for row in SurveyField.objects.active()} | {Role.SCORE.value} | BESIDE
    values = {name: [text.replace("\0", "\ufffd") for text in data.getlist(name)] for name in data if name in names}
    if sum(len(text) for texts in values.values() for text in texts) > LONGEST:
        raise TooLong
    return values


def keep(agent: User, token: uuid.UUID, values: Values, version: int | None, revises: Submission | None = None) -> int:
    """Keep what was typed into a form; gives the version, 0 if there is nothing to keep (any more).

    Raises Spent, Clash if it was kept from elsewhere since `version`, NotYours if it is another agent's.
    """
    with transaction.atomic():
        Draft.objects.alone(agent)
        if Submission.objects.filter(submit_token=token).exists() or Call.objects.filter(token=token).exists():
            raise Spent
        if _says_something(values):
            return Draft.objects.keep(agent, token, values, version, revises)
        Draft.objects.of(agent).filter(token=token, version=version or 0).delete()
        return 0


def drafts_of(agent: User, but: uuid.UUID | None = None, most: int = 50) -> Sequence[Listed]:
    """The agent's drafts for a list, the one touched last first; without the one named by `but`."""
    drafts = Draft.objects.of(agent).select_related("revises")
    found = list((drafts.exclude(token=but) if but else drafts)[:most])
    names = _names() if found else ()
    return [
        Listed(
            token=draft.token,
            who=_who(draft, names),
            score=_first(draft, Role.SCORE),
            corrects=draft.revises_id is not None,
            updated_at=draft.updated_at,
            address=address(draft),
        )
        for draft in found
    ]


def address(draft: Draft) -> str:
    """The page that opens a draft."""
    others = draft.revises is not None and draft.revises.agent_id != draft.agent_id
    page = reverse("correct", args=[draft.revises.uuid]) if draft.revises and others else reverse("new")
    return f"{page}?draft={draft.token}"


def fill(form: EntryForm, values: Values) -> list[str]:
    """Put the answers into an empty form as they were typed, unjudged; gives a sentence for each that has no place."""
    left_out, initial = [], dict[str, str | list[str]]()
    for name, texts in values.items():
        field = form.fields.get(name)
        if name in BESIDE - {WHY}:
            continue
        if field is None:
            left_out += [f"“{text}” ({name}) is not asked any more and was left out." for text in texts if text]
            continue
        kept = [text for text in texts if not text or is_offered(field, text)]
        lost = [text for text in texts if text not in kept]
        left_out += [f"{field.label}: “{shown}” is not offered any more. Choose again." for shown in _shown(name, lost)]
        initial[name] = kept if isinstance(field, ReasonsField) else (kept or [""])[0]
    form.initial = initial
    return left_out


def _shown(name: str, values: Sequence[str]) -> Iterable[str]:
    """Answers by the names that people know them by."""
    known: dict[str, str] = {}
    if name == Role.REASONS:
        known = dict(ReasonCode.objects.filter(code__in=values).values_list("code", "label"))
    elif name == Role.WORKFLOW_STATUS:
        known = dict(WorkflowStatus.objects.filter(code__in=values).values_list("code", "label"))
    return (known.get(value, value) for value in values)


def _says_something(values: Values) -> bool:
    """Whether anything was typed: what the empty form holds by itself says nothing."""
    default = WorkflowStatus.objects.active().filter(default=True).values_list("code", flat=True).first() or ""
    nothing = {"", default if Role.WORKFLOW_STATUS in values else ""}
    beside = (Role.WORKFLOW_STATUS, CALL_AGAIN, CLOCK)
    said = (text.strip() for name, texts in values.items() if name not in beside for text in texts)
    return any(said) or any(text not in nothing for text in values.get(Role.WORKFLOW_STATUS, ()))


def _names() -> Sequence[Sequence[str]]:
    """Inputs that say who the customer is, in groups: the names, then each other one."""
    rows = list(SurveyField.objects.active().filter(role=Role.CUSTOMER))
    return [[row.key for row in rows if row.kind == Kind.TEXT and row.personal], *([row.key] for row in rows)]


def _who(draft: Draft, names: Sequence[Sequence[str]]) -> str:
    """The customer by the first group of which anything was typed."""
    told = (" ".join(filter(None, (_first(draft, name) for name in group))) for group in names)
    return next(filter(None, told), NAMELESS)


def _first(draft: Draft, name: str) -> str:
    return next(iter(draft.values.get(name, ())), "").strip()
