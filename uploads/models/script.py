"""What agents say on the telephone, as administrators write it."""

import re

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from .lookups import Role, SurveyField

#: Tags that are always there → what they stand for.
TAGS = {
    "agent.first_name": "the agent's first name",
    "agent.last_name": "the agent's last name",
    "greeting": "“Good morning”, “Good afternoon” or “Good evening”, by the clock",
}
#: What a tag about the customer begins with; the key of a field follows.
CUSTOMER = "customer."
TAG = re.compile(r"\{([^{}]*)\}")


def known_tags() -> list[str]:
    """Every tag a script may use today, without braces: the fixed ones, and one for each customer field."""
    fields = SurveyField.objects.active().filter(role=Role.CUSTOMER)
    return [*TAGS, *(CUSTOMER + key for key in fields.values_list("key", flat=True))]


class CallScript(models.Model):
    """One row: the script beside the form, and one follow-up question for each score band.

    Tags in braces are filled in while the agent types, e.g. {customer.FirstName}, {agent.first_name}, {greeting}.
    """

    text = models.TextField(
        blank=True, max_length=8000, help_text="Stands beside the entry form. An empty script shows nothing."
    )
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
        known = known_tags()
        refused = {name: _misuse(getattr(self, name), known) for name in ("text", "promoter", "passive", "detractor")}
        if any(refused.values()):
            raise ValidationError({name: sentence for name, sentence in refused.items() if sentence})


def _misuse(text: str, known: list[str]) -> str:
    """What is wrong with the tags of a text, as a sentence; empty if nothing is."""
    unknown = [tag for tag in TAG.findall(text) if tag not in known]
    allowed = ", ".join(f"{{{tag}}}" for tag in known)
    if unknown:
        return f"{{{unknown[0]}}} is not a tag. Use one of these: {allowed}."
    if re.search(r"[{}]", TAG.sub("", text)):
        return f"A brace stands alone: a tag has one on either side. The tags are: {allowed}."
    return ""
