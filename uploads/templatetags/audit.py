"""The state of the audit log, as a piece of a page."""

from django import template

from ..audit import seal

register = template.Library()


@register.inclusion_tag("audit/seals.html")
def seals() -> dict[str, object]:
    """The newest seal, whether sealing keeps up, and where to download them all."""
    lag = seal.lag()
    return {"newest": seal.newest(), "enabled": lag is not None, "late": lag is not None and lag > seal.TOO_LONG}
