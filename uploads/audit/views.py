"""The seals for whoever wants to keep them."""

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from ..roles import HEALTH, required
from . import anchors


@require_GET
@required(HEALTH)
def download(request: HttpRequest) -> StreamingHttpResponse:
    """Every seal as a line of text, oldest first."""
    name = f"audit-seals-{timezone.localtime():%Y-%m-%d}.txt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(anchors.lines(), content_type="text/plain; charset=utf-8", headers=headers)
