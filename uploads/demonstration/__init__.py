"""What `manage.py demo` puts into an empty portal so that no page is empty: people, reasons, past results."""

from .cast import AlreadyInUse, make_people
from .lists import make_reasons, make_script
from .past import make_past

__all__ = ["AlreadyInUse", "make_past", "make_people", "make_reasons", "make_script"]
