"""Which column of a list fills which input of the form: proposed by the titles, or as the agent said last time."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from ..models import Batch, ColumnMapping, Role
from ..models.sent import common_name
from .batch_answers import DATES, fits, is_date
from .batch_text import WHATS_WRONG
from .form import EntryForm, input_name

#: So many rows are looked at for examples, and so many of them are shown.
LOOKED_AT, SHOWN = 20, 3
LONGEST_EXAMPLE = 60


@dataclass(frozen=True, slots=True)
class Column:
    """One column on the page: its title, a few of its cells, and the field that asks what it holds."""

    title: str
    examples: Sequence[str]
    field: forms.BoundField


class ColumnsForm(forms.Form):
    """What the columns of a list hold, and how its dates are written."""

    titled = forms.BooleanField(
        required=False, label="The first line holds the titles of the columns",
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )  # fmt: skip
    dates = forms.ChoiceField(
        choices=list(DATES.items()),
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        label="How dates are written in it",
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose how dates are written."),
    )

    def __init__(self, batch: Batch, data: QueryDict | None = None) -> None:
        super().__init__(data, label_suffix="")
        self.batch = batch
        self.entry = EntryForm(agent=batch.agent)
        choices = [("", "Not used"), *((name, str(field.label)) for name, field in self.entry.fields.items())]
        for number in range(batch.width):
            self.fields[f"column-{number}"] = forms.ChoiceField(
                choices=choices,
                required=False,
                widget=forms.Select(attrs={"class": "form-select", "aria-label": f"Column {number + 1} holds"}),
                error_messages={"invalid_choice": "This is not asked any more. Choose again."},
            )
        if data is None:
            self.initial = self._proposed()

    @cached_property
    def sample(self) -> list[list[str]]:
        """The first rows of the list."""
        return list(self.batch.rows.order_by("number").values_list("cells", flat=True)[:LOOKED_AT])

    @property
    def columns(self) -> list[Column]:
        """The columns in their order."""
        titles = titles_of(self.batch, titled=self.is_titled)
        return [
            Column(title[:LONGEST_EXAMPLE], self._examples(number), self[f"column-{number}"])
            for number, title in enumerate(titles)
        ]

    @property
    def is_titled(self) -> bool:
        """Whether the first line holds titles, as far as was said."""
        return bool(self["titled"].value())

    @property
    def chosen(self) -> list[str]:
        """The input that each column fills, or an empty text. Only after the form was checked."""
        return [self.cleaned_data.get(f"column-{number}", "") for number in range(self.batch.width)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        labels = {name: str(field.label) for name, field in self.entry.fields.items()}
        for name, number in Counter(self.chosen).items():
            if name and number > 1 and name != Role.REASONS:
                self.add_error(None, f"Two columns are said to hold “{labels[name]}”. Choose one of them.")
        missing = [
            labels[name]
            for name, field in self.entry.fields.items()
            if field.required and not field.initial and name not in self.chosen
        ]
        if missing:
            named = ", ".join(f"“{label}”" for label in missing)
            self.add_error(
                None,
                f"No column is said to hold {named}, which every result must have. Choose it, "
                "or add such a column to the list.",
            )
        return data

    def keep(self) -> None:
        """Remember it for the agent's next list with these titles."""
        titled = self.cleaned_data["titled"]
        titles = titles_of(self.batch, titled=titled)
        ColumnMapping.objects.update_or_create(
            agent=self.batch.agent,
            titles=_fingerprint(titles),
            defaults={
                "columns": dict(zip(_names(titles), self.chosen, strict=True)),
                "dates": self.cleaned_data["dates"],
                "used_at": timezone.now(),
            },
        )

    def _proposed(self) -> dict[str, Any]:
        batch = self.batch
        if batch.columns:
            return _initial(batch.columns, batch.dates, titled=batch.titled)
        titles = titles_of(batch, titled=batch.titled)
        kept = ColumnMapping.objects.filter(agent=batch.agent, titles=_fingerprint(titles)).first()
        if kept is None:
            return _initial(self._by_title(), self._dates(), titled=batch.titled)
        names = [kept.columns.get(title, "") for title in _names(titles)]
        still = [name if name in self.entry.fields else "" for name in names]
        return _initial(still, self._dates(kept.dates), titled=batch.titled)

    def _by_title(self) -> list[str]:
        """By API key, label, or another name under which CustomerGauge knows it; each input once."""
        known: dict[str, str] = {}
        for row in self.entry.rows:
            name = input_name(row)
            if name in self.entry.fields:
                known |= {common_name(word): name for word in (row.label, row.key, name)}
        proposed: list[str] = []
        for title in self.batch.first:
            name = known.get(common_name(title), "")
            proposed.append(name if name not in proposed or name == Role.REASONS else "")
        return proposed

    def _dates(self, kept: str = "iso") -> str:
        """As last time, unless the rows show that it is not so this time."""
        dates = [cell for cells in self.sample for cell in cells if is_date(cell)]
        ways = (kept, "dmy", "mdy")
        return next((way for way in ways if all(fits(date, way) for date in dates)), "dmy")

    def _examples(self, number: int) -> list[str]:
        cells = [row[number].strip() for row in self.sample if number < len(row)]
        if not self.is_titled:
            cells.insert(0, self.batch.first[number].strip())
        return [cell[:LONGEST_EXAMPLE] for cell in dict.fromkeys(filter(None, cells))][:SHOWN]


def are_titles(cells: Sequence[str]) -> bool:
    """Whether a first line may hold titles: no title is a number or an e-mail address."""
    return not any("@" in cell or cell.strip().isdigit() for cell in cells)


def titles_of(batch: Batch, *, titled: bool) -> list[str]:
    """What the columns are called on the page: their titles, or their numbers."""
    return [(title.strip() if titled else "") or f"Column {number}" for number, title in enumerate(batch.first, 1)]


def _names(titles: Sequence[str]) -> list[str]:
    """The titles in small letters, each once."""
    seen: Counter[str] = Counter()
    names = []
    for title in titles:
        name = title.casefold()
        seen[name] += 1
        names.append(f"{name} {seen[name]}" if seen[name] > 1 else name)
    return names


def _fingerprint(titles: Sequence[str]) -> str:
    names = sorted(name for name in _names(titles) if name != WHATS_WRONG.casefold())
    return hashlib.sha256("\x1f".join(names).encode()).hexdigest()


def _initial(columns: Sequence[str], dates: str, *, titled: bool) -> dict[str, Any]:
    named = {f"column-{number}": name for number, name in enumerate(columns)}
    return {"titled": titled, "dates": dates, **named}
