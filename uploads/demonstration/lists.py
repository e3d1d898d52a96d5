"""The reason tree of the demonstration: the drivers that the simulated account has."""

from ..models import ReasonCode, Side, WorkflowStatus
from ..simulator.reasons import reasons

SIDES = {"pos": Side.PROMOTER, "neg": Side.PASSIVE_DETRACTOR}


def make_reasons() -> None:
    """Two levels on both sides of the score, and a workflow status chosen beforehand; keeps what is there."""
    primary = None
    for number, row in enumerate(reasons(), 1):
        reason, _ = ReasonCode.objects.get_or_create(
            code=row["reason_code"],
            defaults={
                "label": row["label"],
                "side": SIDES[row["good_bad"]],
                "position": 10 * number,
                "parent": primary if row["level"] == "2" else None,
            },
        )
        if row["level"] == "1":
            primary = reason
    if not WorkflowStatus.objects.filter(default=True).exists():
        WorkflowStatus.objects.filter(code="OPEN").update(default=True)
