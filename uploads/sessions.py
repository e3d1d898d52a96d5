"""Sessions in the database, found only by keys that this portal could have given out."""

import re

from django.contrib.sessions.backends import db

_KEY = re.compile(r"[a-z0-9]{32}")


class SessionStore(db.SessionStore):
    """Django's store, which takes any text of eight characters for a key and asks the database for it.

    A cookie can hold any character, also those that PostgreSQL refuses in a text (NUL).
    """

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key and _KEY.fullmatch(key))
