"""`manage.py link_account`: an account that was there before the company's own sign-in goes on with it."""

from argparse import ArgumentParser
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from uploads.access.provider import registration
from uploads.models import Action, AuditEvent


class Command(BaseCommand):
    help = "Let a person of the company's sign-in (by the provider's subject) go on with an account that exists."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("subject", help="what the provider calls the person in the claim “sub”")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SSO is None:
            raise CommandError("There is no single sign-on: set OIDC_ISSUER first.")
        user = User.objects.filter(username=options["username"]).first()
        if user is None or user.is_superuser:
            raise CommandError(f"“{options['username']}” is no account that can be linked; superusers sign in here.")
        known = SocialAccount.objects.filter(provider=registration().provider_id, uid=options["subject"]).first()
        if known:
            raise CommandError(f"This person signs in as “{known.user}” already.")
        with transaction.atomic():
            SocialAccount.objects.create(user=user, provider=registration().provider_id, uid=options["subject"])
            user.set_unusable_password()
            user.save(update_fields=["password"])
            record = AuditEvent.objects.record
            record(Action.LINKED, user, actor="command line", body={"subject": options["subject"]})
        self.stdout.write(f"“{user}” signs in at the company from now on, and no longer with a password here.")
