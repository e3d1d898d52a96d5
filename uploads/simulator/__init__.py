"""A stand-in for CustomerGauge that keeps a ledger and can be told to misbehave.

The way of a request: ``listener`` accepts, ``connection`` reads it with ``http`` and asks ``choices`` how to
behave; ``api`` gives the honest answer from the ``account``; ``ledger`` keeps what arrived; the ``script`` of the
chosen row of ``behaviours`` is played. ``control`` and ``page`` let people steer it. It imports nothing else of this
project, so that it cannot share a misunderstanding with the client it is there to test.

    with Simulator() as sim:
        sim.behave("reset-after-body", count=1)
        ...                      # call sim.url
        sim.wait_for_arrivals(1)
        assert sim.records
"""

from .account import Change, Record
from .behaviours import BEHAVIOURS
from .choices import Choice
from .ledger import Arrival
from .mapping import EXTENDED_STATUSES, STANDARD_STATUSES, Mapping
from .script import Behaviour
from .server import Simulator

__all__ = [
    "BEHAVIOURS",
    "EXTENDED_STATUSES",
    "STANDARD_STATUSES",
    "Arrival",
    "Behaviour",
    "Change",
    "Choice",
    "Mapping",
    "Record",
    "Simulator",
]
