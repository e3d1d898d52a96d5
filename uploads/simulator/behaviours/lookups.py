"""Lookups that find too little, too much, or somebody else."""

from collections.abc import Callable, Iterator

from ..api import Answer
from ..errors import ApiError
from ..formats import Document
from ..script import Behaviour, Call, Script, Step

GROUP = "Lookups (GET)"
Rows = list[dict[str, object]]

_ANONYMOUS = {"Email": "x7f3@anonymised.invalid", "FirstName": "***", "LastName": "***", "CustomerNumber": "***"}
_STRANGER: dict[str, object] = {
    "number_customergauge": "987654",
    "Email": "somebody.else@example.org",
    "NetPromoterScore": "3",
    "SurveyCompletedDate": "2018-01-01 13:59:12",
    "date_creation": "2018-01-01 14:00:00",
}


def _found(change: Callable[[Call, Rows], Document]) -> Script:
    """The rows of the honest answer, changed; an honest refusal stays as it is."""

    def script(call: Call) -> Iterator[Step]:
        answer = call.answer
        rows = answer.document.get("Data") if isinstance(answer.document, dict) else None
        if isinstance(rows, list):
            answer = Answer(200, {"Data": change(call, rows)}, answer.suffix)
        yield answer.message()

    return script


def _nothing(call: Call) -> Iterator[Step]:
    error = ApiError(400002)
    yield Answer(error.status, error.document, call.answer.suffix).message()


def _one_date(call: Call) -> Iterator[Step]:
    if "date_method" in dict(call.request.query):
        error = ApiError(400001)
        yield Answer(error.status, error.document, call.answer.suffix).message()
    else:
        yield call.answer.message()


def _row(name: str, text: str, script: Script) -> Behaviour:
    return Behaviour(name, GROUP, text, script, True, on="GET")


ROWS = (
    _row("lookup-empty", "Finds nothing, whatever is stored.", _found(lambda *_: [])),
    _row("lookup-400002", "Says the record does not exist.", _nothing),
    _row("lookup-400001", "Knows one kind of date only: the order date.", _one_date),
    _row("lookup-everything", "Ignores the filters and returns everybody.", _found(lambda call, _: call.everything())),
    _row(
        "lookup-first-page",
        "Returns the first 40 rows there are, whatever is asked.",
        _found(lambda call, _: call.everything()[:40]),
    ),
    _row("lookup-twice", "Returns every row twice.", _found(lambda _, rows: rows + rows)),
    _row("lookup-stranger", "Returns somebody else's row.", _found(lambda *_: [_STRANGER])),
    _row("lookup-object", "Returns the first row without its list.", _found(lambda _, rows: rows[0] if rows else {})),
    _row(
        "lookup-numbers",
        "Returns the numbers alone.",
        _found(lambda _, rows: [row["number_customergauge"] for row in rows]),
    ),
    _row(
        "lookup-number-alone",
        "Returns the rows with nothing but their numbers.",
        _found(lambda _, rows: [{"number_customergauge": row["number_customergauge"]} for row in rows]),
    ),
    _row(
        "lookup-anonymised",
        "Returns the rows as after an anonymisation.",
        _found(lambda _, rows: [row | _ANONYMOUS for row in rows]),
    ),
)
