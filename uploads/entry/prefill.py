"""The entry form opened by a telephone system, with what that knows of the customer (a screen pop)."""

import uuid

from django.core.exceptions import ValidationError
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ..roles import ENTER, required
from .form import EntryForm
from .kept import is_from_here, keep_and_sign_in
from .own import agent_of
from .sheet import Sheet

#: Parameters of the form's address that mean something else.
TAKEN = frozenset({"from", "draft", "call"})


def names_customer(form: EntryForm, data: QueryDict) -> bool:
    """Whether the parameters hold anything about a customer."""
    return any(name in data for name in form.customer_names if name not in TAKEN)


def take_over(form: EntryForm, data: QueryDict) -> list[str]:
    """Put the customer's fields into an empty form; gives a sentence for each that was not fit to be.

    They are judged like typed ones; a key that is named twice is as good as none. Everything else is ignored: what
    the customer says is never taken from a telephone system.
    """
    left_out, initial = [], dict[str, str]()
    for name in form.customer_names:
        field, values = form.fields[name], data.getlist(name)
        if name in TAKEN or not any(values):
            continue
        if len(values) > 1:
            left_out.append(f"{field.label} came more than once and was left out.")
            continue
        try:
            field.clean(values[0])
            initial[name] = values[0].strip()
        except ValidationError as error:
            left_out.append(f"Left out: {' '.join(error.messages)}")
    form.initial = initial
    return left_out


@csrf_exempt
@require_POST
def prefill(request: HttpRequest) -> HttpResponseBase:
    """The empty form with a customer that was posted, so that nothing about a person stands in an address.

    Nothing is saved, so no key is asked for. A POST from another site comes without the person's cookies: it is
    answered with a page that posts the same once more from here, and begins no session.
    """
    if not request.user.is_authenticated:
        if is_from_here(request):
            return keep_and_sign_in(request)
        pairs = [(name, value) for name, values in request.POST.lists() for value in values]
        return render(request, "entry/prefill.html", {"pairs": pairs[:100]})
    return _open(request)


@required(ENTER)
def _open(request: HttpRequest) -> HttpResponseBase:
    agent = agent_of(request)
    sheet = Sheet(request, agent, None, "submission", reverse("new"))
    form = sheet.form()
    left_out = take_over(form, request.POST)
    return sheet.show(form, uuid.uuid4(), notes=left_out, clean=True)
