"""The calls that an agent is to make again: those whose time has come, and that one of them was made."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from ..models import Call
from .own import read_uuid

#: Outcome of the audit event of a call-back that was made.
CALLED = "called"
#: So many are fetched; more than these are only counted as "more".
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Due:
    """The calls that are due, the first one first. seen: changes whenever they do."""

    calls: Sequence[Call]

    @property
    def seen(self) -> str:
        """What an open page sends along to learn only of changes."""
        return f"{zlib.crc32(repr([call.pk for call in self.calls]).encode()):x}"


def due(agent: User) -> Due:
    """What the agent should call again now."""
    return Due(list(Call.objects.due(agent)[:SHOWN]))


def called_again(agent: User, named: str) -> None:
    """The open call-back of one's own that is named (by its uuid) has been made; anything else names nothing."""
    found = read_uuid(named)
    call = Call.objects.to_call_back(agent).filter(uuid=found).first() if found else None
    if call:
        call.settle(agent, CALLED)
