"""The CustomerGauge account that the settings name."""

from typing import Literal

from django.conf import settings

from ..customergauge import ApiKey, Client, ClientCredentials, Credentials
from .turn import token_turn


def make_client() -> Client:
    """A client with the account's address and credential; it may be shared between threads."""
    credentials: Credentials
    if settings.CUSTOMERGAUGE_API_KEY:
        credentials = ApiKey(settings.CUSTOMERGAUGE_API_KEY)
    else:
        credentials = ClientCredentials(
            settings.CUSTOMERGAUGE_TOKEN_URL,
            settings.CUSTOMERGAUGE_CLIENT_ID,
            settings.CUSTOMERGAUGE_CLIENT_SECRET,
            turn=token_turn,
        )
    format_: Literal["json", "xml"] = settings.CUSTOMERGAUGE_FORMAT
    return Client(settings.CUSTOMERGAUGE_URL, credentials, format=format_)
