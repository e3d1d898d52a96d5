"""Everything that is kept about one person, found by what the person is known by: for whoever is about to erase it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from ..models import BatchRow, Call, CustomerKey, CustomerValue, Draft, Erasure, Kind, Role, Submission, SurveyField
from ..models.revisions import Chain

#: By which kinds of fields a person is found.
KINDS = frozenset({Kind.EMAIL, Kind.IDENTIFIER, Kind.PHONE})
#: A text with fewer digits is no telephone number.
DIGITS = 6
#: So many results that are found are shown at a time; of those that may be somebody else's a few.
MOST, MOST_RELATED = 200, 20


class Identity(NamedTuple):
    """What somebody is known by: the kind of the field, and the value in its comparable form."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class FoundResult:
    """A result with all its versions. through: what it shares with those that were sought; empty if it was sought."""

    chain: Chain
    through: str = ""

    @property
    def uuid(self) -> UUID:
        """Names it in a form: the newest version's."""
        return self.chain.newest.uuid

    @property
    def newest(self) -> Submission:
        """The version that is shown."""
        return self.chain.newest


@dataclass(frozen=True, slots=True)
class Kept:
    """results: those that were sought. related: others that share an identity, and may be about somebody else.

    rows: of lists that were read in and are not saved. more: whether there are more results than are shown.
    """

    results: list[FoundResult]
    related: list[FoundResult]
    calls: list[Call]
    drafts: list[Draft]
    rows: list[BatchRow]
    more: bool = False

    def __bool__(self) -> bool:
        return bool(self.results or self.calls or self.drafts or self.rows)


def named(text: str) -> set[Identity]:
    """What a text that somebody typed may be: an e-mail address or a customer's number, or a telephone number."""
    found = {Identity(kind, CustomerKey.normal(kind, text)) for kind in (Kind.EMAIL.value, Kind.IDENTIFIER.value)}
    digits = CustomerKey.normal(Kind.PHONE, text)
    if "@" not in text and len(digits) >= DIGITS:
        found.add(Identity(Kind.PHONE.value, digits))
    return found


def identities(fields: Iterable[CustomerValue]) -> set[Identity]:
    """By what the customer of a result or of a call can be found."""
    known = (field for field in fields if field["kind"] in KINDS and field["value"].strip())
    return {Identity(field["kind"], CustomerKey.normal(field["kind"], field["value"])) for field in known}


def kept(wanted: set[Identity], result: Submission | None = None) -> Kept:
    """What is kept under any of the identities, and under the result; what is erased already is left out.

    Of a result its e-mail addresses and telephone numbers are sought as well: a customer's number may belong to several
    persons, so what shares it counts as related.
    """
    if result:
        wanted = wanted | {one for one in identities(result.customer) if one.kind != Kind.IDENTIFIER}
    keys = list(_keyed(wanted)[: MOST + 1])
    results = _results([*([result.pk] if result else []), *keys[:MOST]])
    shared = {one for found in results for version in found.chain.versions for one in identities(version.customer)}
    return Kept(
        results,
        _related(shared - wanted, results),
        list(_calls(wanted)),
        list(_drafts(wanted)),
        BatchRow.objects.naming(wanted),
        len(keys) > MOST,
    )


def _keyed(wanted: set[Identity]) -> QuerySet[CustomerKey, int]:
    if not wanted:
        return CustomerKey.objects.none().values_list("submission_id", flat=True)
    either = Q()
    for one in wanted:
        either |= Q(kind=one.kind, value=one.value[:254])
    found = CustomerKey.objects.filter(either).order_by("-submission_id")
    return found.values_list("submission_id", flat=True).distinct()


def _results(keys: Iterable[int], through: Mapping[int, str] | None = None) -> list[FoundResult]:
    known = Submission.objects.select_related("delivery", "agent").filter(pk__in=list(keys)).newest_first()
    seen: set[int] = set()
    found = []
    for submission in known:
        if submission.pk not in seen:
            chain = Chain.of(submission)
            seen |= {version.pk for version in chain.versions}
            if len(Erasure.objects.among(chain.versions)) < len(chain.versions):
                found.append(FoundResult(chain, through.get(submission.pk, "") if through else ""))
    return found


def _related(shared: set[Identity], results: list[FoundResult]) -> list[FoundResult]:
    own = {version.pk for found in results for version in found.chain.versions}
    through: dict[int, str] = {}
    for one in sorted(shared):
        keys = CustomerKey.objects.filter(kind=one.kind, value=one.value[:254]).exclude(submission__in=own)
        for key in keys.order_by("-submission_id").values_list("submission_id", flat=True)[:MOST_RELATED]:
            through.setdefault(key, one.value)
    return _results(sorted(through)[-MOST_RELATED:], through)


def _calls(wanted: set[Identity]) -> Iterator[Call]:
    """Calls have no index of identities: they are few beside the results, and are read one by one."""
    rows = Call.objects.exclude(customer=[]).values_list("pk", "customer").iterator(chunk_size=1000)
    found = [key for key, customer in rows if wanted & identities(customer)]
    yield from Call.objects.filter(pk__in=found).order_by("-created_at")


def _drafts(wanted: set[Identity]) -> Iterator[Draft]:
    kinds = dict(SurveyField.objects.filter(role=Role.CUSTOMER, kind__in=KINDS).values_list("key", "kind"))
    for draft in Draft.objects.select_related("agent").order_by("-updated_at"):
        typed = ((kinds[name], text) for name, texts in draft.values.items() if name in kinds for text in texts)
        if wanted & {Identity(kind, CustomerKey.normal(kind, text)) for kind, text in typed if text.strip()}:
            yield draft
