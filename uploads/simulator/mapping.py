"""The keys of the upload mapping. They belong to the account, not to the API (support article 5000722515)."""

from dataclasses import dataclass, field
from functools import cached_property

STANDARD_STATUSES = frozenset({"OPEN", "IN-PROGRESS", "PROGRESS", "CLOSED", "CLOSE"})
#: The set of accounts that have the extended workflow: 0 to 99.
EXTENDED_STATUSES = frozenset(str(number) for number in range(100))


@dataclass(frozen=True)
class Mapping:
    """The account's keys by what they mean; the defaults are those of the public documentation.

    ``completed`` may be empty: the account then has no mapping for the completion date and answers 400006.
    ``others`` take any text; ``required`` keys must be there beside the completion date.
    """

    email: str = "Email"
    score: str = "NetPromoterScore"
    comment: str = "Comment"
    sent: str = "EmailSentDate"
    completed: str = "SurveyCompletedDate"
    follow_up: str = "FollowUpRequired"
    workflow: str = "WorkflowStatus"
    reasons: str = "ReasonCode"
    ordered: str = "OrderDate"
    others: tuple[str, ...] = (
        "CustomerNumber",
        "FirstName",
        "LastName",
        "SMS_Telephone",
        "Country",
        "cgportal_ref",
    )
    required: tuple[str, ...] = ("Email",)
    statuses: frozenset[str] = field(default=STANDARD_STATUSES)

    @cached_property
    def keys(self) -> frozenset[str]:
        """All keys a response may carry."""
        roles = (self.email, self.score, self.comment, self.sent, self.completed)
        more = (self.follow_up, self.workflow, self.reasons, self.ordered)
        return frozenset((*roles, *more, *self.others)) - {""}

    @cached_property
    def datetimes(self) -> tuple[str, ...]:
        """The keys that hold a date and time."""
        return tuple(key for key in (self.sent, self.completed, self.ordered) if key)
