"""What came back from a call, as the audit log keeps it."""

import base64
from typing import Any

from ..customergauge import Exchange


def reply_of(exchange: Exchange) -> dict[str, Any] | None:
    """The reply byte for byte; None if nothing came back and there is nothing to say of it."""
    if exchange.status is None and not exchange.body and not exchange.detail:
        return None
    try:
        body = {"body": exchange.body.decode()}
    except UnicodeDecodeError:
        body = {"body_base64": base64.b64encode(exchange.body).decode()}
    headers = [list(header) for header in exchange.headers]
    return {"status": exchange.status, "headers": headers, "fault": exchange.detail, **body}
