"""The id under which everything is written down that one click set off. Below the tables: the log knows it too."""

from contextvars import ContextVar

#: Set per web request by the audit middleware, and by work that carries on with one; empty elsewhere.
request_id: ContextVar[str] = ContextVar("request_id", default="")
