"""Trends: what counts, what the numbers are, and that nobody is judged by too few of them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.factories import make_submission, make_user
from uploads.history.trends_delivery import last_day
from uploads.history.trends_numbers import Tally, percent, quantile, signed
from uploads.models import Delivery, State, Submission

#: A Friday; the page is asked for the days around it.
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAYS = "since=2026-11-02&until=2026-11-22"


def text(html: str) -> str:
    """The words of a page's main part, with single blanks between them."""
    main = html[html.index("<main") : html.index("</main>")]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def table(html: str, caption: str) -> list[list[str]]:
    """The rows of the table with this caption, as texts."""
    found = re.search(rf"{re.escape(caption)}</caption>.*?<tbody>(.*?)</tbody>", html, re.S)
    assert found, f"no table called {caption}"
    rows = re.findall(r"<tr>(.*?)</tr>", found[1], re.S)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in rows]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in cells]


def scores(html: str) -> dict[int, int]:
    """Score → how many, without zeros."""
    return {int(row[0].split()[0]): int(row[1]) for row in table(html, "Results by score") if row[1] != "0"}


def many(agent: User, values: dict[int, int], **fields: object) -> None:
    for score, number in values.items():
        for _ in range(number):
            make_submission(agent, State.DELIVERED, **({"created_at": NOON, "score": score} | fields))


# -- numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("promoters", "passives", "detractors", "nps", "low", "high"),
    [
        # worked by hand: n + 3 = 103, p = 50.75 / 103, d = 20.75 / 103, variance 0.6094, reach 15.08
        (50, 30, 20, "+30", "+14", "+44"),
        (0, 10, 0, "0", "−18", "+18"),
        # n + 3 = 4, p = 1.75 / 4, d = 0.75 / 4, variance 0.5625, reach 73.5 around 25
        (1, 0, 0, "+100", "−48", "+98"),
        (0, 0, 1, "−100", "−98", "+48"),
        (5_000, 3_000, 2_000, "+30", "+28", "+32"),
    ],
)
def test_the_score_and_its_range_follow_the_formula(
    promoters: int, passives: int, detractors: int, nps: str, low: str, high: str
) -> None:
    tally = Tally.of({10: promoters, 7: passives, 6: detractors})
    assert (tally.nps_text, str(tally.interval)) == (nps, f"{low} to {high}")


def test_every_score_belongs_to_its_band() -> None:
    tally = Tally.of(dict.fromkeys(range(11), 1))
    assert [tally.band(name) for name in ("detractor", "passive", "promoter")] == [7, 2, 2]


def test_nothing_has_no_score_and_no_range() -> None:
    assert (Tally().nps_text, Tally().interval, Tally().n) == ("–", None, 0)


@pytest.mark.parametrize("number", [1, 2, 10, 100])
def test_the_range_of_the_extremes_stays_on_the_scale_and_has_a_width(number: int) -> None:
    for score in (0, 8, 10):
        interval = Tally.of({score: number}).interval
        assert interval
        assert -100 <= interval.low < interval.high <= 100


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [(1, 4, "25 %"), (0, 4, "0 %"), (4, 4, "100 %"), (1, 1000, "0.1 %"), (999, 1000, "99.9 %"), (0, 0, "–")],
)
def test_a_share_never_hides_a_few_behind_a_round_number(part: int, whole: int, told: str) -> None:
    assert percent(part, whole) == told


def test_points_have_a_sign_and_no_negative_zero() -> None:
    assert [signed(points) for points in (23.4, -5.5, 0.4, -0.4)] == ["+23", "−6", "0", "0"]


def test_the_median_is_the_value_half_do_not_exceed() -> None:
    assert quantile({3: 2, 15: 1, 900: 1}, 0.5) == 3
    assert quantile({3: 1, 15: 1, 900: 1}, 0.5) == 15
    assert quantile({}, 0.5) is None


# -- what counts --------------------------------------------------------------------------------------------


def test_the_page_tells_score_range_and_number_of_results(browser: Client, agent: User) -> None:
    many(agent, {10: 20, 8: 12, 3: 8})
    html = browser.get(f"/trends/?{DAYS}").text
    assert "Net Promoter Score +30" in text(html)
    assert f"in 95 of 100 cases {Tally.of({10: 20, 8: 12, 3: 8}).interval}" in text(html)
    assert "Results 40" in text(html)
    assert scores(html) == {10: 20, 8: 12, 3: 8}
    assert table(html, "Results by score")[10] == ["10 of 10, promoter", "20", "50 %"]


def chain(agent: User, *versions: tuple[int, State, str]) -> None:
    """Versions of one result, oldest first: score, state, evidence."""
    earlier = None
    for number, (score, state, evidence) in enumerate(versions):
        at = NOON + timedelta(minutes=number)
        earlier = make_submission(
            agent, state, score=score, evidence=evidence, created_at=at, revision_of=earlier,
            reasons=[{"code": str(score), "label": f"Reason of {score}"}],
        )  # fmt: skip


@pytest.mark.parametrize(
    ("versions", "counts"),
    [
        ([(3, State.DELIVERED, "")], {3: 1}),
        ([(3, State.CANCELLED, "undone")], {}),
        ([(3, State.CANCELLED, "replaced"), (9, State.DELIVERED, "")], {9: 1}),
        ([(3, State.DELIVERED, ""), (9, State.DELIVERED, "")], {9: 1}),
        ([(3, State.DELIVERED, ""), (9, State.QUEUED, "")], {9: 1}),
        ([(3, State.DELIVERED, ""), (9, State.CANCELLED, "undone")], {3: 1}),
        ([(3, State.DELIVERED, ""), (5, State.CANCELLED, "replaced"), (9, State.DELIVERED, "")], {9: 1}),
        ([(3, State.DELIVERED, ""), (5, State.CANCELLED, "replaced"), (9, State.CANCELLED, "undone")], {3: 1}),
        ([(3, State.DELIVERED, ""), *[(5, State.CANCELLED, "replaced")] * 4, (9, State.FAILED, "")], {9: 1}),
        ([(3, State.REJECTED, "")], {3: 1}),
    ],
)
def test_a_result_counts_once_in_its_newest_version_that_was_not_cancelled(
    browser: Client, agent: User, versions: list[tuple[int, State, str]], counts: dict[int, int]
) -> None:
    chain(agent, *versions)
    make_submission(agent, State.DELIVERED, score=0, created_at=NOON, reasons=[])
    html = browser.get(f"/trends/?{DAYS}").text
    assert scores(html) == counts | {0: 1}
    for side, promoters in (("promoters", True), ("passives and detractors", False)):
        expected = [[f"Reason of {score}", "1"] for score in counts if (score >= 9) == promoters]
        shown = table(html, f"Reasons of {side}") if f"Reasons of {side}" in html else []
        assert [row[:2] for row in shown] == expected


@pytest.mark.parametrize(
    ("query", "counts"),
    [
        ("since=2026-11-19&until=2026-11-19", {7: 1}),  # 23:30 UTC on the 18th is the 19th in Amsterdam
        ("since=2026-11-16&until=2026-11-18", {9: 1}),
        ("agent=bram&since=2026-11-01", {2: 1}),
        ("band=detractor&since=2026-11-01", {2: 1}),
        ("until=2026-11-18", {9: 1}),
    ],
)
def test_the_filter_narrows_what_is_counted(
    browser: Client, agent: User, agent2: User, query: str, counts: dict[int, int]
) -> None:
    make_submission(agent, created_at=NOON - timedelta(days=3), score=9)
    make_submission(agent, created_at=datetime(2026, 11, 18, 23, 30, tzinfo=UTC), score=7)
    make_submission(agent2, created_at=NOON, score=2)
    assert scores(browser.get(f"/trends/?{query}").text) == counts


def test_without_days_the_last_thirteen_weeks_are_shown(browser: Client, agent: User) -> None:
    today = timezone.localdate()
    monday = datetime.combine(today - timedelta(days=today.weekday(), weeks=12), datetime.min.time())
    first = timezone.make_aware(monday)
    make_submission(agent, created_at=first, score=9)
    make_submission(agent, created_at=first - timedelta(seconds=1), score=1)
    make_submission(agent, score=5)
    html = browser.get("/trends/").text
    assert scores(html) == {9: 1, 5: 1}
    assert len(table(html, "Results by week")) == 13


# -- week by week -------------------------------------------------------------------------------------------


def test_weeks_go_from_monday_to_sunday_of_the_portals_clock_also_when_the_clocks_change(
    browser: Client, agent: User
) -> None:
    # in Amsterdam: Sunday 25 October 2026 has 25 hours; the 26th begins at 23:00 UTC
    for at, score in (
        (datetime(2026, 10, 18, 21, 59, tzinfo=UTC), 1),  # Sunday, a minute before midnight in summer
        (datetime(2026, 10, 18, 22, 0, tzinfo=UTC), 9),  # Monday
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), 9),  # Sunday, a minute before midnight in winter
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), 2),  # Monday
    ):
        make_submission(agent, created_at=at, score=score)
    html = browser.get("/trends/?since=2026-10-14&until=2026-10-28").text
    rows = [row[:3] for row in table(html, "Results by week")]
    assert rows == [["14 Oct 2026", "1", "−100"], ["19 Oct 2026", "2", "+100"], ["26 Oct 2026", "1", "−100"]]


def test_a_week_without_results_has_a_row_and_no_dot(browser: Client, agent: User) -> None:
    make_submission(agent, created_at=NOON, score=9)
    make_submission(agent, created_at=NOON - timedelta(days=14), score=9)
    html = browser.get(f"/trends/?{DAYS}").text
    assert [row[1] for row in table(html, "Results by week")] == ["1", "0", "1"]
    assert table(html, "Results by week")[1][2:] == ["–", "–"]
    picture = re.search(r"<svg[^>]*week by week.*?</svg>", html, re.S)
    assert picture
    assert picture[0].count("<circle") == 2


def test_of_many_years_the_last_weeks_are_drawn_and_all_are_counted(browser: Client, agent: User) -> None:
    make_submission(agent, created_at=NOON, score=9)
    make_submission(agent, created_at=NOON - timedelta(days=2000), score=1)
    html = browser.get("/trends/?since=2000-01-01&until=2026-11-22").text
    assert scores(html) == {9: 1, 1: 1}
    assert [row[1] for row in table(html, "Results by week")] == ["0"] * 52 + ["1"]
    assert "Only the last weeks are drawn" in html


# -- reasons ------------------------------------------------------------------------------------------------


def test_reasons_are_counted_by_side_the_most_frequent_first(browser: Client, agent: User) -> None:
    slow, kind = {"code": "10020", "label": "Slow"}, {"code": "10030", "label": "Kind"}
    for score, reasons in ((10, [kind]), (9, [kind, slow]), (8, [slow]), (0, [slow]), (0, [slow, kind]), (0, [])):
        make_submission(agent, created_at=NOON, score=score, reasons=reasons)
    html = browser.get(f"/trends/?{DAYS}").text
    assert table(html, "Reasons of promoters") == [["Kind", "2", "100 %", ""], ["Slow", "1", "50 %", ""]]
    assert table(html, "Reasons of passives and detractors") == [["Slow", "3", "75 %", ""], ["Kind", "1", "25 %", ""]]


# -- agents -------------------------------------------------------------------------------------------------


def test_agents_with_enough_results_are_compared_and_the_others_only_named(
    browser: Client, agent: User, agent2: User
) -> None:
    few = make_user("cleo", "agent", first_name="Cleo", last_name="Zwart")
    many(agent, {8: 30})
    many(agent2, {10: 30})
    many(few, {10: 29})
    html = browser.get(f"/trends/?{DAYS}").text
    rows = table(html, "Agents with at least 30 results")
    assert [row[:3] for row in rows] == [["bram", "30", "+100"], ["Anna de Vries", "30", "0"]]
    assert "Under 30 results, too few to compare: Cleo Zwart (29)." in text(html)


def test_few_results_are_called_few(browser: Client, agent: User) -> None:
    many(agent, {10: 29})
    assert "Only 29 results: too few to say much." in text(browser.get(f"/trends/?{DAYS}").text)
    many(agent, {10: 1})
    assert "too few to say much" not in browser.get(f"/trends/?{DAYS}").text


def test_one_band_alone_has_no_net_promoter_score(browser: Client, agent: User) -> None:
    many(agent, {10: 40, 1: 40})
    html = browser.get(f"/trends/?{DAYS}&band=promoter").text
    assert "Only promoters are shown." in html
    assert "True score" not in html
    assert "Results by week" not in html
    assert scores(html) == {10: 40}


# -- delivery -----------------------------------------------------------------------------------------------


def delivered(agent: User, minutes_ago: float, seconds: float = 0, state: State = State.DELIVERED) -> Submission:
    """Entered so long ago, and so many seconds later in its state."""
    at = timezone.now() - timedelta(minutes=minutes_ago)
    submission = make_submission(agent, state, created_at=at)
    Delivery.objects.filter(pk=submission.pk).update(changed_at=at + timedelta(seconds=seconds))
    return submission


def test_delivery_tells_the_share_the_states_and_how_long_it_took_in_the_last_day(browser: Client, agent: User) -> None:
    for seconds in (3.2, 15.4, 7_200):
        delivered(agent, 200, seconds)
    delivered(agent, 100, state=State.FAILED)
    delivered(agent, 100, state=State.CANCELLED)
    delivered(agent, 25 * 60, 9_000)
    html = browser.get(f"/trends/?{DAYS}").text
    assert "Delivered 75 %" in text(html)
    assert "Half took at most 15 s" in text(html)
    assert "95 of 100 took at most 2 h 0 min" in text(html)
    assert table(html, "Deliveries by state") == [["Delivered", "3"], ["Failed", "1"], ["Cancelled", "1"]]


def test_deliveries_are_shown_by_the_quarter_of_an_hour_in_which_they_were_entered(db: None, agent: User) -> None:
    now = datetime(2026, 11, 20, 12, 7, tzinfo=UTC)
    for hour, minute, state in ((12, 0, State.DELIVERED), (11, 59, State.QUEUED), (11, 45, State.FAILED)):
        make_submission(agent, state, created_at=now.replace(hour=hour, minute=minute))
    make_submission(agent, State.CANCELLED, created_at=now)
    make_submission(agent, State.DELIVERED, created_at=now - timedelta(hours=24))
    day = last_day(now)
    assert len(day.quarters) == 96
    assert day.quarters[0].start == datetime(2026, 11, 19, 12, 15, tzinfo=UTC)
    assert [(q.delivered, q.waiting, q.trouble) for q in day.quarters[-2:]] == [(0, 1, 1), (1, 0, 0)]
    assert sum(q.n for q in day.quarters) == 3


def test_without_any_entry_in_a_day_the_page_says_so(browser: Client, agent: User) -> None:
    make_submission(agent, created_at=NOON - timedelta(days=100))
    assert "Nothing was entered in the last 24 hours." in text(browser.get("/trends/").text)


# -- the page -----------------------------------------------------------------------------------------------


def test_empty_days_say_so(browser: Client) -> None:
    html = browser.get("/trends/").text
    assert "No result was entered in these days, or all of them were cancelled." in text(html)
    assert "<svg" not in html


def test_days_with_nothing_but_cancelled_results_say_so(browser: Client, agent: User) -> None:
    make_submission(agent, State.CANCELLED, created_at=NOON)
    html = browser.get(f"/trends/?{DAYS}").text
    assert "or all of them were cancelled" in html
    assert "<svg" not in html[html.index("<main") : html.index("delivery")]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("since=soon", "not a day of the calendar"),
        ("since=%00", "not a day of the calendar"),
        ("until=9999-12-31", "Choose a day from 2000 to 2099."),
        ("since=2026-11-20&until=2026-11-01", "The last day lies before the first."),
        ("agent=nobody", "There is no such agent."),
        ("band=11", "There is no such score band."),
        ("band=passive&band=promoter", "Choose one."),
    ],
)
def test_an_address_that_asks_for_nonsense_is_refused_with_a_sentence(
    browser: Client, agent: User, query: str, sentence: str
) -> None:
    make_submission(agent)
    response = browser.get(f"/trends/?{query}")
    assert response.status_code == 422
    assert sentence in response.text
    assert "<svg" not in response.text


@pytest.mark.parametrize(
    "query", ["state=zz", "since=2099-01-01", "until=2000-01-01", "since=2000-01-01&until=2099-12-31"]
)
def test_any_days_that_there_are_can_be_asked_for(browser: Client, agent: User, query: str) -> None:
    make_submission(agent)
    assert browser.get(f"/trends/?{query}").status_code == 200


def test_names_and_labels_are_shown_as_text(browser: Client, db: None) -> None:
    evil = make_user("eve", "agent", first_name="<script>x</script>")
    many(evil, {10: 30}, reasons=[{"code": "1", "label": "<img src=x>"}])
    html = browser.get(f"/trends/?{DAYS}").text
    assert "<script>x" not in html
    assert "<img src=x" not in html
    assert "&lt;img src=x&gt;" in html


def test_the_choices_of_days_keep_the_rest_of_the_filter(browser: Client, agent: User) -> None:
    make_submission(agent)
    today = timezone.localdate()
    first = today - timedelta(days=today.weekday(), weeks=3)
    html = browser.get("/trends/?agent=anna&since=2026-01-01&until=2026-02-01").text.replace("&amp;", "&")
    assert f'?agent=anna&since={first:%Y-%m-%d}"' in html
    assert 'aria-current="true"' in browser.get(f"/trends/?since={first:%Y-%m-%d}").text
