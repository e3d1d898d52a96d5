"""What operators have been told by mail, so that nobody is told twice and everybody is told that it is over."""

from django.db import models


class Alert(models.Model):
    """One kind of trouble: since when it lasts (None: it does not), and when mails about it went out."""

    kind = models.CharField(primary_key=True, max_length=40)
    since = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True, help_text="The last mail that it has begun.")
    reminded_at = models.DateTimeField(null=True, help_text="The last daily digest that named it.")
    version = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"alert {self.kind}"
