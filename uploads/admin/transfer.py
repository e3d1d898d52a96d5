"""Lists that come in and go out as a whole: read in, shown as what they would change, applied; and written out."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from ..line import sentence
from ..models import Channel, ListImport, ReasonCode, SurveyField, Worker
from ..models.wakeup import wake
from . import drivers, plan, sample, tables
from .audited import AuditedAdmin
from .columns import COLUMNS, title
from .transfer_forms import SampleForm, TableForm

NO_WORKER = "No worker is running, so nothing can ask CustomerGauge. Ask the operator to start one."
NOT_AS_SEEN = "The list has changed since you looked, so nothing was applied. This is what would change now."


class TransferAdmin(AuditedAdmin):
    """A list that can be imported and exported. Nothing changes before somebody has seen what would."""

    change_list_template = "admin/uploads/list.html"

    def get_urls(self) -> list[URLPattern]:
        name, guard = f"uploads_{self.opts.model_name}", self.admin_site.admin_view
        return [
            path("import/", guard(self.import_view), name=f"{name}_import"),
            path("import/<uuid:uuid>/", guard(self.review_view), name=f"{name}_review"),
            *(
                path(f"export.{kind}", guard(self.export_view), {"kind": kind}, name=f"{name}_export_{kind}")
                for kind in tables.KINDS
            ),
            *super().get_urls(),
        ]

    # -- in ------------------------------------------------------------------------------------------------

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Where a list is given. POST keeps it and leads to what it would change (302), or says what is wrong (422)."""
        self._check_may_import(request)
        source = request.POST.get("source", "")
        table = TableForm(self.model, *self._posted(request, source == ListImport.Source.FILE))
        keys = SampleForm(*self._posted(request, source == ListImport.Source.SAMPLE))
        if source == ListImport.Source.CUSTOMERGAUGE and self.model is ReasonCode:
            if Worker.objects.heard_of().exists():
                return self._ask_customergauge(request)
            messages.error(request, NO_WORKER)
        for form in (table, keys):
            if form.is_valid():
                return self._keep(request, source, form.rows)
        context = {
            "title": f"Import {self.opts.verbose_name_plural}", "table": table, "keys": keys,
            "columns": [title(self.model, name) for name in COLUMNS[self.model]],
            "from_customergauge": self.model is ReasonCode, "from_sample": self.model is SurveyField,
        }  # fmt: skip
        return self._page(request, "import.html", context, status=422 if source else 200)

    def review_view(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        """What would change. POST applies it, provided that it is still what was seen (`seen`)."""
        self._check_may_import(request)
        found = get_object_or_404(ListImport, uuid=uuid, list_name=self.opts.model_name)
        if request.method == "POST":
            return self._apply(request, found)
        rows, notes = _read(found)
        ready = found.answered_at is not None and not found.evidence and not found.applied_at
        context = {
            "title": f"Import {self.opts.verbose_name_plural}", "found": found, "notes": notes,
            "source": ListImport.Source(found.source).label,
            "why": sentence(found.evidence) if found.evidence else "",
            "plan": plan.look(self.model, rows, _person(request)) if ready else plan.Plan(),
        }  # fmt: skip
        return self._page(request, "review.html", context)

    def _apply(self, request: HttpRequest, found: ListImport) -> HttpResponse:
        try:
            with transaction.atomic():
                ListImport.objects.select_for_update().get(pk=found.pk, applied_at=None)
                done = plan.apply(self.model, _read(found)[0], _person(request), request.POST.get("seen", ""))
                ListImport.objects.filter(pk=found.pk).update(applied_at=timezone.now())
        except ListImport.DoesNotExist:
            return redirect(request.path)
        except plan.NotAsSeen:
            messages.warning(request, NOT_AS_SEEN)
            return redirect(request.path)
        told = f"{len(done.of('new'))} added, {len(done.of('changed'))} changed."
        messages.success(request, told)
        return redirect(f"admin:uploads_{self.opts.model_name}_changelist")

    def _ask_customergauge(self, request: HttpRequest) -> HttpResponse:
        with transaction.atomic():
            Channel.current().ask_reasons(_person(request))
            wake()
            return self._keep(request, ListImport.Source.CUSTOMERGAUGE, (), answered=False)

    def _keep(
        self, request: HttpRequest, source: str, rows: Sequence[dict[str, str]], *, answered: bool = True
    ) -> HttpResponse:
        ListImport.objects.forget_old()
        kept = ListImport.objects.create(
            list_name=self.opts.model_name or "", source=source, by=_person(request), rows=list(rows),
            answered_at=timezone.now() if answered else None,
        )  # fmt: skip
        return redirect(f"admin:uploads_{self.opts.model_name}_review", kept.uuid)

    def _posted(self, request: HttpRequest, wanted: bool) -> tuple[Any, ...]:
        return (request.POST, request.FILES) if wanted else ()

    def _check_may_import(self, request: HttpRequest) -> None:
        if not self.has_add_permission(request) or not self.has_change_permission(request):
            raise PermissionDenied

    # -- out -----------------------------------------------------------------------------------------------

    def export_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """The whole list as a file that can be imported again."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self.get_queryset(request).order_by(*self.get_ordering(request))
        data = tables.write_file(self.model, kind, rows)
        name = f"{self.opts.verbose_name_plural} {timezone.localdate():%Y-%m-%d}.{kind}".replace(" ", "-")
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(data, content_type=tables.KINDS[kind], headers=headers)

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        context |= self.admin_site.each_context(request) | {"title": context["title"], "opts": self.opts}
        return TemplateResponse(request, f"admin/uploads/{name}", context, status=status)


def _read(found: ListImport) -> tuple[Sequence[dict[str, str]], list[str]]:
    """The rows of an import as rows of the list, and what a person should look at."""
    if found.source == ListImport.Source.CUSTOMERGAUGE:
        return drivers.rows_of(found.rows), drivers.notes(found.rows) if found.rows else []
    if found.source == ListImport.Source.SAMPLE:
        reading = sample.compare([row["key"] for row in found.rows])
        return reading.rows, list(reading.notes)
    return found.rows, []


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the site lets nobody else in
    return request.user
