"""The pages for a request that cannot be read, and for an address that leads nowhere.

Django's own handlers read the form once more, for its CSRF token; if the form is what cannot be read they fail.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400. What was wrong is not told: it may quote what was sent."""
    return render(request, "400.html", status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return render(request, "404.html", status=404)
