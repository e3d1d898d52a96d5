"""Whom CustomerGauge can be asked to anonymise when somebody is erased here, and the asking itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings

from ..models import Action, Anonymisation, AuditEvent, Delivery, Kind, State, Submission
from ..models.wakeup import wake

#: Of these CustomerGauge has a record, or may have.
ARRIVED = (State.DELIVERED, State.UNCONFIRMED)


def is_possible() -> bool:
    """Whether the account's credential is one that the call takes: an OAuth2 client, no API key (CustomerGauge, POST
    Anonymize Contact, support article 5000897828)."""
    return bool(settings.CUSTOMERGAUGE_CLIENT_ID) and not settings.CUSTOMERGAUGE_API_KEY


def addresses(versions: Iterable[Submission]) -> dict[str, Submission]:
    """E-mail address, as it was sent → the newest of the versions that carried it to CustomerGauge, or may have."""
    by_key = {version.pk: version for version in versions}
    arrived = Delivery.objects.filter(pk__in=by_key, state__in=ARRIVED).order_by("pk").values_list("pk", flat=True)
    return {
        field["value"].strip(): by_key[key]
        for key in arrived
        for field in by_key[key].customer
        if field["kind"] == Kind.EMAIL and field["value"].strip()
    }


def ask(actor: Any, wanted: Mapping[str, Submission], certificate: AuditEvent) -> None:
    """Put a request for each address in the outbox, in the caller's transaction with the erasure it belongs to."""
    for email, submission in wanted.items():
        Anonymisation.objects.create(
            submission=submission, certificate=certificate.pk, email=email, asked_at=certificate.at
        )
        AuditEvent.objects.record(Action.ANONYMISE_ASKED, submission, actor=actor)
    if wanted:
        wake()
