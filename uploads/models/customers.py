"""By which of a customer's identities a submission can be found: rows that erasing a person removes."""

from django.db import models

from .submission import Submission


class CustomerKeyQuerySet(models.QuerySet["CustomerKey"]):
    def naming(self, values: set[str]) -> "CustomerKeyQuerySet":
        """The entries that carry one of the values (as `CustomerKey.normal` writes them), newest first."""
        return self.filter(value__in=values).order_by("-submission_id")


class CustomerKey(models.Model):
    """One e-mail address, customer number or telephone number of a submission, in its comparable form."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="customer_keys")
    kind = models.CharField(max_length=12)
    value = models.CharField(max_length=254)

    objects = CustomerKeyQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["value", "-submission"], name="customer_key")]  # reader: same customer, search

    def __str__(self) -> str:
        return f"{self.kind} of {self.submission_id}"

    @staticmethod
    def normal(kind: str, value: str) -> str:
        """The form in which two spellings of one identity are equal."""
        if kind == "phone":
            return "".join(char for char in value if char.isdigit())
        return value.strip().casefold()
