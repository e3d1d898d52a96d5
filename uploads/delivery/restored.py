"""After a backup was restored: what had not been settled when it was made may have been sent since."""

from django.db import transaction

from ..models import OUTBOXES, Cause, Channel, State

EVIDENCE = "restored"
#: What may have been sent since, by itself or at a manager's word.
DOUBTFUL = (State.QUEUED, State.SENDING, State.FAILED)


def reconcile(operator: str) -> int:
    """Pause all sending and mark everything that waits, was being sent or was given up as unconfirmed; gives how many.

    Once a person resumes sending, CustomerGauge is asked for each of them. Repeating it does no harm.
    """
    cause = Cause(operator, evidence=EVIDENCE)
    with transaction.atomic():
        Channel.current().pause(operator, EVIDENCE)
        rows = [row for outbox in OUTBOXES for row in outbox.objects.filter(state__in=DOUBTFUL)]
        return sum(row.unconfirm(cause) for row in rows)
