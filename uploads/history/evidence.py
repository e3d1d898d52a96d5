"""What was sent beside what CustomerGauge has, as a manager sees it: one table per record that fits."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..audit.comparison import (
    ANONYMISED,
    DIFFERS,
    NOT_SHOWN,
    SAME,
    ComparedField,
    compare,
    differences,
    fields_of,
    number_of,
    records_of,
)
from ..models import Delivery, Erasure, State
from ..models.sent import can_be_found
from .wording import PROPOSALS

#: Verdict → the sign and the word for it.
VERDICTS: dict[str, tuple[str, str]] = {
    SAME: ("✓", "the same"),
    DIFFERS: ("≠", "differs"),
    NOT_SHOWN: ("–", "not shown there"),
    ANONYMISED: ("∗", "anonymised there"),
}


@dataclass(frozen=True, slots=True)
class SideBySide:
    """One record beside what was sent. number: CustomerGauge's, empty if it shows none."""

    number: str
    fields: Sequence[ComparedField]

    @property
    def rows(self) -> list[tuple[ComparedField, str, str]]:
        """Each field with the sign and the word for its verdict."""
        return [(field, *VERDICTS[field.verdict]) for field in self.fields]

    @property
    def differs(self) -> str:
        """The names of what differs, as a list in words; empty if nothing does."""
        return ", ".join(differences(self.fields))


def side_by_side(delivery: Delivery) -> list[SideBySide]:
    """The records that fitted when it was last looked at: of a delivered one its own, else every one.

    The row is asked first: a look-up that ends while the page is made must not stand beside the row as it was before.
    """
    to_decide = delivery.state == State.UNCONFIRMED and delivery.evidence in PROPOSALS
    records = records_of(delivery) if to_decide or delivery.state == State.DELIVERED else []
    if not records:
        return []
    sent = fields_of(delivery)
    found = [SideBySide(number_of(record), compare(sent, record)) for record in records]
    return [one for one in found if not delivery.cg_id or one.number == delivery.cg_id]


def may_compare(delivery: Delivery) -> bool:
    """Whether CustomerGauge can be asked what it has of a delivered one; what was erased is not fetched again."""
    if delivery.state != State.DELIVERED or not (delivery.cg_id or can_be_found(delivery.submission)):
        return False
    return not Erasure.objects.filter(submission=delivery.pk).exists()
