"""A rule for passwords beside Django's own: the words of this house do not count (ASVS 5.0, 6.2.11)."""

import re

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError

AT_LEAST = 8  # what must be left; ASVS 5.0, 6.2.1
_WORDS = re.compile("customergauge|cgportal|portal|survey|password", re.IGNORECASE)


class WordsOfTheHouse:
    """Refuses a password that is too short without what a guesser of this portal would try first."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Raises ValidationError if fewer than eight characters are left without those words."""
        if len(_WORDS.sub("", password)) < min(AT_LEAST, len(password)):
            raise ValidationError("The password is made of words that are easy to guess here: add others.")

    def get_help_text(self) -> str:
        return "Words such as “portal”, “survey” and “password” do not count towards its length."
