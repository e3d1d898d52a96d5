"""The pages for a request that cannot be read, for an address that leads nowhere, and for our own faults.

Django's own handlers read the form once more, for its CSRF token; if the form is what cannot be read they fail.
"""

import sys

from django.db import InterfaceError, OperationalError, ProgrammingError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

#: The database is away, full or locked, or its tables are of another release: all of that passes.
PASSING = (OperationalError, InterfaceError, ProgrammingError)
SOON = 10  # seconds


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400. What was wrong is not told: it may quote what was sent."""
    return render(request, "400.html", status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """503 while the database cannot serve, else 500. The pages ask nothing of the database."""
    if isinstance(sys.exc_info()[1], PASSING):
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": str(SOON)})
    return HttpResponse(render_to_string("500.html"), status=500)
