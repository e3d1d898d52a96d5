"""Every page for people, for everybody: axe without a finding, one keyboard, one narrow column, no script, no motion.

The rules are those of axe-core for WCAG 2.2 AA with its best practices, and target size, which axe leaves off.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from .processes import Portal, Template, eventually, portal_for

pytestmark = [pytest.mark.browser, pytest.mark.processes]

# Preloading style sheets would put an inline style into the page, which the content security policy refuses.
RULES = {"resultTypes": ["violations"], "preload": False, "rules": {"target-size": {"enabled": True}}}
#: scheme and width in CSS pixels: what stands where follows from the width, what has which colour from the scheme
LOOKS = (("light", 1280), ("dark", 390))
NARROW = (360, 320)  # 320 is the width WCAG 1.4.10 (Reflow) names
STATES = {"queued", "delivered", "rejected", "failed", "unconfirmed", "cancelled"}
ABSENT = uuid.UUID(int=4)
PEOPLE = """
from django.contrib.auth.models import Group, User
User.objects.create_user("outsider", password="demo")
User.objects.create_user("newcomer", password="demo").groups.add(Group.objects.get(name="agent"))
User.objects.create_user("caller", password="demo").groups.add(Group.objects.get(name="agent"))
User.objects.create_superuser("root", password="demo")
"""
WAITING, STOPPED = uuid.UUID(int=5), uuid.UUID(int=6)
#: An outage that is not all settled, a decision that waits for a second manager, and one that was stopped.
TROUBLES = f"""
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from uploads.models import Bulk, Delivery, Outage, Question
now = timezone.now()
outage = Outage.objects.create(began_at=now - timedelta(minutes=49), evidence="refused", receipt={{"waited": 40}})
outage.waited.set(Delivery.objects.order_by("-pk")[:40])
mia = User.objects.get(username="manager")
told = {{"decision": "again", "states": ["failed", "unconfirmed"], "counted_at": now, "counted": 64, "manager": mia}}
asked = Delivery.objects.filter(state="delivered", submission__agent__username="agent").last().submission
Question.ask(asked, mia, "Did the customer really say “never again”? " * 5)
for name, status in (("{WAITING}", "waiting"), ("{STOPPED}", "stopped")):
    ended = {{"status": status, "done": 12, "ended_at": now}} if status == "stopped" else {{"status": status}}
    Bulk.objects.create(uuid=name, token=name, request_id=name.replace("-", ""), reason="Back", **told, **ended)
"""

Open = Callable[..., Page]


@dataclass(frozen=True, slots=True)
class House:
    """A portal full of past results; by state, one submission in it and the agent who entered it."""

    portal: Portal
    results: dict[str, str]
    owners: dict[str, str]

    def url(self, path: str) -> str:
        """The address of a path that may name a submission by its state."""
        return self.portal.url + path.format(**self.results, absent=ABSENT)


@pytest.fixture(scope="module")
def house(portal_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with portal_for(portal_template, tmp_path_factory.mktemp("house"), SUBMISSION_HOLD_SECONDS="0") as portal:
        for command in (("demo", "--past", "200"), *(("shell", "-v", "0", "-c", more) for more in (PEOPLE, TROUBLES))):
            done = portal.manage(*command)
            assert done.returncode == 0, done.stderr
        portal.start_web()
        portal.sql("UPDATE uploads_delivery SET next_at = '2099-01-01 00:00:00' WHERE state = 'queued'")  # and stays so
        portal.start_worker()
        rows = portal.sql(
            "SELECT d.state, s.uuid, u.username FROM uploads_submission s JOIN auth_user u ON u.id = s.agent_id"
            " JOIN uploads_delivery d ON d.submission_id = s.id"
        )
        results = {state: str(uuid.UUID(str(found))) for state, found, _ in rows}
        assert set(results) == STATES
        yield House(portal, results, {f"owner of {state}": user for state, _, user in rows})


@pytest.fixture(scope="module")
def sessions(house: House) -> Callable[[str], list[dict[str, str]]]:
    """The cookies of somebody who has signed in; once per person."""
    known: dict[str, list[dict[str, str]]] = {"": []}

    def cookies(user: str) -> list[dict[str, str]]:
        if user not in known:
            jar = house.portal.browser_session(user).http.cookies
            known[user] = [{"name": c.name, "value": c.value or "", "url": house.portal.url} for c in jar]
        return known[user]

    return cookies


@pytest.fixture
def open_page(house: House, chromium: Browser, sessions: Callable[[str], list[Any]]) -> Iterator[Open]:
    """Opens a path as somebody; what the content security policy or a script complains of fails the test."""
    contexts, complaints = [], []

    def opened(user: str, path: str, **options: Any) -> Page:
        context = chromium.new_context(**{"locale": "en-GB", "timezone_id": "Europe/Amsterdam"} | options)
        contexts.append(context)
        context.add_cookies(sessions(house.owners.get(user, user)))
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(house.url(path))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [text for text in complaints if "the server responded with a status of 4" not in text] == []


# -- the pages, each in its main states ----------------------------------------------------------------------


def nothing(_page: Page) -> None:
    """The page as it opens."""


def sign_in_wrongly(page: Page) -> None:
    page.fill("[name=login]", "nobody")
    page.fill("[name=password]", "wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()


def fill_in(page: Page) -> None:
    """Everything an agent can fill in, with two reasons ticked."""
    now = datetime.now(ZoneInfo("Europe/Amsterdam")).replace(tzinfo=None, second=0, microsecond=0)
    for name, value in {
        "CustomerNumber": "1143",
        "Email": "lee@brightwater.example",
        "FirstName": "Lee",
        "LastName": "Klameth",
        "comment": "Waited too long. " * 190,
        "sent_at": (now - timedelta(days=2)).isoformat(timespec="minutes"),
        "completed_at": (now - timedelta(days=1)).isoformat(timespec="minutes"),
    }.items():
        page.fill(f"[name={name}]", value)
    page.locator("input[name=score][value='3'] + label").click()
    for number in (0, 2):
        page.locator(".reason[data-side=passive_detractor] input").nth(number).check()
    page.locator("input[name=contact][value=Y] + label").click()
    page.select_option("[name=workflow_status]", "IN-PROGRESS")


def filter_to_nothing(page: Page) -> None:
    fill_in(page)
    page.fill("[data-filter]", "no reason is called like this")
    expect(page.locator("[data-none]")).to_be_visible()


def save_with_errors(page: Page) -> None:
    page.fill("[name=Email]", "lee at brightwater")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("[name=Email]")).to_be_focused()


def save_with_warnings(page: Page) -> None:
    fill_in(page)
    page.fill("[name=comment]", "")
    page.get_by_role("button", name="Save and next").click()
    expect(page.locator("[name=overrule]")).to_be_focused()
    expect(page.locator("[data-draft-told]")).to_contain_text("Draft kept")


def save_and_next(page: Page) -> None:
    save_with_warnings(page)
    page.fill("[name=overrule]", "The customer was in a hurry")
    page.get_by_role("button", name="Save and next").click()
    expect(page.locator(".alert-success")).to_be_visible()


def give_nothing(page: Page) -> None:
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_be_visible()


def give_a_list(page: Page) -> None:
    """To the columns: a wrong row, the same row twice, a low score without a comment."""
    done = datetime.now(ZoneInfo("Europe/Amsterdam")) - timedelta(hours=1)
    rows = [[f"{number}", f"list{number}@brightwater.example", score, f"{done:%Y-%m-%d %H:%M}"]
            for number, score in ((1, "x" * 90), (2, "9"), (2, "9"), (3, "2"))]  # fmt: skip
    titles = ["CustomerNumber", "Email", "Score", "A title as long as nobody should write it, without an end"]
    page.fill("[name=pasted]", "\n".join("\t".join([*row, row[-1]]) for row in [titles, *rows]))
    page.get_by_role("button", name="Go on").click()
    page.select_option("[name=column-3]", "completed_at")
    page.select_option("[name=column-4]", "sent_at")


def look_at_a_list(page: Page) -> None:
    give_a_list(page)
    page.get_by_role("button", name="Check the rows").click()
    page.locator(".batch-forget summary").click(timeout=60_000)


def ask_everything(page: Page) -> None:
    """Whatever the form may ask at all: misfits, which of two hours, a call that is refused, another tab, a sign-in."""
    page.fill("[name=sent_at]", "2026-10-25T02:30")
    page.locator("input[name=score][value='9'] + label").click()
    page.locator(".reason[data-side=promoter] input").first.check()
    page.locator("input[name=score][value='3'] + label").click()
    page.get_by_text("No survey?").click()
    page.get_by_role("button", name="Call back later").click()
    expect(page.locator("#call-trouble")).to_be_visible()
    expect(page.locator("[data-misfits]")).to_be_visible()
    expect(page.locator("[name=sent_at-which]")).to_have_count(2)
    page.evaluate("document.querySelectorAll('[data-clash], [data-signed-out]').forEach(e => e.hidden = false)")


def list_keys(page: Page) -> None:
    page.locator("input[name=score]").first.focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def call_back(page: Page) -> None:
    """A call to be made again, due at once, and a draft."""
    page.fill("[name=LastName]", "van Nieuwenhuijzen-Oosterhout tot Westerwolde")
    page.get_by_text("No survey?").click()
    page.fill("[name=call-note]", "Prefers the evening")
    page.fill("[name=call-back]", f"{datetime.now(ZoneInfo('Europe/Amsterdam')):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Call back later").click()
    expect(page.locator(".alert-success")).to_be_visible()
    page.fill("[name=LastName]", "van Nieuwenhuijzen-Oosterhout tot Westerwolde")
    expect(page.locator("[data-draft-told]")).to_contain_text("Draft kept")
    page.get_by_role("link", name="My work").click()
    expect(page.locator(".call-due")).to_be_visible()


def open_menu(page: Page) -> None:
    page.locator(".who summary").click()


def open_all(page: Page) -> None:
    """Everything that is folded away, but the menu."""
    for summary in page.locator("main details > summary").all():
        summary.click()


def show_names(page: Page) -> None:
    page.get_by_role("button", name="Show names").click()
    expect(page.get_by_role("button", name="Hide names")).to_be_visible()
    page.get_by_role("button", name="Hide names").focus()


def keep_view(page: Page) -> None:
    page.get_by_text("Keep this view").click()
    page.get_by_label("Name").fill("Wishes to be contacted, in so many words")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("button", name="Remove this view")).to_be_visible()


def show_personal(page: Page) -> None:
    page.get_by_role("button", name="Show personal data").click()
    open_all(page)


def decide_without_reason(page: Page) -> None:
    page.locator(".decision summary").last.click()
    page.get_by_role("button", name="Drop", exact=True).click()
    expect(page.locator(".decision .invalid-feedback")).to_be_visible()


def try_the_connection(page: Page) -> None:
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#tested")).to_be_visible()


def new_password_refused(page: Page) -> None:
    for name, value in {"oldpassword": "wrong", "password1": "short", "password2": "other"}.items():
        page.fill(f"[name={name}]", value)
    page.get_by_role("button", name="Change password").click()
    expect(page.locator(".invalid-feedback").first).to_be_visible()


def be_oneself(page: Page) -> None:
    """To what asks for the password once more."""
    page.fill("[name=password]", "demo")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("Is it you?")


def admin_refuses(page: Page) -> None:
    page.locator("input[name=_save]").click()
    expect(page.locator(".errornote")).to_be_visible()


def open_first_entry(page: Page) -> None:
    page.locator(".row-link").first.click()
    expect(page.locator(".pairs").first).to_be_visible()


def have_a_file_prepared(page: Page) -> None:
    page.locator("main summary").click()
    page.get_by_role("button", name="Prepare Excel").click()
    expect(page.locator("#fetch")).to_be_visible(timeout=30_000)


def ask_a_question(page: Page) -> None:
    page.get_by_label("Ask about this entry").fill("Why is there no reason? " * 20)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".alert-success")).to_be_visible()


def read_a_list_in(page: Page) -> None:
    page.get_by_label("Or paste cells here").fill("Code\tLabel\tActive\n77\tA new reason\tyes\n10000\tOther\tmaybe\n")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.locator(".plan").first).to_be_visible()


def read_nothing_in(page: Page) -> None:
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_role("alert")).to_be_visible()


#: name: (user, path, what to do there)
PAGES: dict[str, tuple[str, str, Callable[[Page], None]]] = {
    "login": ("", "/accounts/login/", nothing),
    "login refused": ("", "/accounts/login/", sign_in_wrongly),
    "forgotten password": ("", "/accounts/password/reset/", nothing),
    "no role": ("outsider", "/", nothing),
    "entry empty": ("agent", "/submissions/new/", nothing),
    "entry filled": ("agent2", "/submissions/new/", fill_in),
    "entry no reason found": ("agent2", "/submissions/new/", filter_to_nothing),
    "entry with errors": ("agent2", "/submissions/new/", save_with_errors),
    "entry with warnings": ("newcomer", "/submissions/new/", save_with_warnings),
    "entry asking": ("agent2", "/submissions/new/", ask_everything),
    "entry keys": ("agent2", "/submissions/new/", list_keys),
    "own list with calls": ("caller", "/submissions/new/", call_back),
    "entry after one": ("manager", "/submissions/new/", save_and_next),
    **{
        f"submission {state}": (f"owner of {state}", f"/submissions/{{{state}}}/", open_all)
        for state in sorted(STATES)
    },
    "own list": ("agent", "/submissions/", nothing),
    "own list empty": ("newcomer", "/submissions/", nothing),
    "time zone": ("agent", "/submissions/zone/", nothing),
    "many, nothing given": ("newcomer", "/submissions/many/", give_nothing),
    "many, columns": ("agent", "/submissions/many/", give_a_list),
    "many, what was found": ("agent", "/submissions/many/", look_at_a_list),
    "not one's page": ("agent", "/history/", nothing),
    "nothing there": ("agent", "/submissions/{absent}/", nothing),
    "history": ("manager", "/history/", nothing),
    "history with names": ("manager", "/history/", show_names),
    "history searched": ("manager", "/history/?q=waited&contact=Y", open_all),
    "history kept": ("manager", "/history/?contact=Y", keep_view),
    "history filtered": ("manager", "/history/?state=unconfirmed&band=passive", nothing),
    "history with personal data": ("manager", "/history/{delivered}/?band=promoter", show_personal),
    "history without a match": ("manager", "/history/?since=2001-01-01&until=2001-01-02", nothing),
    "history filter invalid": ("manager", "/history/?since=soon&band=angry&q=a&cg=1+2", nothing),
    **{f"history {state}": ("manager", f"/history/{{{state}}}/", open_all) for state in sorted(STATES)},
    "attention": ("manager", "/attention/", nothing),
    "attention filtered": ("manager", "/attention/?state=failed", nothing),
    "attention of nonsense": ("manager", "/attention/?state=angry", nothing),
    "audit log": ("manager", "/audit/", nothing),
    "audit log filter invalid": ("manager", "/audit/?request=x&since=soon", nothing),
    "audit log without a match": ("admin", "/audit/?request=0", nothing),
    "audit entry": ("manager", "/audit/1/", nothing),
    "audit entry of a call": ("manager", "/audit/?what=delivery.sending", open_first_entry),
    "trends": ("manager", "/trends/", open_all),
    "trends by month": ("manager", "/trends/?by=month&workflow=OPEN", nothing),
    "trends of nothing": ("manager", "/trends/?since=2001-01-01&until=2001-01-02&agent=nobody", nothing),
    "question asked": ("manager", "/history/{delivered}/", ask_a_question),
    "export": ("manager", "/history/export/?state=delivered", open_all),
    "prepared files, none": ("manager", "/history/exports/", nothing),
    "prepared file": ("manager", "/history/export/?state=failed", have_a_file_prepared),
    "erase": ("manager", "/erase/", nothing),
    "erase, what is kept": ("manager", "/erase/?result={delivered}", nothing),
    "decision without a reason": ("manager", "/history/{failed}/", decide_without_reason),
    "correction": ("owner of rejected", "/submissions/new/?from={rejected}", nothing),
    "attention of one cause": ("manager", "/attention/?state=failed&cause=internal", nothing),
    "case": ("manager", "/history/{delivered}/case/", nothing),
    "decision about many": ("manager", "/attention/bulk/new/?state=failed&decision=again", nothing),
    "decisions about many": ("manager", "/attention/bulk/", nothing),
    "decision about many, waiting": ("manager", f"/attention/bulk/{WAITING}/", nothing),
    "decision about many, stopped": ("manager", f"/attention/bulk/{STOPPED}/", nothing),
    "health": ("manager", "/health/", nothing),
    "health tested": ("manager", "/health/", try_the_connection),
    "outages": ("manager", "/health/outages/", nothing),
    "outage": ("manager", "/health/outages/1/", nothing),
    "kept": ("admin", "/health/kept/", nothing),
    "menu": ("manager", "/health/", open_menu),
    "change password": ("manager", "/accounts/password/change/", nothing),
    "change password refused": ("manager", "/accounts/password/change/", new_password_refused),
    "sessions": ("manager", "/accounts/sessions/", nothing),
    "second factors": ("manager", "/accounts/2fa/", nothing),
    "is it you": ("manager", "/accounts/2fa/app/add/", nothing),
    "add an app": ("manager", "/accounts/2fa/app/add/", be_oneself),
    "sign out": ("manager", "/accounts/logout/", nothing),
    "admin": ("admin", "/admin/", nothing),
    "admin reasons": ("admin", "/admin/uploads/reasoncode/", nothing),
    "admin fields": ("admin", "/admin/uploads/surveyfield/", nothing),
    "admin statuses filtered": ("admin", "/admin/uploads/workflowstatus/?active__exact=0&q=o", nothing),
    "admin reason": ("admin", "/admin/uploads/reasoncode/1/change/", nothing),
    "admin field": ("admin", "/admin/uploads/surveyfield/1/change/", nothing),
    "admin field changes": ("admin", "/admin/uploads/surveyfield/1/history/", nothing),
    "admin fields preview": ("admin", "/admin/uploads/surveyfield/preview/", nothing),
    "admin import": ("admin", "/admin/uploads/surveyfield/import/", read_nothing_in),
    "admin import seen": ("admin", "/admin/uploads/reasoncode/import/", read_a_list_in),
    "admin thresholds": ("admin", "/admin/uploads/thresholds/add/", nothing),
    "admin new reason refused": ("admin", "/admin/uploads/reasoncode/add/", admin_refuses),
    "admin people": ("root", "/admin/auth/user/", nothing),
    "admin person": ("root", "/admin/auth/user/1/change/", nothing),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_fault_that_axe_finds_and_never_scrolls_sideways(name: str, open_page: Open) -> None:
    user, path, act = PAGES[name]
    page = open_page(user, path, reduced_motion="reduce")
    act(page)
    assert faults(page) == {}
    assert sideways(page) == {}


def test_a_result_that_is_being_sent_and_the_banner_of_a_pause_have_no_fault(house: House, open_page: Open) -> None:
    manager = house.portal.browser_session("manager")
    path = manager.enter(comment="[sim:body-drip]")  # a call that lasts as long as calls may
    page = open_page("manager", path, reduced_motion="reduce")
    eventually("it is being sent", lambda: page.reload() and page.locator("[data-state=sending]").count())
    assert faults(page) == {}
    health = open_page("manager", "/health/", reduced_motion="reduce")
    health.get_by_role("button", name="Pause sending").click()
    expect(health.locator(".trouble")).to_be_visible()
    assert (faults(health), sideways(health)) == ({}, {})
    health.get_by_role("button", name="Resume sending").click()
    expect(health.locator(".trouble")).to_have_count(0)


def faults(page: Page) -> dict[str, list[str]]:
    """What axe finds, by scheme, width and rule; each with the places it finds it at."""
    found: dict[str, list[str]] = {}
    page.evaluate(Axe().axe_script)
    for scheme, width in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for fault in page.evaluate("rules => axe.run(rules)", RULES)["violations"]:
            places = [f"{node['target']}: {node['failureSummary']}" for node in fault["nodes"]]
            found[f"{scheme} {width} {fault['id']}"] = places
    return found


def sideways(page: Page) -> dict[int, int]:
    """Widths (CSS pixels) at which the page is wider than its window, with how wide it is."""
    found = {}
    for width in NARROW:
        page.set_viewport_size({"width": width, "height": 900})
        needed = page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            found[width] = needed
    return found


# -- without a mouse -----------------------------------------------------------------------------------------

TABBABLE = """() => [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
)].filter(e => e.checkVisibility() && !e.disabled && e.tabIndex >= 0).filter(e => e.type !== "radio" || e.checked
    || !document.querySelector(`[name="${e.name}"]:checked`) && e === document.querySelector(`[name="${e.name}"]`))"""
NAMES = f"() => ({TABBABLE})().map(e => [e.tagName, e.name, e.value, e.textContent.trim()].join(' '))"
FOCUSED = "() => [document.activeElement].map(e => [e.tagName, e.name, e.value, e.textContent.trim()].join(' '))[0]"
PLACE = """() => {
    const e = document.activeElement;
    const seen = (e.type === "radio" ? e.labels[0] : e).getBoundingClientRect();
    return {x: Math.max(0, seen.x - 6), y: Math.max(0, seen.y - 6), width: seen.width + 12, height: seen.height + 12};
}"""


def test_tab_walks_through_all_of_the_entry_page_in_order_and_always_shows_where_it_is(open_page: Open) -> None:
    page = open_page("agent", "/submissions/new/", reduced_motion="reduce", viewport={"width": 1280, "height": 1600})
    page.keyboard.press("Tab")  # from now on the browser shows focus as it does for people with a keyboard
    fill_in(page)
    expect(page.locator("[data-draft-told]")).to_contain_text("Draft kept")
    page.locator(".skip").focus()
    expected = page.evaluate(NAMES)
    walked: list[str] = []
    for _ in range(3 * len(expected)):  # a date is walked through part by part
        here = page.evaluate(FOCUSED)
        if here.startswith("BODY"):
            break
        if not walked or walked[-1] != here:
            walked.append(here)
            assert focus_shows(page), f"nothing shows that the focus is on {here}"
        page.keyboard.press("Tab")
    assert walked == expected


def focus_shows(page: Page) -> bool:
    """Whether the element that has the focus looks different without it."""
    place = page.evaluate(PLACE)
    with_focus = page.screenshot(clip=place)
    held = page.evaluate_handle("() => { const e = document.activeElement; e.blur(); return e; }")
    without = page.screenshot(clip=place)
    held.evaluate("e => e.focus({preventScroll: true})")
    return with_focus != without


def tab_to(page: Page, selector: str) -> None:
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {selector}")


def test_an_agent_signs_in_enters_a_result_and_signs_out_with_the_keyboard_alone(open_page: Open) -> None:
    page = open_page("", "/submissions/new/")
    press, write = page.keyboard.press, page.keyboard.type
    for name, text in (("login", "agent2"), ("password", "demo")):
        tab_to(page, f"[name={name}]")
        write(text)
    press("Enter")
    expect(page.locator("[name=CustomerNumber]")).to_be_focused()
    for name, text in (("CustomerNumber", "000077"), ("Email", "mae@brightwater.example"), ("LastName", "Klameth")):
        tab_to(page, f"[name={name}]")
        write(text)
    tab_to(page, "[name=score]")
    press("1")
    press("0")
    press("ArrowLeft")
    expect(page.locator("[data-read]")).to_have_text("9 of 10, promoter")
    tab_to(page, "[data-filter]")
    write("first call")
    press("Enter")
    expect(page.locator("button.reason-chip")).to_have_text("Solved at the first call")
    tab_to(page, "[name=comment]")
    write("Quick and clear")
    tab_to(page, "[name=contact]")
    press("ArrowRight")
    for name in ("sent_at", "completed_at"):
        tab_to(page, f"[data-moment]:has([name={name}]) [data-now]")
        press("Enter")
    tab_to(page, "[name=workflow_status]")
    press("End")
    tab_to(page, ".entry-actions button:not([name])")
    press("Enter")
    page.wait_for_url(lambda url: "/new/" not in url)
    for words in ("000077", "9 of 10, promoter", "Solved at the first call", "Quick and clear", "Yes", "Closed"):
        expect(page.locator("main")).to_contain_text(words)
    tab_to(page, ".who summary")
    press("Enter")
    tab_to(page, ".who-menu button")
    press("Enter")
    expect(page.locator("input[name=login]")).to_be_visible()


# -- without scripts, without motion --------------------------------------------------------------------------


def test_the_entry_form_works_without_scripts(open_page: Open) -> None:
    page = open_page("agent", "/submissions/new/", java_script_enabled=False)
    page.fill("[name=Email]", "lee at brightwater")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".entry-summary")).to_contain_text("Score is missing. Choose a number from 0 to 10.")
    expect(page.locator("[name=Email]")).to_have_value("lee at brightwater")
    fill_in(page)
    page.fill("[name=CustomerNumber]", "1144-without-scripts")  # nobody else enters this customer's result
    page.fill("[name=Email]", "without-scripts@brightwater.example")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("[data-state]")).to_be_visible()
    expect(page.locator("main")).to_contain_text("3 of 10, detractor")
    expect(page.locator(".reason-chip")).to_have_count(2)


@pytest.mark.parametrize(("user", "path"), [("agent", "/submissions/new/"), ("admin", "/admin/uploads/reasoncode/")])
def test_nothing_moves_for_people_who_asked_for_that(user: str, path: str, open_page: Open) -> None:
    moving = """() => [...document.querySelectorAll("*")].map(e => getComputedStyle(e))
        .filter(s => s.animationName !== "none" || s.transitionDuration.split(", ").some(d => d !== "0s")).length"""
    page = open_page(user, path)
    assert page.evaluate(moving) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0
