"""A hint to the workers that something is due. It may be lost at any moment; the worker's own clock never is."""

from django.db import connection

CHANNEL = "cgportal_due"


def wake() -> None:
    """Tell the workers that something is due, at the end of this transaction.

    Only PostgreSQL can; on SQLite the workers see that the database has changed.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")
