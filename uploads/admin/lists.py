"""The lists behind the entry form: reasons as a tree, statuses, the account's fields, outcomes of calls."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import DateField, F, QuerySet
from django.db.models.functions import Coalesce
from django.forms import DateInput
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localdate

from ..models import CallOutcome, ReasonCode, SurveyField, WorkflowStatus
from . import refused, usage
from .preview import PreviewAdmin
from .site import site
from .transfer import TransferAdmin


class ListAdmin(TransferAdmin):
    """A list whose order and switches are edited in place."""

    list_editable = ["position", "active"]
    list_filter = ["active"]
    actions = ["switch_on", "switch_off"]
    sortable_by = ()  # the position is the order

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.switch(request, rows, "active", True)

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self.switch(request, rows, "active", False)


class UsedChangeList(ChangeList):
    """Each row knows its uses, and whether CustomerGauge refused it: asked for once, not row by row."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        uses, evidence = usage.used(self.model), refused.refused(self.model)
        for row in self.result_list:
            row.used, row.evidence = uses.get(row.code, usage.Used()), evidence.get(row.code)


class CodeAdmin(ListAdmin):
    """Codes that CustomerGauge must know: offered for a time if need be, with their uses and what it said of them."""

    formfield_overrides = {DateField: {"widget": DateInput(format="%Y-%m-%d", attrs={"type": "date"})}}

    def get_changelist(self, request: HttpRequest, **_kwargs: Any) -> type[ChangeList]:
        return UsedChangeList

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        row = kwargs.get("obj")
        if row:
            context |= {"usage": usage.told(row), "evidence": refused.refused(self.model).get(row.code)}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="Used")
    def uses(self, row: Any) -> str:
        return str(row.used)

    @admin.display(description="Last used")
    def last_used(self, row: Any) -> str:
        return date_format(row.used.last, "j M Y") if row.used.last else "never"

    def _told(self, row: Any) -> SafeString:
        """Below the name: from when until when it is offered, and whether CustomerGauge refuses it."""
        refusal = row.evidence if row.evidence and row.evidence.stands else ""
        return format_html(
            "{}{}",
            format_html('<span class="told">{}</span>', days) if (days := _days(row)) else "",
            format_html('<span class="told told-refused">{}</span>', refusal) if refusal else "",
        )


@admin.register(ReasonCode, site=site)
class ReasonCodeAdmin(CodeAdmin):
    """Primary reasons with their secondary ones below."""

    list_display = ["tree_label", "code", "promoter_label", "side", "position", "active", "uses", "last_used"]
    list_filter = ["active", "side", ("parent", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["parent"]
    search_fields = ["code", "label", "promoter_label"]
    search_help_text = "Search by code or label."
    ordering = [
        Coalesce("parent__position", "position"),
        Coalesce("parent__code", "code"),
        F("parent").asc(nulls_first=True),
        "position",
        "code",
    ]
    fieldsets = [
        (None, {"fields": ["code", "label", "promoter_label"]}),
        ("Where it is offered", {"fields": ["parent", "side", "position", "active", "active_from", "active_to"]}),
    ]

    @admin.display(description="Reason")
    def tree_label(self, reason: ReasonCode) -> SafeString:
        level = 2 if reason.parent_id else 1
        return format_html('<span class="tree-{}">{}</span>{}', level, reason.label, self._told(reason))


@admin.register(WorkflowStatus, site=site)
class WorkflowStatusAdmin(CodeAdmin):
    list_display = ["name", "code", "default", "position", "active", "uses", "last_used"]
    search_fields = ["code", "label"]
    fieldsets = [
        (None, {"fields": ["code", "label", "default", "position", "active", "active_from", "active_to"]}),
    ]

    @admin.display(description="Label")
    def name(self, status: WorkflowStatus) -> SafeString:
        return format_html("{}{}", status.label, self._told(status))


@admin.register(SurveyField, site=site)
class SurveyFieldAdmin(PreviewAdmin, ListAdmin):
    list_display = ["label", "key", "role", "kind", "required", "personal", "position", "active"]
    list_filter = ["active", "role", "kind", "required", "personal"]
    search_fields = ["key", "label"]
    fieldsets = [
        (None, {"fields": ["key", "label", "help", "role"]}),
        (
            "What may be entered",
            {"fields": ["kind", "required", "max_length", "pattern", "choices", "personal"]},
        ),
        ("Where it stands", {"fields": ["position", "active"]}),
    ]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if row := kwargs.get("obj"):
            context |= {"usage": f"{usage.told(row)} What waits keeps the key “{row.key}”, whatever you change here."}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A changed key is for what comes; how many keep the old one is said."""
        old = SurveyField.objects.get(pk=obj.pk) if change and "key" in form.changed_data else None
        super().save_model(request, obj, form, change)
        if old and (number := usage.waiting(old)) != "0":
            results = "result" if number == "1" else "results"
            text = f"Waiting with the old key “{old.key}”, which they keep: {number} {results}."
            self.message_user(request, text, messages.WARNING)


@admin.register(CallOutcome, site=site)
class CallOutcomeAdmin(ListAdmin):
    list_display = ["label", "call_back", "position", "active"]
    search_fields = ["label"]
    fieldsets = [(None, {"fields": ["label", "call_back", "position", "active"]})]


def _days(row: Any) -> str:
    """When a row is offered, if not always."""
    if row.active_to and row.active_to < localdate():
        return f"was offered until {date_format(row.active_to, 'j M Y')}"
    begins = (
        f"from {date_format(row.active_from, 'j M Y')}" if row.active_from and row.active_from > localdate() else ""
    )
    ends = f"until {date_format(row.active_to, 'j M Y')}" if row.active_to else ""
    return " ".join(filter(None, ("offered" if begins or ends else "", begins, ends)))
