"""Views that managers save: the filter of a list under a name, for themselves or for all who may read the history."""

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils import timezone


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def open_to(self, user: User) -> "SavedViewQuerySet":
        """Their own and those that others share, by name."""
        return self.filter(Q(owner=user) | Q(shared=True)).select_related("owner").order_by("name", "pk")


class SavedView(models.Model):
    """A filter as it stands in the address, never with the words that were searched for: those may name a person."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=1000)
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="one_view_of_a_name")]

    def __str__(self) -> str:
        return f"view {self.pk}"
