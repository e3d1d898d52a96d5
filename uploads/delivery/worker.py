"""The worker process: the delivery loop in the main thread, wake-ups and side jobs beside it, a clean stop."""

import logging
import os
import signal
import socket
import threading
from types import FrameType

from django.conf import settings
from django.db.models.functions import Now

from cgportal import garbage

from ..alerts.watch import patrol
from ..models import OUTBOXES, Action, AuditEvent, State, Worker
from .account import make_client
from .jobs import make_consumer
from .loop import DatabaseAway, Loop
from .target import aim
from .wakeup import watch

log = logging.getLogger(__name__)


class WorkerProcess:
    """Everything that runs until SIGTERM or SIGINT.

    The first signal stops claiming; calls under way end within their deadline and are settled. A second signal
    leaves at once: what was on the wire is then found as unconfirmed.
    """

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._loop = Loop(make_client(), self.name, settings.DELIVERY_THREADS)
        self._over = threading.Event()

    def run(self) -> None:
        """Work until told to stop. Raises ResultsLost if the database stayed away for too long."""
        garbage.look_seldom()
        consumer = make_consumer()
        aim(self.name)
        self._release_leases_of_the_dead()
        self._register()
        consumer.start()
        alerts = patrol(self._over)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        watcher = watch(self._loop.hint, self._over)
        log.info("worker %s delivers to %s", self.name, settings.CUSTOMERGAUGE_URL)
        try:
            self._loop.run()
        finally:
            self._over.set()
            consumer.stop(graceful=True)
            watcher.join(timeout=2)
            alerts.join(timeout=2)
        self._say_farewell()
        log.info("worker %s stopped; nothing is under way", self.name)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        if self._loop.stopping:
            os._exit(1)
        self._loop.stopping = True
        self._loop.hint()

    def _register(self) -> None:
        Worker.objects.create(name=self.name)
        AuditEvent.objects.record(Action.WORKER_STARTED, actor=self.name)

    def _say_farewell(self) -> None:
        try:
            Worker.objects.filter(pk=self.name).delete()
            AuditEvent.objects.record(Action.WORKER_STOPPED, actor=self.name)
        except DatabaseAway as error:
            log.warning("the database does not answer (%s); its row of this worker stays", type(error).__name__)

    def _release_leases_of_the_dead(self) -> None:
        """A worker of this machine whose process is gone will not come back for its rows: do not wait for the lease.

        Should it be alive after all (in another container under the same host name), the version on the row
        still keeps it from sending anything that has been given to somebody else.
        """
        host = self.name.rpartition(":")[0]
        for worker in Worker.objects.filter(pk__startswith=f"{host}:"):
            pid = int(worker.name.rpartition(":")[2])
            if pid == os.getpid() or not _alive(pid):  # our own number is left over from an earlier start
                log.warning("worker %s is gone; its deliveries are taken back", worker.name)
                for outbox in OUTBOXES:
                    outbox.objects.filter(state=State.SENDING, owner=worker.name).update(lease_until=Now())
                worker.delete()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
