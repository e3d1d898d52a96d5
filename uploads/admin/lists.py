"""The lists behind the entry form: reasons as a tree, statuses, the account's fields, outcomes of calls, the script."""

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.forms import ModelForm, Textarea
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..models import CallOutcome, CallScript, ReasonCode, SurveyField, WorkflowStatus
from ..models.script import known_tags
from .audited import AuditedAdmin
from .site import site


class ListAdmin(AuditedAdmin):
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


@admin.register(ReasonCode, site=site)
class ReasonCodeAdmin(ListAdmin):
    """Primary reasons with their secondary ones below."""

    list_display = ["tree_label", "code", "promoter_label", "side", "position", "active"]
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
        ("Where it is offered", {"fields": ["parent", "side", "position", "active"]}),
    ]

    @admin.display(description="Reason")
    def tree_label(self, reason: ReasonCode) -> SafeString:
        return format_html('<span class="tree-{}">{}</span>', 2 if reason.parent_id else 1, reason.label)


@admin.register(WorkflowStatus, site=site)
class WorkflowStatusAdmin(ListAdmin):
    list_display = ["label", "code", "default", "position", "active"]
    search_fields = ["code", "label"]
    fieldsets = [(None, {"fields": ["code", "label", "default", "position", "active"]})]


@admin.register(SurveyField, site=site)
class SurveyFieldAdmin(ListAdmin):
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


@admin.register(CallOutcome, site=site)
class CallOutcomeAdmin(ListAdmin):
    list_display = ["label", "call_back", "position", "active"]
    search_fields = ["label"]
    fieldsets = [(None, {"fields": ["label", "call_back", "position", "active"]})]


@admin.register(CallScript, site=site)
class CallScriptAdmin(AuditedAdmin):
    """One row, so there is no list of it: the way there leads to the script itself."""

    fieldsets = [
        (None, {"fields": ["text"]}),
        ("What to ask next, once there is a score", {"fields": ["promoter", "passive", "detractor"]}),
    ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if CallScript.objects.exists():
            return redirect("admin:uploads_callscript_change", 1)
        return redirect("admin:uploads_callscript_add")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not CallScript.objects.exists()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The tags that may be used stand below the text: they follow the fields."""
        form: type[ModelForm[CallScript]] = super().get_form(request, obj, change, **kwargs)
        if text := form.base_fields.get("text"):
            text.widget = Textarea(attrs={"rows": 14, "class": "vLargeTextField"})
            tags = ", ".join(f"{{{tag}}}" for tag in known_tags())
            text.help_text = f"Tags in braces are filled in while the agent types: {tags}."
        return form
