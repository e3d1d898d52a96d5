"""What the entry form sends by itself while somebody types, and taking a draft away."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from ..models import Draft, Submission
from ..models.drafts import Clash, NotYours
from ..roles import ENTER, REVIEW, may, required
from .drafts import Spent, TooLong, keep, typed
from .own import agent_of, read_uuid

VERSION = "draft-version"
HEADER = "X-Draft-Version"


@require_POST
@required(ENTER)
def save_draft(request: HttpRequest) -> HttpResponseBase:
    """Keep the form as it stands: 204 with the version in a header (0: there was nothing to keep).

    409 with the version that stands if another tab kept it since, 410 if the form was saved as a result or a call,
    413 if it is too long to be kept, 400 if the request names no form.
    """
    agent = agent_of(request)
    token, version = read_uuid(request.POST.get("submit_token", "")), request.POST.get(VERSION, "")
    if token is None or not (version.isascii() and version.isdecimal() and len(version) < 10):
        return HttpResponse(status=400)
    revises = revised(agent, request.POST.get("revises", ""))
    try:
        return _answer(204, keep(agent, token, typed(request.POST), int(version), revises))
    except Clash as clash:
        return _answer(409, clash.version)
    except Spent:
        return HttpResponse(status=410)
    except TooLong:
        return HttpResponse(status=413)
    except NotYours as error:
        raise Http404 from error


@require_POST
@required(ENTER)
def discard_draft(request: HttpRequest) -> HttpResponseBase:
    """Take an own draft away for good; one that is gone already is no mistake."""
    token = read_uuid(request.POST.get("draft", ""))
    if token and Draft.objects.of(agent_of(request)).filter(token=token).delete()[0]:
        messages.success(request, "The draft is discarded.")
    return redirect("own" if "list" in request.POST else "new")


def revised(agent: User, named: str) -> Submission | None:
    """The result that a form corrects: an own one, or for a manager anybody's. Raises Http404 if it is another's."""
    if not named:
        return None
    known = Submission.objects.all() if may(agent, REVIEW) else Submission.objects.filter(agent=agent)
    return get_object_or_404(known, uuid=read_uuid(named))


def _answer(status: int, version: int) -> HttpResponse:
    return HttpResponse(status=status, headers={HEADER: str(version)})
