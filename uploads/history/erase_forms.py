"""The two forms around erasing a person: whom, and what of it, why, and is it really you?"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.functional import cached_property

from ..audit.anonymise import addresses, is_possible
from ..models import Submission
from ..models.erasure import ErasureReason
from .person import FoundResult, Identity, Kept, kept, named

TEXT_LENGTH = 254
NOT_TICKED = (
    "CustomerGauge is asked only about somebody who is erased here. Tick a delivered result with that e-mail address"
    " too, or do not tick the address."
)
CHOICES = [(reason.value, reason.label) for reason in ErasureReason if reason.is_given]


class FindForm(forms.Form):
    """Whom to look for. It is posted: an address of a page is written down in many places, and a person must not be."""

    sought = forms.CharField(
        label="E-mail address, customer number or telephone number",
        max_length=TEXT_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "form-control"}),
        error_messages={
            "required": "Give an e-mail address, a customer number or a telephone number, in full.",
            "max_length": "This is too long for any of the three: at most %(limit_value)d characters.",
        },
    )
    result = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        if data is not None and data.get("result"):
            self.fields["sought"].required = False

    @property
    def is_lost(self) -> bool:
        """Whether a result was named and there is none of that name. Only after the form was checked."""
        return "result" in self.errors or bool(self.cleaned_data.get("result") and not self.start)

    @property
    def wanted(self) -> set[Identity]:
        """Who is sought. Only for a valid form."""
        text = self.cleaned_data["sought"]
        return named(text) if text else set()

    @cached_property
    def start(self) -> Submission | None:
        """The result from whose page somebody came, if there is one."""
        number: UUID | None = self.cleaned_data.get("result")
        return Submission.objects.filter(uuid=number).first() if number else None

    def find(self) -> Kept:
        """What is kept. Only for a valid form."""
        return kept(self.wanted, self.start)


class EraseForm(forms.Form):
    """What of `found` is to be erased, the reason, and the password of the manager once more."""

    results = forms.MultipleChoiceField(required=False)
    calls = forms.MultipleChoiceField(required=False)
    drafts = forms.MultipleChoiceField(required=False)
    rows = forms.MultipleChoiceField(required=False)
    anonymise = forms.MultipleChoiceField(required=False)
    reason = forms.ChoiceField(
        choices=[("", "Choose the reason"), *CHOICES],
        error_messages={"required": "Choose the reason: it stays in the audit log."},
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=4096,
        error_messages={"required": "Type your password once more: what is erased cannot be brought back."},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "class": "form-control"}),
    )

    def __init__(self, found: Kept, manager: User, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.found = found
        self.manager = manager
        self._by_name: dict[str, dict[str, Any]] = {
            "results": {str(one.uuid): one.newest for one in (*found.results, *found.related)},
            "calls": {str(call.uuid): call for call in found.calls},
            "drafts": {str(draft.pk): draft for draft in found.drafts},
            "rows": {str(row.pk): row for row in found.rows},
        }
        gone = "Something that you ticked is not there any more. Look through the list again."
        for name, rows in self._by_name.items():
            self.fields[name].choices = [(key, key) for key in rows]  # type: ignore[attr-defined]
            self.fields[name].error_messages["invalid_choice"] = gone
        offered = self._carried((*found.results, *found.related)) if is_possible() else ()
        self.fields["anonymise"].choices = [(address, address) for address in offered]  # type: ignore[attr-defined]
        self.fields["anonymise"].error_messages["invalid_choice"] = NOT_TICKED

    @property
    def ticked(self) -> set[str]:
        """What stands ticked on the page: at first whatever was sought, then what was sent."""
        if self.is_bound:
            return {key for name in self._by_name for key in self.data.getlist(name)}  # type: ignore[attr-defined]
        sought = [str(one.uuid) for one in self.found.results]
        return {*sought, *self._by_name["calls"], *self._by_name["drafts"], *self._by_name["rows"]}

    @property
    def offered(self) -> list[tuple[str, bool]]:
        """The e-mail addresses that CustomerGauge can be asked to anonymise, and whether each is ticked; at first none
        is."""
        ticked = set(self.data.getlist("anonymise")) if self.is_bound else set()  # type: ignore[attr-defined]
        return [(address, address in ticked) for address, _ in self.fields["anonymise"].choices]  # type: ignore[attr-defined]

    @property
    def problems(self) -> list[str]:
        """What is wrong with what was ticked, in sentences."""
        own = (error for name in (*self._by_name, "anonymise") for error in self.errors.get(name, ()))
        return list(dict.fromkeys([*self.non_field_errors(), *map(str, own)]))

    def clean_password(self) -> str:
        """As at sign-in: refusals are recorded, and too many of them close the door for a while."""
        password: str = self.cleaned_data["password"]
        if not get_adapter().reauthenticate(self.manager, password):
            raise ValidationError("This is not your password. Nothing was erased.")
        return password

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not any(given.get(name) for name in self._by_name) and not self.problems:
            raise ValidationError("Tick what shall be erased.")
        every, ticked = (*self.found.results, *self.found.related), given.get("results", ())
        carried = self._carried(one for one in every if str(one.uuid) in ticked)
        if set(given.get("anonymise", ())) - carried.keys():
            raise ValidationError(NOT_TICKED)
        return given

    def _carried(self, results: Iterable[FoundResult]) -> dict[str, Submission]:
        return addresses(version for one in results for version in one.chain.versions)

    def chosen(self, name: str) -> list[Any]:
        """The ticked rows of `results`, `calls`, `drafts` or `rows`. Only for a valid form."""
        return [self._by_name[name][key] for key in self.cleaned_data[name]]
