"""Drafts as an agent meets them: a crash, a session that ends, two tabs, a call from the telephone system."""

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, Route, expect

from tests.processes import PASSWORD, Portal, eventually

from .conftest import NEW

pytestmark = [pytest.mark.browser, pytest.mark.processes]
KEPT = re.compile(r"^Draft kept \d\d:\d\d$")


@pytest.fixture
def web(quiet_portal: Portal, page: Page) -> Portal:
    """A portal of its own, since a page that is left may still save its draft; and the agent signed in to it."""
    quiet_portal.start_web()
    quiet_portal.browser_session("agent").lend(page)
    return quiet_portal


def kept(page: Page) -> None:
    expect(page.locator("[data-draft-told]")).to_have_text(KEPT)


def drafts(portal: Portal) -> int:
    return int(portal.sql("SELECT count(*) FROM uploads_draft")[0][0])


def test_after_a_crash_the_form_is_found_by_its_address_and_in_the_list(web: Portal, page: Page) -> None:
    page.goto(web.url + NEW)
    page.fill("[name=FirstName]", "Lee")
    page.locator("input[name=score][value='4'] + label").click()
    page.fill("[name=comment]", "Words before the crash")
    kept(page)
    address = page.url
    assert address.startswith(f"{web.url}{NEW}?draft=")
    other = page.context.new_page()
    page.close()
    other.goto(address)
    expect(other.locator("[name=comment]")).to_have_value("Words before the crash")
    expect(other.locator("input[name=score]:checked")).to_have_value("4")
    other.goto(web.url + NEW)
    expect(other.locator("[name=comment]")).to_have_value("")
    other.get_by_role("link", name="Lee").click()
    expect(other.locator("[name=comment]")).to_have_value("Words before the crash")
    remembered = other.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert "Lee" not in remembered
    assert "Words" not in remembered


def test_an_untouched_form_is_no_draft_and_what_is_typed_last_is_kept_on_leaving(web: Portal, page: Page) -> None:
    page.goto(web.url + NEW)
    page.goto(web.url + "/submissions/")
    assert drafts(web) == 0
    page.goto(web.url + NEW)
    page.fill("[name=comment]", "The last words")
    page.goto(web.url + "/submissions/")
    eventually("the draft is kept", lambda: drafts(web))


def test_what_is_typed_before_the_last_script_has_come_is_kept_too(web: Portal, page: Page) -> None:
    late: list[Route] = []
    page.route("**/htmx*", lambda route: late.append(route))
    page.goto(web.url + NEW, wait_until="commit")
    page.locator(".entry-score[data-live]").wait_for()
    page.fill("[name=comment]", "Typed at once")
    late[0].continue_()
    kept(page)
    assert drafts(web) == 1


def test_discarding_leaves_nothing(web: Portal, page: Page) -> None:
    page.goto(web.url + NEW)
    page.fill("[name=comment]", "Not to be kept")
    kept(page)
    page.get_by_role("button", name="Discard the draft").click()
    expect(page.locator(".alert-success")).to_contain_text("The draft is discarded.")
    expect(page.locator("[name=comment]")).to_have_value("")
    assert drafts(web) == 0


def test_a_form_saved_after_the_session_has_ended_comes_back_after_the_sign_in(web: Portal, page: Page) -> None:
    page.goto(web.url + NEW)
    page.fill("[name=FirstName]", "Lee")
    web.sql("DELETE FROM django_session")
    page.fill("[name=comment]", "Typed without a session")
    expect(page.locator("[data-signed-out]")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    page.fill("[name=login]", "agent")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("[name=comment]")).to_have_value("Typed without a session")
    expect(page.locator("[name=FirstName]")).to_have_value("Lee")
    assert drafts(web) == 1


def test_of_two_tabs_the_second_is_told_and_loses_nothing(web: Portal, page: Page) -> None:
    first, other = page.context.new_page(), page.context.new_page()
    first.goto(web.url + NEW)
    first.fill("[name=comment]", "Both")
    kept(first)
    other.goto(first.url)
    first.fill("[name=comment]", "First tab")
    eventually("it is kept", lambda: "First tab" in str(web.sql("SELECT * FROM uploads_draft")))
    other.fill("[name=comment]", "Second tab")
    clash = other.get_by_role("alert").filter(has_text="changed in another tab")
    expect(clash).to_be_visible()
    expect(other.locator("[name=comment]")).to_have_value("Second tab")
    clash.get_by_role("button", name="Keep what is here").click()
    eventually("it is kept", lambda: "Second tab" in str(web.sql("SELECT * FROM uploads_draft")))
    expect(clash).to_be_hidden()
    first.fill("[name=comment]", "First tab again")
    first.get_by_role("link", name="Show the other one").click()
    expect(first.locator("[name=comment]")).to_have_value("Second tab")


def test_a_screen_pop_leaves_no_trace_in_the_address_and_no_draft(web: Portal, page: Page) -> None:
    page.goto(f"{web.url}{NEW}?{urlencode({'Email': 'lee@company.com', 'FirstName': 'Lee', 'score': '9'})}")
    expect(page.locator("[name=Email]")).to_have_value("lee@company.com")
    assert page.url == web.url + NEW
    expect(page.locator("input[name=score]:checked")).to_have_count(0)
    assert "lee" not in page.evaluate("JSON.stringify([localStorage, sessionStorage, history.state])")
    page.goto(web.url + "/submissions/")
    assert drafts(web) == 0
    assert "lee@company.com" not in web.log()


def test_a_telephone_system_may_post_the_customer(web: Portal, page: Page) -> None:
    with_phone = (
        f"<!doctype html><title>Phone</title><form method=post action='{web.url}/submissions/prefill/'>"
        "<input name=LastName value='O&#39;Neil'><button>Answer</button></form>"
    )

    class Phone(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 204)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(with_phone.encode() if self.path == "/" else b"")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Phone) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://localhost:{server.server_port}/")  # another site than 127.0.0.1
        page.get_by_role("button", name="Answer").click()
        expect(page.locator("[name=LastName]")).to_have_value("O'Neil")
        expect(page).to_have_url(web.url + NEW)
        server.shutdown()


def test_a_warning_is_overruled_with_the_keyboard(web: Portal, page: Page) -> None:
    page.goto(web.url + NEW)
    texts = {"CustomerNumber": "7", "FirstName": "Lee", "LastName": "Klameth", "Email": "lee@company.com"}
    for name, value in texts.items():
        page.fill(f"[name={name}]", value)
    page.locator("input[name=score][value='4'] + label").click()
    for button in page.locator("[data-now]").all():
        button.click()
    page.keyboard.press("Control+Enter")
    expect(page.locator("[name=overrule]")).to_be_focused()
    page.keyboard.insert_text("Was in a hurry")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".alert-success")).to_contain_text("Lee Klameth, score 4")
    assert drafts(web) == 0
    page.fill("[name=Email]", "LEE@company.com")
    page.keyboard.press("Tab")
    expect(page.locator("#same")).to_contain_text("Entered before")
    expect(page.locator("#same").get_by_role("link", name="score 4")).to_be_visible()
