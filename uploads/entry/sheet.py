"""The entry form in front of a person: empty, or about an earlier result, and what becomes of it when it is saved."""

import logging
import uuid
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..audit.comparison import ANONYMISED
from ..models import Draft, State, Submission
from ..models.revisions import Chain
from .amend import WHY, AmendForm, compared
from .corrections import Correction, NothingChanged, Overtaken, obstacle
from .drafts import CALL_AGAIN, drafts_of, fill
from .form import EntryForm, focus_on_error
from .live import live
from .own import own_results, read_uuid
from .refusal import mark, refusals
from .restore import restore
from .results import RECENT
from .submit import Beside, TokenTaken, stored, submit
from .warnings import REASON, Stopped, check

log = logging.getLogger(__name__)
STALE = "This form had expired. Everything you typed is still here: check it and save again."
REFUSED = "CustomerGauge refused this result."
NOT_SAVED = "The portal could not save this just now. Everything you typed is still here: save it again in a minute."
UNCHANGED = "CustomerGauge has all of this already, so there is nothing to correct and nothing was saved."
CORRECTED = "It has been corrected already. This page leads to the corrected version."
FORGOTTEN = (
    "CustomerGauge has anonymised this customer. What the portal still knows must not be written back there, so this "
    "result cannot be corrected any more."
)


class Sheet:
    """One person's form.

    about: the earlier version that it is to replace or change; None for a new result.  page: the route of the page
    that shows a result to this person.  action: where the form is posted to.
    """

    def __init__(self, request: HttpRequest, person: User, about: Submission | None, page: str, action: str) -> None:
        self.request = request
        self.person = person
        self.about = about
        self.page = page
        self.action = action

    @property
    def agent(self) -> User:
        """Whose result it is: a correction stays with the agent who entered it."""
        return self.about.agent if self.about else self.person

    @cached_property
    def chain(self) -> Chain | None:
        """The versions of the result that is corrected."""
        return Chain.of(self.about) if self.about else None

    @property
    def number(self) -> str:
        """CustomerGauge's number of the record that the form changes; empty if it makes a new one."""
        return self.chain.number if self.chain else ""

    @cached_property
    def compared(self) -> dict[str, Any]:
        """What CustomerGauge has, as far as it is known, by key."""
        return compared(self.chain) if self.chain and self.number else {}

    def form(self, data: QueryDict | None = None) -> EntryForm:
        """The form for these answers; over a record that CustomerGauge has it shows what is there."""
        if self.number:
            return AmendForm(data, agent=self.agent, fields=self.compared)
        return EntryForm(data, agent=self.agent)

    # -- opening -------------------------------------------------------------------------------------------

    def open(self) -> HttpResponseBase:
        """The form filled with the earlier version, or empty; to the result's page if it cannot be corrected."""
        if self.about is None or self.chain is None:
            return self.show(self.form(), uuid.uuid4())
        if why_not := self._why_not(self.chain):
            messages.info(self.request, why_not)
            return redirect(self.page, self.about.uuid)
        form, left_out = restore(self.about, self.form)
        form.errors.pop(WHY, None)  # nobody was asked yet
        context: dict[str, Any] = {"left_out": left_out}
        if self.about.delivery.state == State.REJECTED:
            refusal = refusals([self.about])[self.about.pk]
            mark(form, refusal)
            context |= {"lead": REFUSED, "quote": refusal.quote}
        elif form.errors:
            context["lead"] = "Some answers do not fit today's rules."
        return self.show(form, uuid.uuid4(), **context)

    def open_undone(self, undone: Submission) -> HttpResponse:
        """The form of a new result, filled with one that was taken back."""
        form, left_out = restore(undone, self.form)
        return self.show(form, uuid.uuid4(), undone=undone, left_out=left_out)

    def open_draft(self, draft: Draft, **context: Any) -> HttpResponse:
        """The form as its draft was left, under the draft's own token."""
        form = self.form()
        notes = fill(form, draft.values)
        if self.chain and (why_not := self._why_not(self.chain)):
            notes.insert(0, why_not)
        again = next(iter(draft.values.get(CALL_AGAIN, ())), "")
        context |= {"version": draft.version, "kept_at": draft.updated_at, "call_again": again}
        return self.show(form, draft.token, notes=notes, **context)

    def _why_not(self, chain: Chain) -> str:
        if chain.newest != self.about:
            return CORRECTED
        if any(field.verdict == ANONYMISED for field in self.compared.values()):
            return FORGOTTEN
        return obstacle(chain)

    # -- saving --------------------------------------------------------------------------------------------

    def save(self) -> HttpResponseBase:
        """What was posted: saved and shown (302), or back with a sentence (422; 503 if the database failed)."""
        form, token = self.form(self.request.POST), read_uuid(self.request.POST.get("submit_token", ""))
        context = dict[str, Any]()
        try:
            saved = stored(token, self.agent) if token else None
            if saved:
                messages.info(self.request, "This form was saved before. Here is what was saved.")
                return redirect(self.page, saved.uuid)
            if token and form.is_valid():
                entry = form.entry()
                noted = {} if self.about else check(form, entry, self.person).body()
                beside = Beside(self.request.POST.get(CALL_AGAIN, ""), noted)
                return self._saved(submit(entry, self.agent, token, self._correction(form), beside), entry.notes)
        except Stopped as stopped:
            context = {"warned": stopped.warned, "overrule": self.request.POST.get(REASON, "")}
        except TokenTaken:
            token = None
        except Overtaken as overtaken:
            form.add_error(None, self._overtaken(overtaken.submission))
        except NothingChanged:
            form.add_error(None, UNCHANGED)
        except DatabaseError:
            # a full disk, a lock held for too long: whatever it was, the words stay in the form, and the same token
            # makes sure that saving again cannot make a second submission
            log.exception("a result could not be saved")
            form.add_error(None, NOT_SAVED)
            return self.show(form, token or uuid.uuid4(), status=503)
        if token is None:
            return self.stale(form, status=422)
        return self.show(form, token, status=422, **context)

    def stale(self, form: EntryForm, status: int) -> HttpResponse:
        """The form with everything that was typed, under a fresh token, or under that of its draft."""
        form.is_valid()  # the sentences about the answers stand beside this one
        form.add_error(None, STALE)
        token = read_uuid(self.request.POST.get("submit_token", ""))
        draft = Draft.objects.of(self.person).filter(token=token).first() if token else None
        return self.show(form, draft.token if draft else uuid.uuid4(), status=status)

    def show(self, form: EntryForm, token: uuid.UUID, status: int = 200, **context: Any) -> HttpResponse:
        """The page. Context: `undone`, what the form is a copy of; `lead`, `quote`, `left_out`, `notes`, words about
        it; `warned`, warnings to be overruled; `version` of its draft, and `kept_at`; `clean`, whether to shorten its
        address."""
        if not any("autofocus" in field.widget.attrs for field in form.fields.values()):
            focus_on_error(form)
        context = {"version": self._version(token)} | context | {"form": form, "token": token, "sheet": self}
        if self.person == self.agent:
            context |= live("recent", own_results(self.request)[:RECENT])
            context["drafts"] = drafts_of(self.person, but=token, most=3)
        page = render(self.request, "entry/new.html", context, status=status)
        # hundreds of reasons take a second on a slow line; but where an address from elsewhere chose some of the text,
        # the length of the page must tell nothing about the rest (the BREACH attack)
        if not context.get("clean"):
            GZipMiddleware(lambda _: page).process_response(self.request, page)
        return page

    def _version(self, token: uuid.UUID) -> int:
        """The version of the draft that the page was typed over; a form under a fresh token has none."""
        version = self.request.POST.get("draft-version", "")
        same = self.request.POST.get("submit_token") == str(token)
        return int(version) if same and version.isascii() and version.isdecimal() and len(version) < 10 else 0

    def _correction(self, form: EntryForm) -> Correction | None:
        """Raises Overtaken if what CustomerGauge has must not be written over."""
        if self.about is None:
            return None
        if any(field.verdict == ANONYMISED for field in self.compared.values()):
            raise Overtaken(self.about)
        return Correction(self.about, self.person, form.why if isinstance(form, AmendForm) else "")

    def _saved(self, saved: Submission, notes: Sequence[str]) -> HttpResponse:
        for note in notes:
            messages.warning(self.request, note)
        page = reverse(self.page, args=[saved.uuid])
        if "next" not in self.request.POST:
            return redirect(page)
        name = saved.customer_name or saved.short_id
        undo = _undo_button(saved) if settings.SUBMISSION_HOLD_SECONDS else ""
        messages.success(
            self.request, format_html('Saved: <a href="{}">{}, score {}</a>. {}', page, name, saved.score, undo)
        )
        return redirect("new")

    def _overtaken(self, old: Submission) -> SafeString:
        """What to say if the result to be corrected cannot be any more."""
        newest = Chain.of(old).newest
        page = reverse(self.page, args=[newest.uuid])
        if newest != old:
            return format_html('It has been corrected already: <a href="{}">see the corrected version</a>.', page)
        return format_html('It is not waiting for a correction: <a href="{}">see what became of it</a>.', page)


def _undo_button(saved: Submission) -> SafeString:
    """It belongs to the page's own form for that, which has the key of the session the page is shown in."""
    return format_html(
        '<button type="submit" form="undo" formaction="{}" class="btn-undo">Undo</button>',
        reverse("undo", args=[saved.uuid]),
    )
