"""The pages around sign-in, named one by one: of the library's others (addresses, codes, sign-up) none is wanted.

An address that a person could change would be a way into the account through a mail; only the operator sets it.
"""

from typing import Any

from allauth.account import forms, views
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, re_path
from django.views.generic import RedirectView


class Labelled:
    """A form whose boxes stay empty: the library's placeholders repeat the labels."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class SignInForm(Labelled, forms.LoginForm):  # type: ignore[misc]  # allauth has no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autofocus"] = True
        if not settings.EMAIL_CONFIGURED:
            self.fields["password"].help_text = ""  # the link to the mail that cannot be sent


class ReauthenticateForm(Labelled, forms.ReauthenticateForm):  # type: ignore[misc]
    pass


class ChangePasswordForm(Labelled, forms.ChangePasswordForm):  # type: ignore[misc]
    pass


class ResetPasswordForm(Labelled, forms.ResetPasswordForm):  # type: ignore[misc]
    pass


class ResetPasswordKeyForm(Labelled, forms.ResetPasswordKeyForm):  # type: ignore[misc]
    pass


class ChangePassword(views.PasswordChangeView):  # type: ignore[misc]
    form_class = ChangePasswordForm
    form_valid = transaction.atomic(views.PasswordChangeView.form_valid)  # with its record, or not at all


class ResetPassword(views.PasswordResetView):  # type: ignore[misc]
    """Sends the link; without a mail server it says who else can help, and makes no link."""

    form_class = ResetPasswordForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.EMAIL_CONFIGURED:
            return render(request, "account/password_reset_closed.html")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


class ChooseNewPassword(views.PasswordResetFromKeyView):  # type: ignore[misc]
    form_class = ResetPasswordKeyForm
    form_valid = transaction.atomic(views.PasswordResetFromKeyView.form_valid)  # with its record, or not at all


# The names are the library's, which looks its own pages up by them. Two of them are there for that reason alone:
# sign-up (closed; see ClosedSignUp), and the first password of somebody who has none (it comes through a mail).
urlpatterns = [
    path("login/", views.LoginView.as_view(form_class=SignInForm), name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("signup/", views.signup, name="account_signup"),
    path(
        "reauthenticate/",
        views.ReauthenticateView.as_view(form_class=ReauthenticateForm),
        name="account_reauthenticate",
    ),
    path("password/change/", ChangePassword.as_view(), name="account_change_password"),
    path("password/set/", RedirectView.as_view(pattern_name="account_reset_password"), name="account_set_password"),
    path("password/reset/", ResetPassword.as_view(), name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    path("password/reset/key/done/", views.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        ChooseNewPassword.as_view(),
        name="account_reset_password_from_key",
    ),
]
