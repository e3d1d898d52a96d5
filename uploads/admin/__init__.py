"""Administrators: reason codes, workflow statuses and fields; for superusers also the accounts of people.

Rows are switched off, never deleted, and every change is on the record with before and after. Evidence
(submissions, deliveries, attempts, the audit log) is not here: nobody edits it.
"""

from . import lists, people  # noqa: F401  (they register themselves)
from .site import site

__all__ = ["site"]
