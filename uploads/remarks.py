"""The form in which managers ask and agents answer."""

from django import forms

LONGEST = 2000


class RemarkForm(forms.Form):
    """Some words about an entry. version: the question as it was seen; absent for a new one."""

    text = forms.CharField(
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control", "dir": "auto"}),
        error_messages={
            "required": "Write something first.",
            "max_length": "This is too long: at most %(limit_value)d characters.",
        },
    )
    version = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    @property
    def problem(self) -> str:
        """What is wrong with it, as one sentence."""
        return " ".join(str(error) for errors in self.errors.values() for error in errors)
