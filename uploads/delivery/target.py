"""Practice and real results must not mix: what was entered for the simulator never leaves for a real account, and
what was entered for a real account is never "delivered" to the simulator."""

import logging
import time

import requests
from django.conf import settings
from django.db import transaction

from ..models import FINAL, OUTBOXES, Cause, Channel, State
from . import settle

log = logging.getLogger(__name__)
PATIENCE = 5.0  # seconds for a simulator that is just starting


class WrongTarget(RuntimeError):
    """This database's waiting results are not for the target that the settings name."""


def aim(worker: str) -> None:
    """Take note of the target; when practice is over, cancel what was entered for it.

    Raises WrongTarget where a simulator would swallow results that wait for a real account.
    """
    channel = Channel.current()
    url = settings.CUSTOMERGAUGE_URL
    if channel.target == url:
        return
    simulated = is_simulator(url)
    open_ones = [row for outbox in OUTBOXES for row in outbox.objects.exclude(state__in=FINAL)]
    with transaction.atomic():
        if channel.target and simulated and not channel.simulated and open_ones:
            raise WrongTarget(
                f"Results in this database wait for {channel.target}; {url} is the simulator. Use another database."
            )
        if channel.simulated and not simulated:
            for delivery in open_ones:
                if delivery.state == State.SENDING:  # the worker that practised is gone
                    settle.reap(delivery, worker)
                delivery.cancel(Cause(worker, evidence="practice_over"))
        channel.aim(worker, url, simulated=simulated)
    log.info("target is now %s%s", url, " (the simulator)" if simulated else "")


def is_simulator(url: str) -> bool:
    """Whether the simulator answers at a target on this machine."""
    if not settings.PRACTICE:
        return False
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            reply = requests.get(f"{url}/simulator/records.json", timeout=2, allow_redirects=False)
        except requests.ConnectionError:
            time.sleep(0.2)
        except requests.RequestException:
            return False
        else:
            return reply.status_code == 200 and "json" in reply.headers.get("Content-Type", "")
    return False
