"""Every question of the list is answered by an index: the plans of both databases, with ten thousand results."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import QueryDict

from tests.factories import make_submission
from uploads.history.filters import HistoryFilter
from uploads.history.pages import Cursor
from uploads.models import ReasonCode, State, Submission

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WORDS = ("waited", "friendly", "refund", "clear", "slow", "again", "invoice", "quick")
ROWS = 10_000
#: What differs from database to database: an hour earlier each, a random id, and JSON.
DIALECTS = {
    "sqlite": {
        "series": "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows})",
        "id": "lower(hex(randomblob(16)))",
        "reference": "lower(hex(randomblob(16)))",
        "at": "strftime('%Y-%m-%d %H:%M:%f', created_at, '-' || n || ' hours')",
        "json": "",
    },
    "postgresql": {
        "series": "WITH s AS (SELECT n FROM generate_series(1, {rows}) n)",
        "id": "gen_random_uuid()",
        "reference": "md5(n::text)",
        "at": "created_at - n * interval '1 hour'",
        "json": "::jsonb",
    },
}
QUERIES = [
    "", "state=failed", "state=delivered", "since=2026-11-01&until=2026-11-07", "agent=anna", "band=detractor",
    "reason=99", "reason=10020", "workflow=CLOSED", "workflow=OPEN", "contact=N", "contact=Y", "cg=77", "code=400003",
    "q=word77", "q=friendly", "q=nothing+like+it", "q=lee@example.com", "q=1143", "q=abcdef01",
    "agent=anna&state=failed&reason=99", "q=friendly&band=promoter",
]  # fmt: skip


def fill(first: Submission) -> None:
    """Copies of one result with other numbers, days, words, reasons and states, made by the database itself."""
    dialect = DIALECTS[connection.vendor]
    word = " ".join(f"WHEN {number} THEN '{word}'" for number, word in enumerate(WORDS))
    rare = f"""'[{{"code":"99","label":"99"}}]'{dialect["json"]}"""
    changed = {
        "id": "id + n", "uuid": dialect["id"], "submit_token": dialect["id"], "reference": dialect["reference"],
        "created_at": dialect["at"], "score": "n % 11", "comment": f"CASE n % {len(WORDS)} {word} END || ' word' || n",
        "workflow_status": "CASE WHEN n % 999 = 0 THEN 'CLOSED' ELSE 'OPEN' END",
        "contact": "CASE WHEN n % 999 = 0 THEN 'N' ELSE 'Y' END",
        "reasons": f"CASE WHEN n % 999 = 0 THEN {rare} ELSE reasons END",
    }  # fmt: skip
    delivery = {
        "submission_id": "s.id",
        "cg_id": "CAST(s.id AS text)",
        "state": "CASE WHEN s.id % 500 = 0 THEN 'failed' ELSE d.state END",
    }
    columns, others = columns_of("uploads_submission"), columns_of("uploads_delivery")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO uploads_submission ({', '.join(columns)}) {dialect['series'].format(rows=ROWS)}"
            f" SELECT {', '.join(changed.get(name, name) for name in columns)}"
            f" FROM s, uploads_submission WHERE id = {first.pk}"
        )
        cursor.execute(
            f"INSERT INTO uploads_delivery ({', '.join(others)})"
            f" SELECT {', '.join(delivery.get(name, f'd.{name}') for name in others)} FROM uploads_submission s"
            f" JOIN uploads_delivery d ON d.submission_id = {first.pk} WHERE s.id > {first.pk}"
        )
        for table in ("submission", "delivery", "attempt"):
            cursor.execute(f"ANALYZE uploads_{table}")


def columns_of(table: str) -> list[str]:
    with connection.cursor() as cursor:
        return [column.name for column in connection.introspection.get_table_description(cursor, table)]


def reads_all(plan: str) -> bool:
    """Whether a plan reads a whole table, other than in the order of the list, where the first rows end it."""
    if connection.vendor == "postgresql":
        return re.search(r"Seq Scan on uploads_submission", plan) is not None
    scans = [line for line in plan.splitlines() if re.search(r"SCAN uploads_(submission|delivery|attempt)", line)]
    return not all("USING INDEX submission_newest" in line for line in scans)


def test_no_page_of_the_list_reads_a_whole_table(agent: User) -> None:
    ReasonCode.objects.get_or_create(code="10020", defaults={"label": "Waiting time"})
    ReasonCode.objects.create(code="99", label="Rare")
    fill(make_submission(agent, State.DELIVERED, comment="the first", created_at=NOON))
    faults = {}
    for query in QUERIES:
        form = HistoryFilter(QueryDict(query))
        assert form.is_valid(), query
        first = form.narrow(Submission.objects.all()).select_related("delivery").newest_first()
        older = first.filter(Cursor(NOON - timedelta(days=200), 5000).older())
        for page in (first, older):
            plan = page[:51].explain()
            if reads_all(plan):
                faults[query] = plan
    assert faults == {}


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("state=failed", "delivery_by_state"),
        ("cg=77", "delivery_by_cg_id"),
        ("code=400003", "attempt_by_code"),
        ("workflow=CLOSED", "submission_by_workflow"),
        ("contact=N", "submission_by_contact"),
        ("reason=99", {"postgresql": "submission_reasons", "sqlite": "uploads_search"}),
        ("q=word77", {"postgresql": "submission_words", "sqlite": "uploads_search"}),
    ],
)
def test_a_rare_answer_is_looked_up(agent: User, query: str, index: str | dict[str, str]) -> None:
    """With a table this small PostgreSQL must be forbidden to read it; what matters is that the index can answer."""
    ReasonCode.objects.create(code="99", label="Rare")
    make_submission(agent, State.DELIVERED)
    rows = HistoryFilter(QueryDict(query)).narrow(Submission.objects.all())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_indexscan = off")
            cursor.execute("SET LOCAL enable_indexonlyscan = off")
    plan = rows.order_by().explain()
    wanted = index if isinstance(index, str) else index[connection.vendor]
    assert wanted in plan, plan
