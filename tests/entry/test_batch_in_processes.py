"""A list in the hands of a real worker that is killed while it saves."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.processes import Portal, eventually, hidden

pytestmark = pytest.mark.processes
ROWS = 200
#: What the side job of every minute does, without waiting for the minute.
AGAIN = """
import django
django.setup()
from uploads.entry.batch_work import carry_on
while carry_on():
    pass
"""


def states(portal: Portal) -> dict[str, int]:
    return dict(portal.sql("SELECT state, count(*) FROM uploads_batchrow GROUP BY state"))


def test_a_worker_that_is_killed_while_it_saves_loses_no_row_and_enters_none_twice(quiet_portal: Portal) -> None:
    portal = quiet_portal
    portal.start_web()
    agent = portal.browser_session("agent")
    done = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d %H:%M}"
    lines = ["Email\tScore\tSurveyCompletedDate\tEmailSentDate"]
    lines += [f"list{number}@brightwater.example\t9\t{done}\t{done}" for number in range(ROWS)]
    key = {"csrfmiddlewaretoken": hidden(agent.get("/submissions/many/").text, "csrfmiddlewaretoken")}
    given = agent.post(key | {"token": str(uuid.uuid4()), "pasted": "\n".join(lines)}, "/submissions/many/")
    page = given.headers["Location"]
    columns = {f"column-{place}": name for place, name in enumerate(("Email", "score", "completed_at", "sent_at"))}
    assert agent.post(key | columns | {"titled": "on", "dates": "iso"}, f"{page}columns/").status_code == 302
    portal.start_worker()
    eventually("every row is checked", lambda: states(portal) == {"good": ROWS})
    eventually("the list is checked", lambda: "Save 200 rows" in agent.get(page).text)
    assert agent.post(key, f"{page}save/").status_code == 302
    eventually("some rows are saved", lambda: states(portal).get("saved", 0) > 0)
    portal.kill("worker")
    saved = states(portal)["saved"]
    assert portal.sql("SELECT count(*) FROM uploads_submission") == [(saved,)]
    again = portal.python("-c", AGAIN)
    assert (again.returncode, states(portal)) == (0, {"saved": ROWS}), again.stderr
    assert portal.sql("SELECT count(*), count(DISTINCT submit_token) FROM uploads_submission") == [(ROWS, ROWS)]
