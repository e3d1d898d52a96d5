"""Typed readers for the environment: nonsense is refused at start with a sentence.

An empty variable counts as not set, so that `X=` in a file of variables does not mean something else than
leaving the line out.
"""

import os
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

env = environ.Env()
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


def text(name: str, default: str = "") -> str:
    """The variable without surrounding spaces, taken literally; `default` if it is empty or missing."""
    # Not through django-environ: it reads a value that begins with $ as the name of another variable,
    # which would turn a random key or password into an error.
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool) -> bool:
    """true/false, yes/no, on/off or 1/0; anything else is refused."""
    value = text(name).lower()
    if value and value not in {*env.BOOLEAN_TRUE_STRINGS, "false", "no", "off", "0", "n", "f"}:
        raise ImproperlyConfigured(f"{name} is “{value}”: write true or false.")
    return env.bool(name, default=default) if value else default


def whole_number(name: str, default: int, low: int, high: int) -> int:
    """A whole number between `low` and `high`, both included."""
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high):
        raise ImproperlyConfigured(f"{name} is “{value}”: write a whole number from {low} to {high}.")
    return int(value)


def one_of(name: str, choices: tuple[str, ...]) -> str:
    """One of the choices; the first is the default."""
    value = text(name, choices[0])
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is “{value}”: write one of {', '.join(choices)}.")
    return value


def addresses(name: str) -> list[str]:
    """A comma-separated list of e-mail addresses."""
    listed = names(name, "")
    for address in listed:
        try:
            validate_email(address)
        except ValidationError as error:
            raise ImproperlyConfigured(f"{name} holds “{address}”: write addresses such as ops@example.com.") from error
    return listed


def token(name: str) -> str:
    """A secret that a machine shows in an HTTP header: at least 16 visible ASCII characters, or nothing."""
    value = header_value(name)
    if value and len(value) < 16:
        raise ImproperlyConfigured(f"{name} must be at least 16 random characters, or empty.")
    return value


def site(name: str) -> str:
    """The address under which people open the portal, without a path; empty if not set."""
    value = text(name).rstrip("/")
    if value and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-fA-F:]+\](:\d{1,5})?", value):
        raise ImproperlyConfigured(f"{name} is “{value}”: write an address such as https://portal.example.com.")
    return value


def names(name: str, default: str) -> list[str]:
    """A comma-separated list, without blanks."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def some_of(name: str, choices: tuple[str, ...]) -> list[str]:
    """A comma-separated list of some of the choices; empty if not set."""
    listed = names(name, "")
    if wrong := [part for part in listed if part not in choices]:
        raise ImproperlyConfigured(f"{name} holds “{wrong[0]}”: write some of {', '.join(choices)}.")
    return listed


def zone(name: str, default: str) -> str:
    """The name of a time zone that this machine knows."""
    value = text(name, default)
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ImproperlyConfigured(f"{name} is “{value}”: write a zone such as Europe/Amsterdam.") from error


def header_value(name: str) -> str:
    """A credential that can stand in an HTTP header: visible ASCII without spaces."""
    raw = os.environ.get(name, "")
    value = raw.strip(" ")
    if not all("!" <= char <= "~" for char in value):
        raise ImproperlyConfigured(f"{name} holds a space, a line break or a character outside ASCII: copy it again.")
    return value


def service_url(name: str, *, path_allowed: bool = False) -> str:
    """Scheme and host of a service: https, or http on this machine. Empty if not set."""
    value = text(name).rstrip("/")
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not an address: {error}.") from error
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment or parts.username:
        raise ImproperlyConfigured(f"{name} is “{value}”: write an address such as https://api.eu.customergauge.com.")
    if parts.path and not path_allowed:
        raise ImproperlyConfigured(f"{name} must be scheme and host only; the portal adds /v4.1/… itself.")
    if parts.scheme == "http" and not is_loopback(value):
        raise ImproperlyConfigured(f"{name} uses http: customers' words travel over https only.")
    return value


def is_loopback(url: str) -> bool:
    """Whether an address points at this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host in LOOPBACK or ip_address(host).is_loopback
    except ValueError:
        return False


def directory(name: str, default: Path) -> Path:
    """A directory for the portal's own files; made if it is missing."""
    path = Path(text(name, str(default))).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name} is {path}: it cannot be made ({error.strerror}).") from error
    return path


def database(name: str, default: str) -> dict[str, Any]:
    """Django's settings for the database that the address names: sqlite or postgres."""
    value = text(name, default)
    try:
        config: dict[str, Any] = environ.Env.db_url_config(value)
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(f"{name} is not an address of a database.") from error
    if not config.get("NAME") or config["NAME"] == ":memory:":
        raise ImproperlyConfigured(f"{name} names no database: end it with a path or a name.")
    if config.get("ENGINE") not in {"django.db.backends.sqlite3", "django.db.backends.postgresql"}:
        raise ImproperlyConfigured(f"{name} must begin with sqlite:/// or postgres://.")
    return config


def email(name: str, default: str) -> dict[str, Any]:
    """Django's settings for the mail server that the address names."""
    value = text(name, default)
    try:
        config: dict[str, Any] = environ.Env.email_url_config(value)
    except (ImproperlyConfigured, ValueError, KeyError) as error:
        raise ImproperlyConfigured(f"{name} is not an address such as smtp+tls://user:password@host:587.") from error
    return config


def this_machine_only(hosts: list[str]) -> bool:
    """Whether the portal answers under names of this machine alone (then there is no https to insist on)."""
    return set(hosts) <= LOOPBACK
