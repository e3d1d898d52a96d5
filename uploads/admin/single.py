"""What there is one of: the call script, and the limits from which on the portal says something."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm, Textarea
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst

from ..models import CallScript, Thresholds
from ..models.script import known_tags
from .audited import AuditedAdmin
from .site import site


class OneRowAdmin(AuditedAdmin):
    """One row, so there is no list of it: the way there leads to the row itself."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        name = f"admin:uploads_{self.opts.model_name}"
        return redirect(f"{name}_change", 1) if self._exists() else redirect(f"{name}_add")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not self._exists()

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        context |= {"title": capfirst(self.opts.verbose_name), "show_save_and_add_another": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)

    def _exists(self) -> bool:
        return bool(self.model._base_manager.filter(pk=1).exists())


@admin.register(CallScript, site=site)
class CallScriptAdmin(OneRowAdmin):
    fieldsets = [
        (None, {"fields": ["text"]}),
        ("What to ask next, once there is a score", {"fields": ["promoter", "passive", "detractor"]}),
    ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The tags that may be used stand below the text: they follow the fields."""
        form: type[ModelForm[CallScript]] = super().get_form(request, obj, change, **kwargs)
        if text := form.base_fields.get("text"):
            text.widget = Textarea(attrs={"rows": 14, "class": "vLargeTextField"})
            tags = ", ".join(f"{{{tag}}}" for tag in known_tags())
            text.help_text = f"Tags in braces are filled in while the agent types: {tags}."
        return form


@admin.register(Thresholds, site=site)
class ThresholdsAdmin(OneRowAdmin):
    fieldsets = [
        ("The entry form asks for a second look", {"fields": ["survey_days", "comment_score"]}),
        (
            "A mail goes out",
            {"fields": ["slow_minutes", "far_too_slow_minutes", "out_of_reach_minutes", "in_doubt_minutes",
                        "export_rows"]},
        ),
    ]  # fmt: skip
