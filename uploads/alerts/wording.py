"""Moments and numbers as people read them in a mail."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format


def clock(moment: datetime) -> str:
    """A moment in the portal's zone."""
    return date_format(timezone.localtime(moment), "j M Y, H:i")


def number(count: int, thing: str, things: str = "") -> str:
    """“1 result”, “37 results”; `things` is the plural if it is not `thing` and an s."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"
