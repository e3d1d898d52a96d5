"""Where one is signed in, and how to end it from here."""

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from .devices import device
from .ending import end

HERE = "own_sessions"


@login_required
def own_sessions(request: HttpRequest) -> HttpResponse:
    """The sessions of whoever asks, this one first, then the newest."""
    rows = [
        {"session": session, "device": device(session.user_agent), "current": session.is_current()}
        for session in UserSession.objects.purge_and_list(request.user)
    ]
    rows.sort(key=lambda row: (row["current"], row["session"].created_at), reverse=True)
    others = sum(not row["current"] for row in rows)
    return render(request, "sessions/own.html", {"rows": rows, "others": others})


@require_POST
@login_required
def end_one(request: HttpRequest, pk: int) -> HttpResponse:
    """End another session of one's own; 404 if there is none (any more)."""
    session = get_object_or_404(_others(request), pk=pk)
    end([session], request.user, "by_owner")
    messages.success(request, f"The session in {device(session.user_agent)} is ended.")
    return redirect(HERE)


@require_POST
@login_required
def end_others(request: HttpRequest) -> HttpResponse:
    """End every session of one's own but this."""
    count = end(_others(request), request.user, "by_owner")
    messages.success(request, f"{count} other session{'' if count == 1 else 's'} ended.")
    return redirect(HERE)


def _others(request: HttpRequest) -> "QuerySet[UserSession]":
    mine: QuerySet[UserSession] = UserSession.objects.filter(user=request.user).select_related("user")
    return mine.exclude(session_key=request.session.session_key)
