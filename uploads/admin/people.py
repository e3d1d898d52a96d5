"""Accounts, for superusers: made here, given a role, switched off; never deleted, never raised to superuser."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm, UserCreationForm
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import CheckboxSelectMultiple, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from ..access.ending import end_all
from ..models import Action, AuditEvent
from ..templatetags.portal import role_name
from .audited import AuditedAdmin
from .site import site

LAST_ADMIN = "This is the last administrator who is switched on: give somebody else that role first."


def _is_last_admin(user: User) -> bool:
    """Whether nobody else keeps the lists. Holds the role's row, so that two who ask at once cannot both hear no."""
    Group.objects.select_for_update().get(name="admin")
    admins = User.objects.filter(groups__name="admin", is_active=True)
    return admins.filter(pk=user.pk).exists() and not admins.exclude(pk=user.pk).exists()


class PersonForm(UserChangeForm):  # type: ignore[type-arg]  # Django's class is generic in its stubs only
    """A change of an account that leaves somebody to keep the lists."""

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        still = said.get("is_active", True) and any(group.name == "admin" for group in said.get("groups", ()))
        asked = {"is_active", "groups"} & self.fields.keys()
        if asked and not still and _is_last_admin(self.instance):
            raise ValidationError(LAST_ADMIN)
        return said


@admin.register(User, site=site)
class PersonAdmin(AuditedAdmin, UserAdmin):  # type: ignore[type-arg]  # as in AuditedAdmin
    """A role is a group; what nobody can choose here (superuser, single permissions) is left to the command line."""

    form = PersonForm
    add_form = UserCreationForm
    list_display = ["username", "first_name", "last_name", "role", "is_active", "last_sign_in"]
    list_filter = ["is_active", "groups"]
    actions = ["switch_on", "switch_off", "end_sessions"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Access", {"fields": ["groups", "is_active"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "password1", "password2"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Access", {"fields": ["groups"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="Role")
    def role(self, user: User) -> str:
        return role_name(user)

    @admin.display(description="Last sign-in", ordering="last_login")
    def last_sign_in(self, user: User) -> str:
        return date_format(localtime(user.last_login), "j M Y, H:i") if user.last_login else "never"

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Other superusers can be looked at, no more."""
        if obj is not None and obj.is_superuser and obj != request.user:
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Nobody switches off or changes the role of themselves."""
        own = ["groups", "is_active"] if obj is not None and obj == request.user else []
        return [*self.readonly_fields, *own]

    def formfield_for_manytomany(self, *_args: Any, **_kwargs: Any) -> "ModelMultipleChoiceField[Group]":
        return ModelMultipleChoiceField(
            Group.objects.order_by("pk"),
            label="Role",
            required=False,
            widget=CheckboxSelectMultiple,
            help_text="Agents enter results, managers also read everybody's, administrators keep these lists.",
        )

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        self.switch(request, rows.filter(is_superuser=False), "is_active", True)

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        self.switch(request, rows.filter(is_superuser=False), "is_active", False)

    @admin.action(description="End all sessions", permissions=["change"])
    def end_sessions(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        """For a lost machine: whoever it is signs in again."""
        ended = [end_all(user, request.user, "by_superuser") for user in rows.filter(is_superuser=False)]
        count = sum(ended)
        self.message_user(request, f"{count} session{'' if count == 1 else 's'} ended.", messages.SUCCESS)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not form.instance.is_active:
            end_all(form.instance, request.user, "switched_off")

    def _switched(self, request: HttpRequest, row: Model, field: str, to: bool) -> bool:
        """Also when it is switched on again, nobody goes on where they were."""
        assert isinstance(row, User)  # noqa: S101 - the model of this page
        if not to and _is_last_admin(row):
            self.message_user(request, f"{row}: {LAST_ADMIN}", messages.ERROR)
            return False
        if not to:
            end_all(row, request.user, "switched_off")
        return super()._switched(request, row, field, to)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Setting somebody's password is a change that leaves no trace in the other fields: recorded by itself."""
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            if request.method == "POST" and response.status_code == 302:
                user = self.get_object(request, id)
                record = AuditEvent.objects.record
                record(Action.USER_CHANGED, user or "", actor=request.user, outcome="password_set")
        return response
