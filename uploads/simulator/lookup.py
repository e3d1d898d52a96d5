"""Finding records by GET (support article 5000804006): filters, a period, and pages of at most 1000."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from .errors import ApiError
from .http import Pairs
from .mapping import Mapping
from .validation import Fields, fields_of, is_datetime

PAGE = 1000
_PARAMETERS = frozenset({"days", "date_range_from", "date_range_to", "date_method", "start", "limit"})
_STATUSES = frozenset({"BOUNCED", "ERROR", "PROCESSED", "QUEUE", "UNSUBSCRIBED"})
_FILTER = "filter_"


def find(
    rows: Iterable[dict[str, object]], query: Pairs, mapping: Mapping, *, general: bool
) -> list[dict[str, object]]:
    """Those of ``rows`` that match ``query``, oldest first.

    ``general`` is GET General (``/transactions``): it has ``status``, and ``date_order`` as its only date. For GET
    Response the other dates are an assumption, as its page does not show them. The order date is the default of
    both, so a record without one lies outside every period. Filters compare exactly. Raises ApiError.
    """
    filters = {key.removeprefix(_FILTER): value for key, value in query if key.startswith(_FILTER)}
    if unknown := filters.keys() - mapping.keys - {"number_customergauge"}:
        raise ApiError(400000, f"Filter key does not exist: {', '.join(sorted(unknown))}")
    rest = tuple(pair for pair in query if not pair[0].startswith(_FILTER))
    fields = fields_of(rest, _PARAMETERS | {"status"} if general else _PARAMETERS)
    if (status := fields.get("status", "PROCESSED")) not in _STATUSES:
        raise ApiError(300001, "Invalid arguments: status")
    start, limit = _number(fields, "start", 0), _number(fields, "limit", PAGE)
    if limit > PAGE:
        raise ApiError(300001, f"Invalid arguments: limit can not be more than {PAGE}")
    since, until = _period(fields)
    date = _date_key(fields.get("date_method", "date_order"), mapping, general=general)
    if status != "PROCESSED":
        return []
    found = [row for row in rows if filters.items() <= row.items()]
    if since or until:
        found = [row for row in found if row.get(date) and since <= str(row[date]) <= (until or "9")]
    return found[start : start + limit]


def _date_key(method: str, mapping: Mapping, *, general: bool) -> str:
    keys = {"date_order": mapping.ordered}
    if not general:
        keys |= {"date_sent": mapping.sent, "date_survey_response": mapping.completed, "date_creation": "date_creation"}
    if method not in keys:
        raise ApiError(400001)
    return keys[method]


def _period(fields: Fields) -> tuple[str, str]:
    since = _moment(fields, "date_range_from", "00:00:00")
    until = _moment(fields, "date_range_to", "23:59:59")
    if "days" in fields:
        days = _number(fields, "days", 0)
        if days > 365:
            raise ApiError(400009)
        since = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S")
    return since, until


def _moment(fields: Fields, key: str, time: str) -> str:
    text = fields.get(key, "")
    moment = f"{text} {time}" if len(text) == len("2012-09-01") else text
    if moment and not is_datetime(moment):
        raise ApiError(300001, f"Invalid arguments: {key}")
    return moment


def _number(fields: Fields, key: str, default: int) -> int:
    text = fields.get(key, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ApiError(300001, f"Invalid arguments: {key}")
    return int(text)
