"""The administration's own site: behind the portal's sign-in, in the portal's look."""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from functools import update_wrapper
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db import DataError, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from ..roles import LOOKUPS, may, sign_in_first

logger = logging.getLogger(__name__)


class PortalAdminSite(AdminSite):
    """For whoever may keep the lists. Anonymous visitors go to the portal's sign-in, others get 403."""

    site_header = "Lists"
    site_title = "cgportal"
    index_title = "Lists"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return may(request.user, LOOKUPS)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return sign_in_first(request)
            if not self.has_permission(request):
                raise PermissionDenied
            return _answer(inner, request, *args, **kwargs)

        return update_wrapper(guarded, inner)

    # The portal has one sign-in, one way out and one page to change a password: these lead there.

    def login(self, *_args: Any, **_kwargs: Any) -> Any:
        return redirect("admin:index")

    def logout(self, *_args: Any, **_kwargs: Any) -> Any:
        return redirect("account_logout")

    def password_change(self, *_args: Any, **_kwargs: Any) -> Any:
        return redirect("account_change_password")

    def password_change_done(self, *_args: Any, **_kwargs: Any) -> Any:
        return redirect("home")


def _answer(view: Callable[..., HttpResponseBase], request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    """What the view answers; 400, and nothing saved, if the request holds what no page of the administration sends.

    Django's admin hands ids and filters from the request to the database as they came: text that is no number
    (ValueError), a number that no column holds (OverflowError, DataError), a NUL in a text (DataError).
    """
    try:
        with transaction.atomic() if request.method == "POST" else nullcontext():
            return view(request, *args, **kwargs)
    except (ValueError, OverflowError, DataError):
        logger.warning("%s %s was not understood", request.method, request.path, exc_info=True)
        return render(request, "400.html", {"back": request.path}, status=400)


site = PortalAdminSite(name="admin")
