"""What the filters of the managers' pages have in common: each is a form whose answers stand in the address."""

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict

from ..models.totals import midnight

EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
YEARS = f"Choose a day from {EARLIEST.year} to {LATEST.year}."


def day(label: str) -> forms.DateField:
    """A field for a day, which may be left empty."""
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        validators=[MinValueValidator(EARLIEST, YEARS), MaxValueValidator(LATEST, YEARS)],
        error_messages={"invalid": "This is not a day of the calendar. Write it as 2026-11-23."},
    )


class AddressFilter(forms.Form):
    """A filter as it stands in the address; every field may be empty.

    A value that is no answer to its question makes the form invalid: it is never left out silently, because
    then the page would show more than was asked for.
    """

    since, until = day("From"), day("To")

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self._given = data
        self.prepare()
        for name, field in self.fields.items():
            look = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            faulty = "is-invalid" if name in self.errors else ""
            field.widget.attrs["class"] = f"{look} {look}-sm {faulty}"

    def prepare(self) -> None:
        """Fill in what can be chosen now, before the answers are judged."""

    @property
    def active(self) -> bool:
        """Whether the filter asks for anything."""
        return any(self.data.get(name) for name in self.fields)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        for name in self.fields:
            if len(set(self._given.getlist(name))) > 1:
                self.add_error(name, "The address asks for several of these. Choose one.")
        since, until = given.get("since"), given.get("until")
        if since and until and since > until:
            self.add_error("until", "The last day lies before the first. Swap the two.")
        return given

    def between(self, column: str) -> dict[str, datetime]:
        """The lookups that keep a column of moments within the days that were asked for."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        begins = {f"{column}__gte": midnight(since)} if since else {}
        return begins | ({f"{column}__lt": midnight(until + timedelta(days=1))} if until else {})
