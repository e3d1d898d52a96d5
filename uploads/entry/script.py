"""The call script with its tags filled in: what the server knows now, the rest while the agent types."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.utils import timezone

from ..models import CallScript
from ..models.script import CUSTOMER, TAG, TAGS
from .form import EntryForm

#: From which hour on one greets like this; before the first of them the last one goes on.
GREETINGS = ((5, "Good morning"), (12, "Good afternoon"), (18, "Good evening"))
BANDS = ("detractor", "passive", "promoter")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a script. text: what it says; tag: what it is filled from, empty for words that stand as they are;
    label: what stands in its place while nothing is known."""

    text: str
    tag: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask somebody in this band of scores."""

    band: str
    pieces: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Told:
    """A script for one agent and one form. greetings: as JSON, for the page that stays open over noon."""

    pieces: Sequence[Piece] = ()
    questions: Sequence[Question] = ()
    zone: str = ""
    greetings: str = field(default_factory=lambda: json.dumps(GREETINGS))


def tell(form: EntryForm, agent: User) -> Told:
    """The script and its questions, as far as somebody has written any, for what stands in the form."""
    script = CallScript.current()
    known, labels = _known(agent) | _typed(form), _labels(form)
    return Told(
        pieces=_pieces(script.text, known, labels),
        questions=[
            Question(band, _pieces(getattr(script, band), known, labels)) for band in BANDS if getattr(script, band)
        ],
        zone=form.zone.key,
    )


def greeting(hour: int) -> str:
    """What one says at this hour of the day (0 to 23)."""
    return next((words for first, words in reversed(GREETINGS) if hour >= first), GREETINGS[-1][1])


def _known(agent: User) -> dict[str, str]:
    return {
        "agent.first_name": agent.first_name or agent.get_username(),
        "agent.last_name": agent.last_name,
        "greeting": greeting(timezone.localtime().hour),
    }


def _typed(form: EntryForm) -> dict[str, str]:
    return {CUSTOMER + name: str(form[name].value() or "") for name in form.customer_names}


def _labels(form: EntryForm) -> dict[str, str]:
    return TAGS | {CUSTOMER + name: str(form.fields[name].label).lower() for name in form.customer_names}


def _pieces(text: str, known: Mapping[str, str], labels: Mapping[str, str]) -> list[Piece]:
    """A tag whose field has gone since the script was written is left as a gap with its name."""
    parts = TAG.split(text)
    made = [Piece(part) for part in parts]
    made[1::2] = [Piece(known.get(tag, ""), tag, labels.get(tag, tag.removeprefix(CUSTOMER))) for tag in parts[1::2]]
    return [piece for piece in made if piece.text or piece.tag]
