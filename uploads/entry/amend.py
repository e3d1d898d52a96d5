"""The entry form over what CustomerGauge has already: each field beside what is known to be there, and the reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crispy_forms.layout import Field
from django.contrib.auth.models import User
from django.http import QueryDict

from ..audit.comparison import SAME, comparison_of
from ..audit.comparison import ComparedField as Compared
from ..models import State, SurveyField
from ..models.revisions import Chain
from .dates import EntryBound
from .fields import CommentField
from .form import EntryForm, input_name

#: No customer field can have this name: keys hold no hyphen.
WHY = "correction-reason"
LONGEST_WHY = 500


@dataclass(frozen=True, slots=True)
class Known:
    """What we told CustomerGauge for a field, and what it has, as text; `same` if the two agree."""

    ours: str
    theirs: str
    same: bool


class ComparedField(EntryBound):
    """A field of the form beside what CustomerGauge has."""

    form: "AmendForm"

    @property
    def known(self) -> Known | None:
        """What the last comparison showed of this field; None if it did not."""
        return self.form.known.get(self.name)

    @property
    def aria_describedby(self) -> str | None:
        described = super().aria_describedby
        return f"{described or ''} {self.auto_id}_known".strip() if self.known else described


class AmendForm(EntryForm):
    """The correction of a result that CustomerGauge has. `known`: what it has, by input; `fields`: by key."""

    bound_field_class = ComparedField

    def __init__(self, data: QueryDict | None = None, *, agent: User, fields: Mapping[str, Compared]) -> None:
        super().__init__(data, agent=agent)
        self.known = known(fields, self.rows)
        self.fields[WHY] = CommentField(
            label="Reason for the correction",
            help_text="Kept in the history of this result; CustomerGauge does not get it.",
            longest=LONGEST_WHY,
        )
        self.helper.layout.append(Field(WHY, template="entry/fields/comment.html"))

    @property
    def why(self) -> str:
        """The reason given. Only for a valid form."""
        return str(self.cleaned_data[WHY])


def compared(chain: Chain) -> dict[str, Compared]:
    """What the last comparisons of the delivered versions showed, by key; what was changed since is left out."""
    found = dict[str, Compared]()
    for version in chain.versions:
        if version.delivery.state == State.DELIVERED:
            for key, _ in version.payload:
                found.pop(key, None)
            found |= {field.key: field for field in comparison_of(version.delivery) or ()}
    return found


def known(fields: Mapping[str, Compared], rows: Iterable[SurveyField]) -> dict[str, Known]:
    """The compared keys by the inputs that ask for them today; `rows` are the fields of the form."""
    shown = ((row, fields[row.key]) for row in rows if row.key in fields)
    return {
        input_name(row): Known(field.ours, field.theirs, field.verdict == SAME)
        for row, field in shown
        if field.theirs is not None
    }
