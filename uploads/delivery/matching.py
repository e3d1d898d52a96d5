"""Finding one record at CustomerGauge: what to ask, how far to read, and which records fit.

No personal data goes into an address: what is asked for is our random reference, CustomerGauge's own number, or a
period (GET Response; its parameters as documented for GET General, support article 5000804006). A filter that
CustomerGauge ignores returns everybody, so every record is compared here, and what does not fit is forgotten.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings

from ..audit.comparison import number_of, same, value_in
from ..customergauge import Client, Exchange, Fault, NotListed, Row, Verdict, find, rows
from ..models import Delivery, Kind, Role, State, Submission
from ..models.sent import common_name, value_sent

#: Records per call: a reply may hold 64 KiB, a record a long comment.
PAGE = 40
PAGES = 50
#: A look begins no call later than so many seconds after it was claimed, so that with the last one (at most 30 s, and
#: as long for a token) it ends within its lease.
WITHIN = 60.0
#: The zone in which CustomerGauge reads a date is not documented.
MARGIN = timedelta(days=1)
#: Codes for a filter or a kind of date that this account does not know (API 4.1 Error Codes, 5000722531).
NOT_KNOWN_THERE = frozenset({400000, 400001})

Query = Sequence[tuple[str, str]]


class Search(NamedTuple):
    """One way of asking.

    fits: whether a record is the one; None if it does not show enough to tell.  exact: only the record itself can
    come back, unless the filter is ignored.  conclusive: where an empty answer says that it is not there.
    """

    pairs: Query
    fits: Callable[[Row], bool | None]
    exact: bool = False
    conclusive: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """What a look has shown.

    records: those that fit, each number once.  exact: they carry the reference or the number itself.  read: how many
    records were read for it.  cut: there was more than could be read, or too little was shown.  failure: why it could
    not be read at all.
    """

    exchange: Exchange
    records: tuple[Row, ...] = ()
    exact: bool = False
    read: int = 0
    seconds: float = 0.0
    cut: bool = False
    failure: Verdict | None = None

    @property
    def failed(self) -> bool:
        """Whether it says nothing, whatever was read."""
        return self.cut or self.failure is not None

    @property
    def shown(self) -> dict[str, Any]:
        """What the audit log keeps of it: the records that fit and nobody else's; no `records` if it failed."""
        if self.failure:
            said = {"status": self.exchange.status, "message": self.failure.message, "cause": self.failure.sentence}
            return {"read": self.read, "failed": said}
        if self.cut:
            return {"read": self.read, "failed": {"cause": "CustomerGauge cannot be asked so that the answer is sure."}}
        return {"read": self.read, "records": [dict(record) for record in self.records]}


class Look:
    """Asks for the record of a delivery, one way after the other until one is conclusive. Touches no database.

    claimed: when its lease began, on the monotonic clock; it may have waited for a thread since.
    """

    def __init__(self, client: Client, delivery: Delivery, claimed: float) -> None:
        self._client = client
        self._delivery = delivery
        self._latest = claimed + WITHIN
        self._began = time.monotonic()
        self._calls = 0

    def find(self) -> Found:
        """What the first conclusive way has shown. Raises ValueError if there is nothing to ask for."""
        found: Found | None = None
        for search in searches(self._delivery):
            found = self._read(search)
            unknown_there = found.failure is not None and found.failure.code in NOT_KNOWN_THERE
            says_nothing = not found.records and (not search.conclusive or (search.exact and found.read > 0))
            if not unknown_there and not says_nothing:
                return found
        if found is None:
            raise ValueError(f"{self._delivery} carries nothing by which it can be looked up.")
        return found if found.failed else self._found(found.exchange, read=found.read, cut=True)

    def _read(self, search: Search) -> Found:
        """Page through one way of asking."""
        seen: dict[tuple[tuple[str, str], ...], Row] = {}
        cut = True
        for _ in range(1 if search.exact else PAGES):
            exchange = self._ask([*search.pairs, ("start", str(len(seen))), ("limit", str(PAGE))])
            try:
                page = rows(exchange)
            except NotListed as error:
                return self._found(exchange, read=len(seen), failure=error.verdict)
            before = len(seen)
            seen |= {tuple(sorted(row.items())): row for row in page}
            if len(page) < PAGE or (len(seen) == before and len(page) > PAGE):
                cut = False  # the end; or all of it came at once and came again, so that neither number is heeded
                break
            if len(seen) == before:
                break
        verdicts = {key: search.fits(row) for key, row in seen.items()}
        fitting = {number_of(row) or key: row for key, row in seen.items() if verdicts[key]}
        blind = bool(seen) and all(verdict is None for verdict in verdicts.values())
        cut = (cut or blind) and not search.exact
        return self._found(exchange, records=tuple(fitting.values()), exact=search.exact, read=len(seen), cut=cut)

    def _ask(self, pairs: Query) -> Exchange:
        if self._calls and settings.CUSTOMERGAUGE_RATE:
            time.sleep(1 / settings.CUSTOMERGAUGE_RATE)  # the claim was counted under the rate as one call
        self._calls += 1
        if time.monotonic() > self._latest:
            return Exchange("GET", "", fault=Fault.DEADLINE)
        return self._client.send(find(pairs))[-1]

    def _found(self, exchange: Exchange, **shown: object) -> Found:
        return Found(exchange, seconds=time.monotonic() - self._began, **shown)  # type: ignore[arg-type]


def searches(delivery: Delivery) -> Iterator[Search]:
    """The ways of asking for a delivery, the surest first."""
    submission, number = delivery.submission, delivery.cg_id
    if key := submission.reference_key:
        wanted = submission.reference
        yield Search([(f"filter_{key}", wanted)], lambda row: value_in(row, key) == wanted, exact=True)
    fits = likeness(submission)
    if delivery.state == State.DELIVERED and number:
        fits = _numbered(number)
        yield Search([("filter_number_customergauge", number)], fits, exact=True)
    completed = _completed(delivery)
    if completed is None:
        return
    since, until = (f"{at:%Y-%m-%d %H:%M:%S}" for at in (completed - MARGIN, completed + MARGIN))
    period = [("date_range_from", since), ("date_range_to", until)]
    yield Search([("date_method", "date_survey_response"), *period], fits)
    # by the order date, which few results have: those without one lie outside every such period
    ordered = any(common_name(key) == "orderdate" for key, _ in submission.payload)
    yield Search(period, fits, conclusive=ordered)


def likeness(submission: Submission) -> Callable[[Row], bool | None]:
    """Whether a record has the e-mail, the completion time and the score that were sent; None if it does not show
    them all, or if they were not sent."""
    wanted = [field for kind in (Kind.EMAIL, Role.COMPLETED_AT, Role.SCORE) if (field := value_sent(submission, kind))]

    def fits(row: Row) -> bool | None:
        shown = [(field, value_in(row, field.key, field.kind)) for field in wanted]
        if len(shown) < 3 or any(theirs is None for _, theirs in shown):
            return None
        return all(same(field.kind, field.value, theirs or "") for field, theirs in shown)

    return fits


def _numbered(number: str) -> Callable[[Row], bool | None]:
    return lambda row: number_of(row) == number if number_of(row) else None


def _completed(delivery: Delivery) -> datetime | None:
    """The completion time as CustomerGauge's clock shows it; None if CustomerGauge was never told one."""
    submission = delivery.submission
    if sent := value_sent(submission, Role.COMPLETED_AT):
        return datetime.fromisoformat(sent.value)
    if delivery.amends and submission.completed_at:  # told by the version that it corrects
        return submission.completed_at.astimezone(ZoneInfo(settings.CUSTOMERGAUGE_TIME_ZONE))
    return None
