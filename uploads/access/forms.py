"""The forms around sign-in: the library's, with empty boxes, plain words, and an answer to nonsense."""

import struct
from typing import Any

from allauth.account import forms
from allauth.mfa.base import forms as code_forms
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as passkey_forms
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.exceptions import ValidationError

#: What the library raises for a credential that no browser makes.
NONSENSE = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, struct.error)
NOT_UNDERSTOOD = "The key's answer could not be read. Please try again."


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
    users: list[Any]

    def clean_email(self) -> str:
        """Nobody gets a password here who signs in at the company: who leaves it must be out here too."""
        email: str = super().clean_email()
        theirs = set(SocialAccount.objects.filter(user__in=self.users).values_list("user_id", flat=True))
        self.users = [user for user in self.users if user.pk not in theirs]
        return email


class ResetPasswordKeyForm(Labelled, forms.ResetPasswordKeyForm):  # type: ignore[misc]
    pass


# -- second factors ------------------------------------------------------------------------------------------


class CodeForm(Labelled, code_forms.AuthenticateForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autofocus"] = True


class CodeAgainForm(Labelled, code_forms.ReauthenticateForm):  # type: ignore[misc]
    pass


class AppForm(Labelled, totp_forms.ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "Code that the app shows now"
        self.fields["code"].widget.attrs["inputmode"] = "numeric"


class Readable:
    """A form with a credential: what cannot be read is refused with a sentence."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]  # of the form beside it
        except NONSENSE as error:
            raise ValidationError(NOT_UNDERSTOOD) from error


class PasskeyCodeForm(Readable, passkey_forms.AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeyAgainForm(Readable, passkey_forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeySignInForm(Readable, passkey_forms.LoginWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeyForm(passkey_forms.AddWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name, alone = self.fields["name"], self.fields["passwordless"]
        name.label, name.max_length, name.widget.attrs["maxlength"] = "What you call it", 60, 60
        alone.label, alone.initial = "Sign in with it alone", True
        alone.help_text = "Without name and password. Take the tick away if your key refuses."

    def clean(self) -> Any:
        try:
            return super().clean()
        except NONSENSE as error:
            raise ValidationError(NOT_UNDERSTOOD) from error
