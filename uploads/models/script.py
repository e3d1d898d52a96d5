"""What agents say on the telephone, as administrators write it."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q


class CallScript(models.Model):
    """One row: the script beside the form, and one follow-up question for each score band.

    Tags in braces are filled in while the agent types, e.g. {customer.FirstName}, {agent.first_name}, {greeting}.
    """

    text = models.TextField(blank=True, max_length=8000)
    promoter = models.CharField("question to promoters (9–10)", max_length=500, blank=True)
    passive = models.CharField("question to passives (7–8)", max_length=500, blank=True)
    detractor = models.CharField("question to detractors (0–6)", max_length=500, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_script")]

    def __str__(self) -> str:
        return "call script"

    @classmethod
    def current(cls) -> "CallScript":
        """The script as it stands; an empty one if nobody has written any."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    def clean(self) -> None:
        if self.pk not in (None, 1):
            raise ValidationError("There is one call script: change that one.")
        self.pk = 1
