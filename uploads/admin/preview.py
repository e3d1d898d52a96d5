"""The entry form and the request as they would be, with fields that nobody has saved yet. Nothing is written."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone

from ..customergauge import ApiKey, Client, ClientCredentials, Request, build, create
from ..entry.form import EntryForm
from ..entry.reasons import offered, sides
from ..models import Kind, Role, SurveyField, WorkflowStatus
from .audited import AuditedAdmin

#: The customer of a preview, by kind of field; a text says what it is.
CUSTOMER: dict[str, Any] = {
    Kind.IDENTIFIER: "1143",
    Kind.EMAIL: "name@company.com",
    Kind.PHONE: "+31 20 123 4567",
    Kind.NUMBER: 12,
}
SCORE = 4
#: Where a request would go if no target is set.
NO_TARGET = "https://api.eu.customergauge.com"


class PreviewAdmin(AuditedAdmin):
    """The list of fields can be tried out before it is saved."""

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [path("preview/", guard(self.preview_view), name="uploads_surveyfield_preview"), *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """As things stand; or, posted from a field's page (`?field=`) or the list, with what stands in that page.

        422 with what is wrong if it could not be saved.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows: dict[int | None, SurveyField] = {row.pk: row for row in SurveyField.objects.all()}
        problems = self._take_over(request, rows) if request.method == "POST" else []
        active = sorted((row for row in rows.values() if row.active), key=lambda row: (row.position, row.key))
        assert isinstance(request.user, User)  # noqa: S101 - the site lets nobody else in
        context = {
            "problems": problems,
            "unsaved": request.method == "POST",
            "form": EntryForm(agent=request.user, rows=active),
            "pairs": (pairs := build([(row.role, row.key) for row in active], _values(active), _zone())),
            "sent": (sent := _request(pairs)),
            "body": sent.body.decode("ascii"),
        }
        return render(request, "admin/uploads/preview.html", context, status=422 if problems else 200)

    def _take_over(self, request: HttpRequest, rows: dict[int | None, SurveyField]) -> list[str]:
        """Put what was posted in the place of what is saved; gives what is wrong with it."""
        if "form-TOTAL_FORMS" in request.POST:
            return self._take_list(request, rows)
        number = request.GET.get("field", "")
        row = rows.get(int(number)) if number.isascii() and number.isdecimal() else None
        if number and row is None:
            raise Http404
        form = self.get_form(request, row, change=row is not None)(request.POST, instance=row)
        if not form.is_valid():
            return _problems(form)
        rows[form.instance.pk] = form.instance
        return []

    def _take_list(self, request: HttpRequest, rows: dict[int | None, SurveyField]) -> list[str]:
        formset = self.get_changelist_formset(request)(request.POST, queryset=SurveyField.objects.all())
        if not formset.is_valid():
            every = map(str, formset.non_form_errors())
            return [*every, *(problem for form in formset.forms for problem in _problems(form))]
        rows.update({row.pk: row for row in formset.save(commit=False)})
        return []


def _problems(form: BaseForm) -> list[str]:
    return [
        f"{form.fields[name].label}: {error}" if name in form.fields else str(error)
        for name, errors in form.errors.items()
        for error in errors
    ]


def _values(rows: Sequence[SurveyField]) -> dict[str, Any]:
    """An entry that could have been made."""
    now = timezone.now().replace(microsecond=0)
    chosen = [reason.code for reason in offered() if all(side.allows(SCORE) for side in sides(reason))]
    status = WorkflowStatus.objects.active().order_by("-default", "position").first()
    made: dict[str, Any] = {
        Role.SCORE: SCORE,
        Role.COMMENT: "Waited too long.",
        Role.SENT_AT: now - timedelta(minutes=20),
        Role.COMPLETED_AT: now - timedelta(minutes=5),
        Role.CONTACT: "Y",
        Role.WORKFLOW_STATUS: status.code if status else "",
        Role.REASONS: chosen[:2],
        Role.REFERENCE: "0123456789abcdef" * 2,
    }
    return made | {row.key: _customer(row, now) for row in rows if row.role == Role.CUSTOMER}


def _customer(row: SurveyField, now: datetime) -> Any:
    if row.kind == Kind.CHOICE:
        return next(iter(row.choice_list()), "")
    if row.kind in (Kind.DATE, Kind.DATETIME):
        return now.date() if row.kind == Kind.DATE else now
    return CUSTOMER.get(row.kind, row.label[: row.max_length])


def _request(pairs: Sequence[tuple[str, str]]) -> Request:
    """What would go over the wire; nothing is sent, and no credential is needed to say it."""
    url = settings.CUSTOMERGAUGE_URL or NO_TARGET
    token = settings.CUSTOMERGAUGE_CLIENT_ID and not settings.CUSTOMERGAUGE_API_KEY
    credentials = ClientCredentials(url, "-", "-") if token else ApiKey("-")
    return Client(url, credentials, format=settings.CUSTOMERGAUGE_FORMAT).describe(create(pairs))


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.CUSTOMERGAUGE_TIME_ZONE)
