"""The lists of the demonstration: the drivers that the simulated account has, and a script for the call."""

from ..models import CallScript, ReasonCode, Side, WorkflowStatus
from ..simulator.reasons import reasons

SIDES = {"pos": Side.PROMOTER, "neg": Side.PASSIVE_DETRACTOR}

SCRIPT = """{greeting}, this is {agent.first_name}. You asked us to call you back about your last order.

May I ask you one question, {customer.FirstName}? How likely are you to recommend us to a friend, from 0 to 10?

Thank you. And what is the main reason for your score?

May a colleague contact you about it?"""
QUESTIONS = {
    "promoter": "What did we do especially well?",
    "passive": "What would have made it a nine or a ten?",
    "detractor": "What went wrong, and what can we do about it now?",
}


def make_script() -> None:
    """What agents say; keeps what is there."""
    CallScript.objects.get_or_create(pk=1, defaults={"text": SCRIPT, **QUESTIONS})


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
