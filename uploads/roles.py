"""The three roles as groups of permissions, and the guard that every page stands behind.

A role is nothing but its permissions: pages ask for a permission, never for the name of a group.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

ENTER = "uploads.enter_submission"
REVIEW = "uploads.review_submission"
PAUSE = "uploads.pause_channel"
HEALTH = "uploads.see_health"
ERASE = "uploads.erase_person"
LOOKUPS = "uploads.change_reasoncode"

_LOOKUP_MODELS = ("reasoncode", "workflowstatus", "surveyfield", "callscript", "calloutcome", "thresholds")
ROLES: dict[str, frozenset[str]] = {
    "agent": frozenset({ENTER}),
    "manager": frozenset({ENTER, REVIEW, PAUSE, HEALTH, ERASE}),  # not admins: who erases must see what goes
    "admin": frozenset(
        {PAUSE, HEALTH} | {f"uploads.{verb}_{model}" for verb in ("view", "add", "change") for model in _LOOKUP_MODELS}
    ),
}

Params = ParamSpec("Params")
View = Callable[Concatenate[HttpRequest, Params], HttpResponseBase]


def may(user: User | AnonymousUser, permission: str) -> bool:
    """Whether the user holds the permission now.

    A superuser mends and looks, but enters no results, and never removes alone what may be evidence.
    """
    if permission in (ENTER, ERASE) and user.is_superuser:
        return False
    return user.is_active and user.has_perm(permission)


def required(*permissions: str) -> Callable[[View[Params]], View[Params]]:
    """Guard a view: anonymous visitors go to sign-in, others need one of the permissions (else 403)."""

    def guard(view: View[Params]) -> View[Params]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Params.args, **kwargs: Params.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return sign_in_first(request)
            if not any(may(request.user, permission) for permission in permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return cast(View[Params], guarded)

    return guard


def sign_in_first(request: HttpRequest) -> HttpResponseBase:
    """To the sign-in page and back. A fragment asks the browser to load the whole page anew."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect_to_login(request.get_full_path())


def ensure_roles(**_signal: Any) -> None:
    """After each migrate: every role's group exists and holds exactly its permissions."""
    from django.contrib.auth.models import Group, Permission

    for name, wanted in ROLES.items():
        codenames = [permission.split(".")[1] for permission in wanted]
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(Permission.objects.filter(content_type__app_label="uploads", codename__in=codenames))
