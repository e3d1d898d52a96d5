"""The log on standard output: one line of text, or one JSON object, for each event (docs/operator.md has the fields).

It holds ids and never words of customers. So an exception is told by its type, its codes and the lines of code it came
through, not by its message, which may quote what somebody typed; addresses lose their query; and the secrets of the
settings are masked wherever they stand.
"""

import json
import logging
import os
import re
import socket
import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from uploads.trace import request_id

log = logging.getLogger(__name__)

HOST = socket.gethostname()
Format = Literal["text", "json"]
FORMATS: tuple[Format, ...] = ("text", "json")

#: What `extra` may add to a line, in this order.
FIELDS = (
    "submission", "delivery", "attempt", "kind", "outcome", "evidence", "method", "page", "proxy_request_id", "status",
    "seconds",
)  # fmt: skip
#: What an exception may say besides its type: codes of the operating system and of the databases.
CODES = ("errno", "sqlstate", "sqlite_errorname")
HEADER = "Traceback (most recent call last):"
MASK = "***"
QUERY = re.compile(r"\?[^\s?]*=.*")
BAD_REQUEST = re.compile(r"^(Invalid request from ip=[^\s:]*).*", re.DOTALL)  # gunicorn's; quotes what was sent
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def config(form: str) -> dict[str, Any]:
    """The settings of `logging` for web, worker and commands, in one of FORMATS."""
    quiet: dict[str, Any] = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": {"text": Text, "json": Json}[form]}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stdout"}},
        "root": {"handlers": ["stdout"], "level": "INFO"},
        "loggers": {
            "django": quiet,  # Django's own handler would say everything twice with DEBUG
            "django.request": {"level": "ERROR"},
            "django.server": quiet,
            "environ": {"level": "WARNING"},  # there need not be an .env
            "huey": {"level": "WARNING"},
            "gunicorn.error": {"handlers": ["stdout"], "level": "WARNING", "propagate": False},
        },
    }


def catch_the_uncaught() -> None:
    """Let the log tell what ends this process or one of its threads: Python itself would print the messages too."""
    sys.excepthook = _uncaught
    threading.excepthook = lambda ended: _uncaught(ended.exc_type, ended.exc_value, ended.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, _where: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        log.critical("not caught anywhere: %s", kind.__name__, exc_info=error or True)


class Event(logging.Formatter):
    """What a line says, whatever it looks like."""

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """Name → value, in the order of the line; text with secrets masked, and what is not known left out."""
        known = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _without_quotations(record.getMessage()),
            "process": f"{HOST}:{os.getpid()}",
            "request_id": getattr(record, "request_id", "") or request_id.get(),
            **{name: getattr(record, name, None) for name in FIELDS},
            "exception": self._exception(record),
        }
        return {name: _masked(value) for name, value in known.items() if value not in (None, "")}

    def _exception(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        return "\n".join(_told(error)) if error else ""


class Json(Event):
    """One object on one line, in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.fields(record), default=str)


class Text(Event):
    """time LEVEL logger message name=value …; what has several lines is indented, so that no line can be forged."""

    def format(self, record: logging.LogRecord) -> str:
        fields = self.fields(record)
        fields.pop("process")
        exception = fields.pop("exception", "")
        head = [str(fields.pop(name, "")) for name in ("time", "level", "logger", "message")]
        text = " ".join([*head, *(f"{name}={value}" for name, value in fields.items())])
        lines = "\n".join(filter(None, (text, exception))).split("\n")
        return "\n    ".join(CONTROL.sub(lambda found: ascii(found[0])[1:-1], line) for line in lines)


def _told(error: BaseException) -> Iterator[str]:
    """The exception and those that led to it, oldest first: where, and what type, but not what it says."""
    chain, seen = [error], {id(error)}
    while (earlier := chain[-1].__cause__ or _context(chain[-1])) and id(earlier) not in seen:
        chain.append(earlier)
        seen.add(id(earlier))
    for one in reversed(chain):
        yield HEADER
        yield from "".join(traceback.format_tb(one.__traceback__)).splitlines()
        codes = "".join(f" {name}={code}" for name in CODES if (code := getattr(one, name, None)) is not None)
        said = f": {one}" if isinstance(one, ImproperlyConfigured) else ""  # about variables, which no customer writes
        yield f"{type(one).__module__}.{type(one).__qualname__}{codes}{said}".removeprefix("builtins.")


def _context(error: BaseException) -> BaseException | None:
    return None if error.__suppress_context__ else error.__context__


def _without_quotations(message: str) -> str:
    return BAD_REQUEST.sub(r"\1", QUERY.sub("?…", message))


def _masked(value: Any) -> Any:
    if isinstance(value, str) and settings.configured:  # before that nothing secret has been read
        for secret in settings.SECRETS:
            value = value.replace(secret, MASK)
    return value
