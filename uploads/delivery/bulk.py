"""Carrying out what managers have decided about many: a side job that is found again from its table."""

import os
import socket
import time

from ..models import Bulk

#: So long one turn lasts, so that other side jobs, and a stop of the worker, need not wait for the end.
TURN = 20.0  # seconds
#: Between two chunks, so that what agents save meanwhile gets its turn to write.
BREATH = 0.05  # seconds


def carry_on() -> bool:
    """Handle chunk after chunk for one turn, the oldest decision first. True if there is more to do."""
    worker = f"{socket.gethostname()}:{os.getpid()}"
    end = time.monotonic() + TURN
    while bulk := Bulk.objects.running().first():
        while bulk.carry_on(worker):
            if time.monotonic() > end:
                return True
            time.sleep(BREATH)
    return False
