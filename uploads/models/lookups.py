"""What administrators maintain: reason codes, workflow statuses and the fields of the account.

Rows are deactivated, never deleted: an old submission keeps the code and the label that were chosen,
and an administrator can still see where they came from.
"""

from typing import Self, TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .patterns import UnusablePattern, compile_safely

CODE = RegexValidator(r"\A[A-Za-z0-9._-]{1,64}\Z", "Use letters, digits, dot, hyphen and underscore only (at most 64).")
KEY = RegexValidator(
    r"\A[A-Za-z][A-Za-z0-9_]{0,63}\Z", "Start with a letter; then letters, digits and underscore only."
)

#: Names the entry form uses itself; a customer field with such a key would overwrite them.
RESERVED_KEYS = frozenset(
    {
        *("score", "comment", "sent_at", "completed_at", "contact", "workflow_status", "reasons", "reference"),
        *("customer", "revises", "submit_token", "next", "csrfmiddlewaretoken", "warn", "warned", "overrule"),
    }
)


Row = TypeVar("Row", bound="Lookup")


class LookupQuerySet(models.QuerySet[Row]):
    def active(self) -> Self:
        """Rows that a new submission may use."""
        return self.filter(active=True)


class Lookup(models.Model):
    """A row of a list that administrators order and switch off, but never delete."""

    position = models.PositiveIntegerField(
        default=100, validators=[MaxValueValidator(1_000_000)], help_text="Lower numbers come first."
    )
    active = models.BooleanField(default=True, help_text="Switched off, it stays in old entries and leaves new ones.")

    class Meta:
        abstract = True


class DatedQuerySet(LookupQuerySet[Row]):
    def active(self) -> Self:
        """Rows that are switched on, and whose days include today by the portal's clock."""
        today = timezone.localdate(timezone=timezone.get_default_timezone())
        begun = Q(active_from=None) | Q(active_from__lte=today)
        not_over = Q(active_to=None) | Q(active_to__gte=today)
        return super().active().filter(begun, not_over)


class Dated(Lookup):
    """A row that may be offered for a time only."""

    active_from = models.DateField(
        "offered from", null=True, blank=True, help_text="The first day, by the portal's clock; empty: at once."
    )
    active_to = models.DateField("offered until", null=True, blank=True, help_text="The last day; empty: for ever.")

    class Meta:
        abstract = True

    def clean(self) -> None:
        if self.active_from and self.active_to and self.active_to < self.active_from:
            raise ValidationError({"active_to": "The last day lies before the first. Correct one of the two."})


class Side(models.TextChoices):
    """Which customers a reason is offered for: CustomerGauge ties each driver to one side of the score."""

    ANY = "any", "Any score"
    PROMOTER = "promoter", "Promoters (9–10)"
    PASSIVE_DETRACTOR = "passive_detractor", "Passives and detractors (0–8)"

    @classmethod
    def of(cls, score: int) -> "Side":
        """The side of a score from 0 to 10; promoters are 9 and 10 (Net Promoter bands)."""
        return cls.PROMOTER if score >= 9 else cls.PASSIVE_DETRACTOR

    def allows(self, score: int) -> bool:
        """Whether a reason of this side may be chosen with the score."""
        return self is Side.ANY or self is Side.of(score)


class ReasonCode(Dated):
    """A driver of the score, as CustomerGauge numbers it: two levels, primary and secondary."""

    code = models.CharField(
        max_length=64, unique=True, validators=[CODE], help_text="Exactly as CustomerGauge gave it."
    )
    label = models.CharField(max_length=128)
    promoter_label = models.CharField(
        max_length=128, blank=True, help_text="Optional other wording shown when the score is 9 or 10."
    )
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children",
        limit_choices_to={"parent": None}, verbose_name="primary reason",
        help_text="Empty for a primary reason; else the primary this one belongs to.",
    )  # fmt: skip
    side = models.CharField(max_length=20, choices=Side.choices, default=Side.ANY, verbose_name="offered for")

    objects = DatedQuerySet["ReasonCode"].as_manager()

    class Meta:
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return f"{self.code} {self.label}"

    def label_for(self, score: int) -> str:
        """The wording for customers who gave this score (0 to 10)."""
        return self.promoter_label if self.promoter_label and Side.of(score) is Side.PROMOTER else self.label

    def clean(self) -> None:
        super().clean()
        if self.parent is None:
            return
        if self.parent_id == self.pk or self.parent.parent_id:
            raise ValidationError({"parent": "Choose a primary reason: there are two levels, no more."})
        if self.pk and self.children.exists():
            raise ValidationError({"parent": "This reason has secondary reasons of its own; move those first."})
        if self.parent.side != Side.ANY and self.side != self.parent.side:
            raise ValidationError(
                {"side": f"Its primary is offered for: {self.parent.get_side_display()}. Choose the same."}
            )


class WorkflowStatus(Dated):
    """A case status: the standard set of words, or the extended set of numbers from 0 to 99."""

    code = models.CharField(max_length=32, unique=True, validators=[CODE], help_text="Exactly as it is sent.")
    label = models.CharField(max_length=64)
    default = models.BooleanField(default=False, help_text="Chosen beforehand on the entry form. One status at most.")

    objects = DatedQuerySet["WorkflowStatus"].as_manager()

    class Meta:
        ordering = ["position", "code"]
        verbose_name_plural = "workflow statuses"
        constraints = [
            models.UniqueConstraint(
                fields=["default"],
                condition=Q(default=True),
                name="one_default_status",
                violation_error_message="Another status is the default already; switch that one off first.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.code})"


class Role(models.TextChoices):
    """What a field of the upload mapping means to the portal."""

    SCORE = "score", "Score"
    COMMENT = "comment", "Comment"
    SENT_AT = "sent_at", "Invitation sent at"
    COMPLETED_AT = "completed_at", "Survey completed at"
    CONTACT = "contact", "Contact wished"
    WORKFLOW_STATUS = "workflow_status", "Workflow status"
    REASONS = "reasons", "Reason codes"
    REFERENCE = "reference", "Our own reference (not asked)"
    CUSTOMER = "customer", "Customer field"


class Kind(models.TextChoices):
    """How a customer field is typed and checked."""

    TEXT = "text", "Text"
    IDENTIFIER = "identifier", "Number or code of a customer"
    EMAIL = "email", "E-mail address"
    PHONE = "phone", "Phone number"
    NUMBER = "number", "Whole number"
    DATE = "date", "Date"
    DATETIME = "datetime", "Date and time"
    CHOICE = "choice", "Choice from a list"


class SurveyField(Lookup):
    """One key of the account's upload mapping; the form and the request body are built from these rows."""

    role = models.CharField(max_length=20, choices=Role.choices, default=Role.CUSTOMER)
    key = models.CharField(max_length=64, unique=True, validators=[KEY], help_text="Upper and lower case matter.")
    label = models.CharField(max_length=64)
    help = models.CharField(max_length=200, blank=True, help_text="A short hint below the field.")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.TEXT)
    required = models.BooleanField(default=False)
    max_length = models.PositiveSmallIntegerField(
        default=128,
        validators=[MinValueValidator(1), MaxValueValidator(10_000)],
        help_text="Longest text accepted, in characters.",
    )
    pattern = models.CharField(
        max_length=200, blank=True, help_text="Optional regular expression the whole text must match."
    )
    choices = models.TextField(blank=True, help_text="For a choice: one per line, as sent.")
    personal = models.BooleanField(default=False, help_text="Tells something about a person.")

    objects = LookupQuerySet["SurveyField"].as_manager()

    class Meta:
        ordering = ["position", "key"]
        constraints = [
            models.UniqueConstraint(
                fields=["role"],
                condition=~Q(role="customer"),
                name="one_field_per_fixed_role",
                violation_error_message="There is a field with this role already; change that one instead.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.key})"

    def choice_list(self) -> list[str]:
        """The choices, one per line, without blank lines."""
        return [line.strip() for line in self.choices.splitlines() if line.strip()]

    def clean(self) -> None:
        if self.key in RESERVED_KEYS:
            raise ValidationError({"key": f"“{self.key}” is a name the form uses itself; choose another key."})
        if self.role == Role.SCORE and not self.active:
            raise ValidationError({"active": "A result without a score is none: this field stays switched on."})
        if self.role == Role.CUSTOMER and self.kind == Kind.CHOICE and not self.choice_list():
            raise ValidationError({"choices": "A choice needs at least one line to choose from."})
        try:
            compile_safely(self.pattern)
        except UnusablePattern as error:
            raise ValidationError({"pattern": str(error)}) from error
