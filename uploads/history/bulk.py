"""One decision about everything that matches a filter of the attention page: asked for, followed, stopped."""

import uuid as uuids
from datetime import UTC, datetime
from uuid import UUID

from django import forms
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ..models import Bulk, State, Worker
from ..models.bulk import TWO_MANAGERS
from ..models.wakeup import wake
from ..roles import REVIEW, required
from .attention import STATES, is_cause
from .bulk_words import LABELS, children, is_filter, meaning, proposal, tell, with_results
from .decisions import ReasonField
from .wording import evidence_sentence

#: So many rows on one page.
SIZE = 50


class BulkForm(forms.Form):
    """What a manager gives with a decision about many: the reason. The rest is what was counted before."""

    decision = forms.ChoiceField(choices=list(LABELS.items()), widget=forms.HiddenInput)
    state = forms.ChoiceField(choices=[("", ""), *((each, each) for each in STATES)], required=False,
                              widget=forms.HiddenInput)  # fmt: skip
    cause = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    counted_at = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M:%S.%f"], widget=forms.HiddenInput)
    token = forms.UUIDField(widget=forms.HiddenInput)
    reason = ReasonField(
        label="Reason",
        error_messages={
            "required": "Give the reason: it is kept in the history of each result.",
            "max_length": "The reason is too long: at most %(limit_value)d characters are allowed. Shorten it.",
        },
    )

    def clean_cause(self) -> str:
        cause: str = self.cleaned_data["cause"]
        if not is_cause(cause):
            raise forms.ValidationError("There is no such cause.")
        return cause

    def clean_counted_at(self) -> datetime:
        counted_at: datetime = self.cleaned_data["counted_at"]
        return counted_at.replace(tzinfo=UTC)


@require_http_methods(["GET", "POST"])
@required(REVIEW)
def new(request: HttpRequest) -> HttpResponse:
    """How many it is about and what it means; on POST it begins. 422 if something is missing."""
    if request.method == "POST":
        form = BulkForm(request.POST)
        return _begin(request, form) if form.is_valid() else _ask(request, form, status=422)
    given = {name: request.GET.get(name, "") for name in ("decision", "state", "cause")}
    now = timezone.now().astimezone(UTC).replace(tzinfo=None)
    given |= {"counted_at": now.isoformat(timespec="microseconds"), "token": str(uuids.uuid4())}
    return _ask(request, BulkForm(initial=given))


@require_safe
@required(REVIEW)
def listing(request: HttpRequest) -> HttpResponse:
    """The decisions about many, the newest first."""
    found = Bulk.objects.select_related("manager").order_by("-pk")
    before = _number(request.GET.get("before"))
    rows = list((found.filter(pk__lt=before) if before else found)[: SIZE + 1])
    context = {"bulks": [tell(bulk) for bulk in rows[:SIZE]], "before": before}
    context["next"] = rows[SIZE - 1].pk if len(rows) > SIZE else None
    return render(request, "history/bulk_list.html", context)


@require_safe
@required(REVIEW)
def detail(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """How far a decision has come, and what it was about.

    htmx asks with `?seen=<how it stood>` and gets 204 while that is unchanged; 286, which ends the asking, at the end.
    """
    bulk = _found(uuid)
    if not request.headers.get("HX-Request"):
        return _detail(request, bulk)
    context = _live(request, bulk)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return render(request, "history/bulk_live.html", context, status=286 if bulk.is_over else 200)


@require_POST
@required(REVIEW)
def stop(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Do nothing more; what has been done stays done."""
    bulk = _found(uuid)
    if not bulk.stop(_manager(request)) and bulk.status != Bulk.Status.STOPPED:
        return _detail(request, bulk, "It was finished before you pressed Stop.", status=409)
    return redirect("bulk", uuid)


@require_POST
@required(REVIEW)
def approve(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """A second manager agrees; 409 for the one who began it, or if it does not wait any more."""
    bulk, manager = _found(uuid), _manager(request)
    if bulk.manager_id == manager.pk:
        return _detail(request, bulk, "You have begun it yourself: another manager has to approve it.", status=409)
    if not bulk.approve(manager):
        return _detail(request, bulk, "It does not wait for anybody any more.", status=409)
    return redirect("bulk", uuid)


# -- asking and beginning ------------------------------------------------------------------------------------


def _ask(request: HttpRequest, form: BulkForm, status: int = 200) -> HttpResponse:
    for name, shown in form.fields.items():
        shown.widget.attrs["class"] = "form-control is-invalid" if name in form.errors else "form-control"
    given = {name: str(form[name].value() or "") for name in ("decision", "state", "cause")}
    if given["decision"] not in LABELS or not is_filter(given["state"], given["cause"]):
        return render(request, "history/bulk_new.html", {"unknown": True}, status=422)
    bulk = proposal(given["decision"], given["state"], given["cause"], timezone.now())
    matching = bulk.matching()
    numbers = [(State(state), matching.filter(state=state).count()) for state in bulk.states]
    unconfirmed = dict(numbers).get(State.UNCONFIRMED, 0)
    context = given | {
        "form": form, "number": sum(number for _, number in numbers), "label": LABELS[bulk.decision],
        "parts": [(state, number, meaning(bulk.decision, state)) for state, number in numbers if number],
        "why": evidence_sentence(given["cause"]), "two": bulk.decision == "again" and unconfirmed > TWO_MANAGERS,
        "limit": TWO_MANAGERS,
    }  # fmt: skip
    return render(request, "history/bulk_new.html", context, status=status)


def _begin(request: HttpRequest, form: BulkForm) -> HttpResponse:
    given = form.cleaned_data
    bulk = proposal(
        given["decision"], given["state"], given["cause"], given["counted_at"],
        token=given["token"], reason=given["reason"], manager=_manager(request),
    )  # fmt: skip
    with transaction.atomic():
        standing = bulk.begin()
        wake()
    return redirect("bulk", standing.uuid) if standing.pk else _ask(request, form, status=409)


# -- following -----------------------------------------------------------------------------------------------


def _detail(request: HttpRequest, bulk: Bulk, problem: str = "", status: int = 200) -> HttpResponse:
    return render(request, "history/bulk.html", _live(request, bulk) | {"problem": problem}, status=status)


def _live(request: HttpRequest, bulk: Bulk) -> dict[str, object]:
    after = _number(request.GET.get("after"))
    events = children(bulk, after, SIZE + 1)
    rows = with_results(events[:SIZE])
    own = bulk.manager_id == request.user.pk
    return {
        "told": tell(bulk), "bulk": bulk, "seen": f"{bulk.status}-{bulk.done}", "after": after, "rows": rows,
        "next": events[SIZE - 1].pk if len(events) > SIZE else None,
        "may_approve": bulk.status == Bulk.Status.WAITING and not own,
        "worker": Worker.objects.heard_of().exists(),
    }  # fmt: skip


def _found(uuid: UUID) -> Bulk:
    return get_object_or_404(Bulk.objects.select_related("manager", "approved_by"), uuid=uuid)


def _manager(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `required` has let nobody else through
    return request.user


def _number(text: str | None) -> int:
    """A row's number from the address; 0 if it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else 0
