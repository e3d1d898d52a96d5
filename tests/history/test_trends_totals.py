"""Daily totals: after whatever happened they say what a direct count says."""

import random
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import product
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from tests.factories import make_submission
from tests.history.test_trends import DAYS, NOON, many, scores, table, text
from uploads.history import trends_queries
from uploads.history.trends_filter import TrendsFilter
from uploads.history.trends_queries import Counted, Span
from uploads.models import Cause, DayTotal, ReasonCode, ReasonTotal, State, Submission, TotalsKept
from uploads.models.totals import keep_totals, rebuild_totals

REASONS = [{"code": code, "label": f"Reason {code}"} for code in ("10", "20", "30")]
OPEN_STATES = (State.QUEUED, State.DELIVERED, State.FAILED, State.REJECTED)


def counts(query: str, *, directly: bool = False) -> Counted:
    """What the page counts for an address."""
    form = TrendsFilter(QueryDict(query))
    assert form.is_valid()
    spans = Span.split(form.span.first, form.span.last, form.course, 53)
    through = TotalsKept.objects.values_list("through", flat=True).first()
    if directly:
        TotalsKept.objects.update(through=None)
    found = form.count(spans)
    TotalsKept.objects.update(through=through)
    return found


def same(first: Counted, second: Counted) -> bool:
    numbers = ("scores", "agents", "contact", "reasons")
    return all(getattr(first, name) == getattr(second, name) for name in numbers)


def happen(choose: random.Random, agents: list[User], number: int) -> None:
    """Results of any day are entered, corrected and cancelled, in any order."""
    for _ in range(number):
        known = list(Submission.objects.select_related("delivery"))
        corrected = choose.choice([None, *(one for one in known if not hasattr(one, "revision"))])
        if known and choose.random() < 0.3:
            cancelled = choose.choice(known).delivery
            if cancelled.state in (State.QUEUED, State.FAILED, State.REJECTED):
                assert cancelled.cancel(Cause("test"))
            continue
        at = timezone.now() - timedelta(hours=choose.randint(0, 24 * 12))
        if corrected:
            at = max(at, corrected.created_at + timedelta(minutes=1))
        make_submission(
            corrected.agent if corrected else choose.choice(agents), choose.choice(OPEN_STATES), created_at=at,
            score=choose.randint(0, 10), contact=choose.choice(["Y", "N", ""]), revision_of=corrected,
            reasons=choose.sample(REASONS, choose.randint(0, 2)),
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_the_totals_equal_a_direct_count_whatever_happened(db: None, agent: User, agent2: User, seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(4):
        happen(choose, [agent, agent2], 12)
        keep_totals()
    assert DayTotal.objects.exists()
    days = [
        "",
        f"&since={timezone.localdate() - timedelta(days=5)}",
        f"&until={timezone.localdate() - timedelta(days=2)}",
    ]
    for who, band, within, by in product(("", "anna"), ("", "passive", "promoter"), days, ("", "month")):
        query = f"agent={who}&band={band}&by={by}{within}"
        assert same(counts(query), counts(query, directly=True)), query


def test_a_rebuild_gives_what_the_runs_have_kept(db: None, agent: User, agent2: User) -> None:
    happen(random.Random(9), [agent, agent2], 40)
    keep_totals()
    kept = [sorted(model.objects.values_list(*columns(model))) for model in (DayTotal, ReasonTotal)]
    call_command("rebuild_totals", verbosity=0)
    assert [sorted(model.objects.values_list(*columns(model))) for model in (DayTotal, ReasonTotal)] == kept


def columns(model: Any) -> list[Any]:
    """All but the number that the database gave; without an agent counts as agent 0."""
    names = [field.name for field in model._meta.concrete_fields if field.name not in ("id", "agent")]
    return [*names, Coalesce("agent", Value(0))]


@pytest.fixture
def kept(agent: User) -> None:
    """Totals that are complete through yesterday, of one result a day since the first of November."""
    for days in range(20):
        make_submission(agent, State.DELIVERED, created_at=NOON - timedelta(days=days), score=9)
    rebuild_totals()


def test_days_that_are_over_are_read_from_the_totals_and_the_running_day_directly(
    kept: None, browser: Client, agent: User
) -> None:
    DayTotal.objects.filter(day=NOON.date()).update(score_9=0, score_2=7)  # nobody can know but from the totals
    make_submission(agent, score=4)
    assert scores(browser.get("/trends/?since=2026-11-20&until=2026-11-20").text) == {2: 7}
    today = timezone.localdate()
    assert scores(browser.get(f"/trends/?since={today}&until={today}").text) == {4: 1}


def test_what_the_totals_cannot_tell_apart_is_counted_directly(kept: None, browser: Client, agent: User) -> None:
    DayTotal.objects.update(score_9=0, score_2=7)
    assert scores(browser.get(f"/trends/?{DAYS}&contact=Y").text) == {9: 19}
    assert scores(browser.get(f"/trends/?{DAYS}&workflow=OPEN").text) == {9: 19}
    assert scores(browser.get(f"/trends/?{DAYS}").text) == {2: 7 * 19}


def test_a_day_that_ended_after_the_last_run_is_counted_directly(kept: None, browser: Client, agent: User) -> None:
    TotalsKept.objects.update(through=NOON.date() - timedelta(days=1))
    DayTotal.objects.filter(day=NOON.date()).update(score_9=0, score_2=7)
    assert scores(browser.get("/trends/?since=2026-11-19&until=2026-11-20").text) == {9: 2}


def test_totals_by_another_clock_are_not_read_and_counted_anew(kept: None, browser: Client, settings: Any) -> None:
    TotalsKept.objects.update(zone="Asia/Tokyo")
    DayTotal.objects.update(score_9=0, score_2=7)
    assert scores(browser.get(f"/trends/?{DAYS}").text) == {9: 19}
    keep_totals()
    assert TotalsKept.known_through() == timezone.localdate() - timedelta(days=1)
    assert set(DayTotal.objects.values_list("score_9", "score_2")) == {(1, 0)}


def test_a_result_entered_late_for_an_old_day_reaches_its_total(kept: None, agent: User) -> None:
    make_submission(agent, created_at=NOON - timedelta(days=3), score=0)
    keep_totals()
    assert DayTotal.objects.get(day=NOON.date() - timedelta(days=3)).score_0 == 1


def test_days_without_results_any_more_have_no_totals_after_a_rebuild(kept: None, agent: User) -> None:
    DayTotal.objects.create(day=datetime(2020, 1, 5, tzinfo=UTC).date(), agent=agent, score_3=5)
    rebuild_totals()
    assert not DayTotal.objects.filter(day__year=2020).exists()


def test_of_very_many_the_newest_are_counted_and_the_page_says_so(
    browser: Client, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trends_queries, "MOST_ROWS", 3)
    many(agent, {9: 3})
    many(agent, {1: 2}, created_at=NOON - timedelta(days=1))
    html = browser.get(f"/trends/?{DAYS}").text
    assert scores(html) == {9: 3}
    assert "entered since 20 Nov 2026, 13:00" in text(html)


def test_months_are_those_of_the_calendar(browser: Client, agent: User) -> None:
    for at, score in (
        (datetime(2026, 8, 31, 21, 59, tzinfo=UTC), 1),  # in Amsterdam two minutes before midnight
        (datetime(2026, 8, 31, 22, 0, tzinfo=UTC), 9),
        (datetime(2026, 11, 20, 12, 0, tzinfo=UTC), 9),
    ):
        make_submission(agent, created_at=at, score=score)
    html = browser.get("/trends/?by=month&since=2026-08-15&until=2026-11-22").text
    rows = [row[:3] for row in table(html, "Results by month")]
    assert rows == [
        ["Aug 2026", "1", "−100"], ["Sep 2026", "1", "+100"], ["Oct 2026", "0", "–"],
        ["Nov 2026", "1", "+100"],
    ]  # fmt: skip


def test_contact_requests_are_counted_by_band(browser: Client, agent: User) -> None:
    for score, wish in ((10, "Y"), (9, "N"), (8, ""), (1, "Y"), (2, "Y"), (3, "N")):
        make_submission(agent, created_at=NOON, score=score, contact=wish)
    html = browser.get(f"/trends/?{DAYS}").text
    assert "3 customers (50 %) wish to be contacted." in text(html)
    assert [row[:3] for row in table(html, "Contact requests by score")] == [
        ["Detractors (0–6)", "2", "67 %"], ["Passives (7–8)", "0", "0 %"], ["Promoters (9–10)", "1", "50 %"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "asked",
    [
        {"band": "detractor"},
        {"agent": "anna"},
        {"contact": "Y"},
        {"band": "detractor", "contact": "Y"},
        {"reason": "10"},
        {"since": "2026-11-16"},
    ],
)
def test_a_number_leads_to_the_list_behind_it(browser: Client, agent: User, asked: dict[str, str]) -> None:
    ReasonCode.objects.create(code="10", label="Waiting time")
    make_submission(agent, created_at=NOON, score=2, reasons=REASONS[:1])
    wanted = {"since": "2026-11-02", "until": "2026-11-22", "workflow": "OPEN"} | asked
    html = browser.get(f"/trends/?{DAYS}&workflow=OPEN").text
    links = [unescape(href) for href in re.findall(r'href="(/history/\?[^"]*)"', html)]
    found = [link for link in links if dict(parse_qsl(urlsplit(link).query)) == wanted]
    assert found
    assert browser.get(found[0]).context["page"].rows[0].score == 2
