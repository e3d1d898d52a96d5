"""Administrators: the lists behind the entry form, the script and the limits; for superusers also people's accounts.

Rows are switched off, never deleted, and every change is on the record with before and after. Evidence
(submissions, deliveries, attempts, the audit log) is not here: nobody edits it.
"""

from . import lists, people, single  # noqa: F401  (they register themselves)
from .site import site

__all__ = ["site"]
