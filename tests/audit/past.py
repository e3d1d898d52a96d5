"""What happened long ago: rows that the database itself finds old enough to be let go."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from django.utils import timezone


@contextmanager
def days_ago(days: float) -> Iterator[None]:
    """For the portal's own clock it is so many days earlier; the database's goes on as it does."""

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) - timedelta(days=days)

    with patch.object(timezone, "datetime", Earlier):
        yield
