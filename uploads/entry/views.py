"""Entering a result: the empty form, the form of an earlier result, and what becomes of a posted one."""

import logging
import uuid
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_safe

from ..models import State, Submission
from ..roles import ENTER, HEALTH, LOOKUPS, REVIEW, may, required, sign_in_first
from .form import EntryForm
from .live import live
from .own import agent_of, own_or_404, own_results
from .refusal import Refusal, refusals
from .restore import restore
from .results import RECENT
from .submit import NotRejected, TokenTaken, stored, submit
from .undo import was_undone

log = logging.getLogger(__name__)
HOMES = ((REVIEW, "history"), (ENTER, "new"), (LOOKUPS, "admin:index"), (HEALTH, "health"))
STALE = "This form had expired. Everything you typed is still here: check it and save again."
REFUSED = "CustomerGauge refused this result."
NOT_SAVED = "The portal could not save this just now. Everything you typed is still here: save it again in a minute."


@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """To the page where the person's work begins; without a role, a page that says whom to ask."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    for permission, name in HOMES:
        if may(request.user, permission):
            return redirect(name)
    return render(request, "entry/no_role.html")


@require_http_methods(["GET", "HEAD", "POST"])
@required(ENTER)
def new(request: HttpRequest) -> HttpResponseBase:
    """The form; a valid one is saved and leads to its page (302), an invalid one comes back (422).

    `?from=` names an own result that was undone or rejected: the form is filled with it. A posted `revises` names the
    rejected one that is to be replaced.
    """
    if request.method != "POST":
        if "from" in request.GET:
            return _again(request, _own_named(request, request.GET.getlist("from")))
        return _form_page(request, EntryForm(agent=agent_of(request)), uuid.uuid4())
    agent, revises = agent_of(request), _revises(request)
    form, token = EntryForm(request.POST, agent=agent), _uuid(request.POST.get("submit_token", ""))
    try:
        saved = stored(token, agent) if token else None
        if saved:
            messages.info(request, "This form was saved before. Here is what was saved.")
            return redirect("submission", saved.uuid)
        if token and form.is_valid():
            entry = form.entry()
            return _saved(request, submit(entry, agent, token, revises), entry.notes)
    except TokenTaken:
        token = None
    except NotRejected as refused:
        form.add_error(None, _overtaken(refused.submission))
    except DatabaseError:
        # a full disk, a lock held for too long: whatever it was, the words stay in the form, and the same token
        # makes sure that saving again cannot make a second submission
        log.exception("a result could not be saved")
        form.add_error(None, NOT_SAVED)
        return _form_page(request, form, token or uuid.uuid4(), status=503, revises=revises)
    if token is None:
        form.is_valid()  # the sentences about the answers stand beside this one
        form.add_error(None, STALE)
    return _form_page(request, form, token or uuid.uuid4(), status=422, revises=revises)


def out_of_date(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Instead of Django's page when the CSRF check fails: nothing is saved, and an entry keeps what was typed.

    It mostly means that the person has signed in anew, in another tab, since the page was opened.
    """
    match = request.resolver_match
    if match and match.view_name == "new" and request.user.is_authenticated and may(request.user, ENTER):
        form = EntryForm(request.POST, agent=agent_of(request))
        form.is_valid()
        form.add_error(None, STALE)
        return _form_page(request, form, uuid.uuid4(), status=403, revises=_revises(request))
    return render(request, "403_csrf.html", status=403)


def _again(request: HttpRequest, source: Submission) -> HttpResponse:
    """The form filled with a result that was undone or rejected; the answer CustomerGauge refused is marked."""
    rejected = source.delivery.state == State.REJECTED
    if hasattr(source, "revision"):
        messages.info(request, "It has been corrected already. This page leads to the corrected version.")
        return redirect("submission", source.uuid)
    if not rejected and not was_undone(source.delivery):
        raise Http404
    form, left_out = restore(source, agent_of(request))
    context: dict[str, Any] = {"left_out": left_out}
    if rejected:
        refusal = refusals([source])[source.pk]
        _mark(form, refusal)
        context |= {"lead": REFUSED, "quote": refusal.quote, "revises": source}
    else:
        context["undone"] = source
    return _form_page(request, form, uuid.uuid4(), **context)


def _mark(form: EntryForm, refusal: Refusal) -> None:
    """Say what was refused beside the answer it is about, which gets the focus; else above the form."""
    field = form.fields.get(refusal.field)
    form.add_error(refusal.field if field else None, refusal.sentence)
    if field:
        field.widget.attrs["autofocus"] = True


def _form_page(
    request: HttpRequest, form: EntryForm, token: uuid.UUID, status: int = 200, **context: Any
) -> HttpResponse:
    """Context: `revises` or `undone`, the result the form is about; `lead`, `quote`, `left_out`, words about it."""
    recent = live("recent", own_results(request)[:RECENT])
    return render(request, "entry/new.html", {"form": form, "token": token, **recent, **context}, status=status)


def _saved(request: HttpRequest, saved: Submission, notes: Sequence[str]) -> HttpResponse:
    for note in notes:
        messages.warning(request, note)
    page = reverse("submission", args=[saved.uuid])
    if "next" not in request.POST:
        return redirect(page)
    name = saved.customer_name or saved.short_id
    undo = _undo_button(saved) if settings.SUBMISSION_HOLD_SECONDS else ""
    messages.success(request, format_html('Saved: <a href="{}">{}, score {}</a>. {}', page, name, saved.score, undo))
    return redirect("new")


def _undo_button(saved: Submission) -> SafeString:
    """It belongs to the page's own form for that, which has the key of the session the page is shown in."""
    return format_html(
        '<button type="submit" form="undo" formaction="{}" class="btn-undo">Undo</button>',
        reverse("undo", args=[saved.uuid]),
    )


def _overtaken(old: Submission) -> SafeString:
    """What to say if the result to be corrected is not rejected any more."""
    later = Submission.objects.filter(revision_of=old).first()
    page = reverse("submission", args=[(later or old).uuid])
    if later:
        return format_html('It has been corrected already: <a href="{}">see the corrected version</a>.', page)
    return format_html('It is not waiting for a correction: <a href="{}">see what became of it</a>.', page)


def _revises(request: HttpRequest) -> Submission | None:
    """The own result that a posted form is to replace. Raises Http404 if it names anything else."""
    named = request.POST.getlist("revises")
    return _own_named(request, named) if named else None


def _own_named(request: HttpRequest, named: Sequence[str]) -> Submission:
    found = _uuid(named[0]) if len(named) == 1 else None
    if found is None:
        raise Http404
    return own_or_404(request, found)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
