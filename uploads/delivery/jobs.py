"""Side jobs on huey's consumer, inside the worker process. All of them may be lost at any moment."""

from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone
from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey, crontab
from huey.consumer import Consumer

from ..access.ending import forget_expired
from ..audit import anchors, erase_list, nightly, retention, seal
from ..audit.erase import clean_disk
from ..models import Batch, Worker
from ..models.batches import turn
from ..models.totals import keep_totals
from . import bulk, clocks, exports, server
from .turn import queue_turn


def make_queue() -> Huey:
    """The queue for side jobs: Redis if named, else beside the portal's own database."""
    common = {"name": "cgportal", "results": False, "immediate": False}
    if settings.QUEUE_URL:
        return RedisHuey(url=settings.QUEUE_URL, **common)
    if connection.vendor == "postgresql":
        params = server.parameters()
        # in a schema of its own if there is one: who runs the portal need not be allowed to make tables beside its
        place = {"options": f"{params.pop('options', '')} -c search_path=cgportal_queue,public".strip()}
        with queue_turn():
            return PostgresHuey(read_timeout=10, table_prefix="cgportal_queue", **common, **params, **place)
    return SqliteHuey(filename=str(settings.VAR_DIR / "queue.sqlite3"), timeout=20, **common)


queue = make_queue()


class EmbeddedConsumer(Consumer):  # type: ignore[misc]
    """huey's consumer without its signal handlers: the worker decides when to stop."""

    def _set_signal_handlers(self) -> None:
        pass


def make_consumer() -> EmbeddedConsumer:
    """One thread for jobs and one that starts the periodic ones."""
    return EmbeddedConsumer(queue, workers=1, max_delay=10.0, scheduler_interval=60)


def tidy_up() -> None:
    """Forget sessions that are over, old lists of results, workers that vanished a day ago without a farewell, and what
    came in late about what had been erased."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    forget_expired()
    Worker.objects.filter(beat_at__lt=timezone.now() - timedelta(days=1)).delete()
    Batch.objects.forget_old()
    erase_list.complete()


@queue.periodic_task(crontab(minute="23"))  # type: ignore[untyped-decorator]
def tidy_up_hourly() -> None:
    try:
        tidy_up()
    finally:
        close_old_connections()


@queue.periodic_task(crontab())  # type: ignore[untyped-decorator]
def put_clocks_right() -> None:
    """Waits that a wrong clock has made too long."""
    try:
        clocks.put_right()
    finally:
        close_old_connections()


@queue.task()  # type: ignore[untyped-decorator]
def bulk_soon() -> None:
    """Somebody has just decided about many."""
    if _bulk():
        bulk_soon()


@queue.periodic_task(crontab())  # type: ignore[untyped-decorator]
def bulk_every_minute() -> None:
    """What was begun and whose job was lost."""
    _bulk()


def _bulk() -> bool:
    try:
        return bulk.carry_on()
    finally:
        close_old_connections()


@queue.task()  # type: ignore[untyped-decorator]
def exports_soon() -> None:
    """Somebody has just asked for a file of results."""
    _exports()


@queue.periodic_task(crontab())  # type: ignore[untyped-decorator]
def exports_every_minute() -> None:
    """What has expired, and what was asked for and whose job was lost."""
    _exports()


def _exports() -> None:
    try:
        exports.look_after()
    finally:
        close_old_connections()


@queue.task()  # type: ignore[untyped-decorator]
def batches_soon() -> None:
    """Somebody has just given a list of results, or wants it saved."""
    if _batches():
        batches_soon()


@queue.periodic_task(crontab())  # type: ignore[untyped-decorator]
def batches_every_minute() -> None:
    """Lists whose job was lost."""
    _batches()


def _batches() -> bool:
    try:
        return any(more for _, more in turn.send(Batch))
    finally:
        close_old_connections()


@queue.periodic_task(crontab())  # type: ignore[untyped-decorator]
def seal_every_minute() -> None:
    try:
        seal.seal_due()
    finally:
        close_old_connections()


@queue.periodic_task(crontab(minute="41"))  # type: ignore[untyped-decorator]
def check_audit_hourly() -> None:
    try:
        nightly.check_hourly()
    finally:
        close_old_connections()


@queue.periodic_task(crontab(minute="11"))  # type: ignore[untyped-decorator]
def mail_seals() -> None:
    """Tried every hour: the mail of the day goes out once."""
    try:
        anchors.mail_daily()
    finally:
        close_old_connections()


@queue.periodic_task(crontab(minute="*/10"))  # type: ignore[untyped-decorator]
def let_go_of_what_is_old() -> None:
    """A little at a time, until the look of the day is through."""
    try:
        if retention.run_due():
            clean_disk()
    finally:
        close_old_connections()


@queue.periodic_task(crontab(minute="*/5"))  # type: ignore[untyped-decorator]
def count_totals() -> None:
    try:
        keep_totals()
    finally:
        close_old_connections()
