"""How a list is given: a file, cells that were copied, or the account's sample."""

from collections.abc import Sequence
from typing import Any

from django import forms

from ..entry.batch_text import Unreadable
from ..models import Lookup
from . import sample, tables


class TableForm(forms.Form):
    """A file, or cells copied from a spreadsheet. Once valid, `rows` has what `read_file` gives."""

    file = forms.FileField(label="File", required=False, help_text="CSV or Excel (.xlsx), at most 1,000 rows.")
    text = forms.CharField(
        label="Or paste cells here",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "vLargeTextField", "spellcheck": "false"}),
        help_text="Copied from a spreadsheet, with the line of titles.",
    )

    def __init__(self, model: type[Lookup], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.model = model
        self.rows: list[dict[str, str]] = []

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        file, text = given.get("file"), (given.get("text") or "").strip()
        if bool(file) == bool(text):
            raise forms.ValidationError("Choose a file or paste cells, one of the two.")
        try:
            self.rows = tables.read_file(self.model, file.read(tables.LARGEST + 1) if file else text.encode())
        except Unreadable as error:
            raise forms.ValidationError(str(error)) from error
        return given


class SampleForm(forms.Form):
    """The account's sample. Once valid, `rows` has its keys."""

    sample = forms.CharField(
        label="Historical Data (XML)",
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "class": "vLargeTextField", "spellcheck": "false"}),
        error_messages={"required": "The sample is missing. Paste it as it was downloaded."},
    )
    rows: Sequence[dict[str, str]] = ()

    def clean_sample(self) -> str:
        text = str(self.cleaned_data["sample"])
        try:
            self.rows = [{"key": key} for key in sample.keys_of(text)]
        except Unreadable as error:
            raise forms.ValidationError(str(error)) from error
        return text
