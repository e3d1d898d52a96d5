"""The pages around sign-in, named one by one: of the library's others (addresses, codes, sign-up) none is wanted.

An address that a person could change would be a way into the account through a mail; only the operator sets it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views
from allauth.mfa.base import views as codes
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, re_path
from django.views.generic import RedirectView

from .access import forms, own_sessions, sso
from .access.required import lacks_one

View = Callable[..., HttpResponseBase]


class SignIn(views.LoginView):  # type: ignore[misc]  # allauth has no types
    form_class = forms.SignInForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"sso": settings.SSO}


class ChangePassword(views.PasswordChangeView):  # type: ignore[misc]
    form_class = forms.ChangePasswordForm
    form_valid = transaction.atomic(views.PasswordChangeView.form_valid)  # with its record, or not at all


class ResetPassword(views.PasswordResetView):  # type: ignore[misc]
    """Sends the link; without a mail server it says who else can help, and makes no link."""

    form_class = forms.ResetPasswordForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.EMAIL_CONFIGURED:
            return render(request, "account/password_reset_closed.html")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


class ChooseNewPassword(views.PasswordResetFromKeyView):  # type: ignore[misc]
    form_class = forms.ResetPasswordKeyForm
    form_valid = transaction.atomic(views.PasswordResetFromKeyView.form_valid)  # with its record, or not at all


class SecondStep(codes.AuthenticateView):  # type: ignore[misc]
    form_class = forms.CodeForm
    webauthn_form_class = forms.PasskeyCodeForm


class Factors(codes.IndexView):  # type: ignore[misc]
    """What somebody has as second factors; how many recovery codes are left is counted without reading them."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        kept = context["authenticators"].get("recovery_codes")
        left = settings.MFA_RECOVERY_CODE_COUNT - kept.instance.data["used_mask"].bit_count() if kept else 0
        return context | {"codes_left": left, "needed": lacks_one(self.request)}


def on_record(view: View) -> View:
    """A change together with its record, or not at all."""

    @wraps(view)
    def atomic(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with transaction.atomic():
            return view(request, *args, **kwargs)

    return atomic


add_app = on_record(totp.ActivateTOTPView.as_view(form_class=forms.AppForm))
add_passkey = on_record(passkeys.AddWebAuthnView.as_view(form_class=forms.PasskeyForm))
passkey_again = passkeys.ReauthenticateWebAuthnView.as_view(form_class=forms.PasskeyAgainForm)
passkey_sign_in = passkeys.LoginWebAuthnView.as_view(form_class=forms.PasskeySignInForm)

# The names are the library's, which looks its own pages up by them. Some of them are there for that reason alone:
# sign-up (closed; see ClosedSignUp), the first password of somebody who has none (it comes through a mail), the list
# of passkeys (it is on the page of all second factors).
urlpatterns = [
    path("login/", SignIn.as_view(), name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("signup/", views.signup, name="account_signup"),
    path(
        "reauthenticate/",
        views.ReauthenticateView.as_view(form_class=forms.ReauthenticateForm),
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
    path("sessions/", own_sessions.own_sessions, name="own_sessions"),
    path("sessions/end/", own_sessions.end_others, name="sessions_end"),
    path("sessions/<int:pk>/end/", own_sessions.end_one, name="session_end"),
    # second factors
    path("2fa/", Factors.as_view(), name="mfa_index"),
    path("2fa/sign-in/", SecondStep.as_view(), name="mfa_authenticate"),
    path("2fa/again/", codes.ReauthenticateView.as_view(form_class=forms.CodeAgainForm), name="mfa_reauthenticate"),
    path("2fa/app/add/", add_app, name="mfa_activate_totp"),
    path("2fa/app/remove/", on_record(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("2fa/codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("2fa/codes/new/", on_record(recovery.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("2fa/passkeys/", RedirectView.as_view(pattern_name="mfa_index"), name="mfa_list_webauthn"),
    path("2fa/passkeys/add/", add_passkey, name="mfa_add_webauthn"),
    path("2fa/passkeys/<int:pk>/remove/", on_record(passkeys.remove_webauthn), name="mfa_remove_webauthn"),
    path("2fa/passkeys/again/", passkey_again, name="mfa_reauthenticate_webauthn"),
    path("2fa/passkeys/sign-in/", passkey_sign_in, name="mfa_login_webauthn"),
    # the company's own sign-in
    path("sso/", sso.begin, name="sso_begin"),
    path("sso/callback/", sso.callback, name="sso_callback"),
    path("sso/cancelled/", sso.cancelled, name="socialaccount_login_cancelled"),
    path("sso/failed/", sso.failed, name="socialaccount_login_error"),
]
