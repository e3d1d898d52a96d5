"""Reading back: what became of a delivered result at CustomerGauge, beside what was sent."""

from ..audit.comparison import ANONYMISED, DIFFERS, NOT_SHOWN, compare, fields_of
from ..models import Attempt, Cause, Delivery, ReadBack
from .matching import Found
from .settle import record_late


def settle(delivery: Delivery, attempt: Attempt, found: Found, worker: str) -> str:
    """Write down what a look at a delivered result has shown; gives the evidence."""
    evidence, read_back, differing = _judge(delivery, found)
    body = found.shown | ({"differs": differing} if differing else {})
    cause = Cause(worker, evidence=evidence, attempt=attempt, body=body)
    if not delivery.end_comparison(cause, read_back):
        record_late(delivery, cause)
    return evidence


def _judge(delivery: Delivery, found: Found) -> tuple[str, ReadBack | None, dict[str, list[str]]]:
    """The evidence, the result (None: nothing was learnt), and label → what we sent, what CustomerGauge has."""
    if found.failed:
        return "compare_failed", None, {}
    if not found.records:
        return "compare_absent", ReadBack.ABSENT, {}
    if len(found.records) > 1:
        return "compare_several", None, {}
    compared = compare(fields_of(delivery), found.records[0])
    differing = {field.label: [field.ours, field.theirs or ""] for field in compared if field.verdict == DIFFERS}
    if differing:
        return "compare_differs", ReadBack.DIFFERS, differing
    verdicts = {field.verdict for field in compared} - {NOT_SHOWN}
    if not verdicts:
        return "compare_empty", None, {}
    return "compare_anonymised" if ANONYMISED in verdicts else "compare_same", ReadBack.VERIFIED, {}
