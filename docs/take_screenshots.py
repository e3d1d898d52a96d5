"""Takes the pictures of the documentation from a portal of its own: `make screenshots`. Needs Chromium.

The portal is what `make run` starts, with its practice data, in a temporary directory that is removed afterwards.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
WIDTH = 1280
LARGEST = 200_000  # bytes of one picture
PATIENCE = 120.0  # seconds until the portal answers
#: Set, and some of them empty, so that nothing in a developer's .env leads to a real account or database.
OURS = {"TIME_ZONE": "Europe/Amsterdam", "SUBMISSION_HOLD_SECONDS": "0", "ALLOWED_HOSTS": "localhost"} | dict.fromkeys(
    ("QUEUE_URL", "CUSTOMERGAUGE_CLIENT_ID", "CUSTOMERGAUGE_CLIENT_SECRET"), ""
)

Take = Callable[[Page], Locator | None]


@contextmanager
def portal() -> Iterator[str]:
    """The address of a portal that has just been started; it is stopped and forgotten at the end."""
    with tempfile.TemporaryDirectory(prefix="cgportal-pictures-") as var, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        ours = OURS | {"VAR_DIR": var, "PORT": str(port), "DATABASE_URL": f"sqlite:///{var}/portal.sqlite3"}
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with (Path(var) / "log").open("wb") as log:
            command = [sys.executable, "-m", "cgportal.run"]
            process = subprocess.Popen(command, cwd=ROOT, env=kept | ours, stdout=log, stderr=log)  # noqa: S603
            try:
                url = f"http://localhost:{port}"
                wait_until_ready(url, process)
                yield url
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait()


def wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Returns when the portal answers that it is ready; SystemExit if it ends before, or takes too long."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as reply:  # noqa: S310
                if reply.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
    raise SystemExit("The portal did not start. Try `make run` and read what it says.")


# -- what is on the pictures ---------------------------------------------------------------------------------


def entry(page: Page, number: str = "A-1143") -> None:
    """A form that an agent is about to finish; nobody in the practice data has such a customer number or address."""
    now = datetime.now().replace(second=0, microsecond=0)  # noqa: DTZ005 - as an agent would type it
    values = {
        "CustomerNumber": number,
        "Email": f"lee.klameth@{number.lower()}.example",
        "FirstName": "Lee",
        "LastName": "Klameth",
        "comment": "Waited twelve minutes before somebody picked up. The answer itself was fine.",
        "sent_at": (now - timedelta(days=2)).strftime("%Y-%m-%dT09:30"),
    }
    for name, value in values.items():
        page.fill(f"[name={name}]", value)
    page.locator("input[name=score][value='4'] + label").click()
    page.get_by_label("Long waiting time").check()
    page.locator("[name=comment]").focus()


def empty(page: Page) -> Locator:
    """What an agent sees first."""
    page.locator("[data-wait]").wait_for()
    return page.locator(".entry")


def known(page: Page) -> Locator:
    """Somebody who was entered before, with warnings that can be overruled."""
    entry(page, "A-1150")
    page.locator("[data-now]").last.click()
    page.get_by_role("button", name="Save and next").click()
    page.locator(".alert-success").wait_for()
    entry(page, "A-1150")
    page.locator("input[name=score][value='2'] + label").click()
    page.fill("[name=comment]", "")
    page.locator("[data-now]").last.click()
    page.get_by_role("button", name="Save and next").click()
    page.locator(".entry-warnings").wait_for()
    page.locator("#same .alert").wait_for()
    return page.locator(".entry-form")


def no_survey(page: Page) -> Locator:
    """A customer who wants to be called later."""
    page.fill("[name=FirstName]", "Lee")
    page.fill("[name=LastName]", "Klameth")
    page.get_by_text("No survey?").click()
    page.get_by_label("Note").fill("Prefers the evening")
    page.get_by_label("Call back at").fill(f"{datetime.now() + timedelta(days=1):%Y-%m-%dT19:30}")  # noqa: DTZ005
    page.get_by_label("Note").focus()
    place = page.locator(".no-survey")
    place.evaluate("part => part.style.padding = '1rem'")
    return place


def many(page: Page) -> None:
    """A list that was pasted and checked: rows that are ready, one that stands there twice, one that is wrong."""
    done = datetime.now() - timedelta(days=1)  # noqa: DTZ005 - as an agent would type it
    names = (("Mae", "Okafor", "9"), ("Jonas", "van der Heijden", "7"), ("Sofie", "Marín", "11"), ("Lin", "Wei", "10"))
    rows = [
        [f"{first.lower()}@riverside.example", first, last, score, "Said on the phone", *[f"{done:%Y-%m-%d} 14:30"] * 2]
        for first, last, score in (*names, names[0])
    ]
    titles = ["E-mail", "First name", "Last name", "Score", "Comment", "Invitation sent", "Survey completed"]
    page.fill("[name=pasted]", "\n".join("\t".join(cells) for cells in (titles, *rows)))
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Check the rows").click()
    page.get_by_text("Save 3 rows").wait_for()


def narrow(page: Page) -> None:
    """The form on a telephone, in the dark."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.reload()
    page.fill("[name=FirstName]", "Lee")
    page.locator("input[name=score][value='9'] + label").click()
    page.get_by_label("Friendly on the phone").check()
    page.evaluate("document.activeElement.blur()")


def errors(page: Page) -> Locator:
    """What is refused, and why."""
    page.fill("[name=CustomerNumber]", "1143")
    page.fill("[name=Email]", "lee.klameth at brightwater")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".entry-summary").wait_for()
    return page.locator(".entry-form")


def submission(page: Page) -> None:
    """A result a moment after it was saved: CustomerGauge has it."""
    entry(page, "A-1140")
    page.locator("[data-now]").last.click()
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("[data-state=delivered]").wait_for()
    page.reload()  # without what is only said once


def story(page: Page) -> None:
    """A result in doubt, with what was sent unfolded."""
    page.locator(".history .row-link").first.click()
    page.locator(".detail").wait_for()


def open_health(page: Page) -> None:
    """The two upper parts: the names of machines stand below them."""
    below = page.locator("[aria-labelledby=workers]").bounding_box()
    if below:
        page.set_viewport_size({"width": WIDTH, "height": int(below["y"])})


def simulator(page: Page) -> None:
    """The simulator's page, which stands at the target's address."""
    target = page.get_by_text("Target:").inner_text().split()[1].rstrip(",")
    page.goto(target)


def whole(_page: Page) -> None:
    """The page as it opens."""


#: picture: (user, path, what to do there, height that matters)
PICTURES: dict[str, tuple[str, str, Take, int]] = {
    "submission": ("agent", "/submissions/new/", submission, 760),
    "own": ("agent", "/submissions/", whole, 560),
    "entry": ("agent", "/submissions/new/", entry, 1410),
    "entry-empty": ("agent", "/submissions/new/", empty, 1240),
    "entry-warnings": ("agent2", "/submissions/new/", known, 1500),
    "entry-no-survey": ("agent", "/submissions/new/", no_survey, 1400),
    "many": ("agent", "/submissions/many/", many, 780),
    "entry-phone": ("agent", "/submissions/new/", narrow, 844),
    "entry-errors": ("agent", "/submissions/new/", errors, 1240),
    "history": ("manager", "/history/", whole, 620),
    "story": ("manager", "/history/?state=unconfirmed", story, 760),
    "attention": ("manager", "/attention/", whole, 620),
    "trends": ("manager", "/trends/", whole, 900),
    "script": ("admin", "/admin/uploads/callscript/1/change/", whole, 800),
    "health": ("manager", "/health/", open_health, 760),
    "reasons": ("admin", "/admin/uploads/reasoncode/", whole, 720),
    "simulator": ("manager", "/health/", simulator, 820),
}


def take(browser: Browser, url: str, name: str) -> None:
    """One picture; SystemExit if it is too large to keep."""
    user, path, act, height = PICTURES[name]
    context = browser.new_context(
        viewport={"width": WIDTH, "height": height}, locale="en-GB", timezone_id="Europe/Amsterdam",
        color_scheme="light", reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    page.goto(f"{url}/accounts/login/")
    page.fill("[name=login]", user)
    page.fill("[name=password]", "demo")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/accounts/login" not in address)
    page.goto(url + path)
    part = act(page)
    file = IMAGES / f"{name}.png"
    if part:
        part.screenshot(path=file)
    else:
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=file)
    context.close()
    if (size := file.stat().st_size) > LARGEST:
        raise SystemExit(f"{file.name} has {size:,} bytes, and at most {LARGEST:,} are wanted. Crop it.")
    print(f"{file.relative_to(ROOT)}  {size // 1000} kB")  # noqa: T201


def main() -> None:
    """All pictures, or those named on the command line."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        raise SystemExit("Chromium is not installed (Debian: apt install chromium).")
    IMAGES.mkdir(exist_ok=True)
    with portal() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name in sys.argv[1:] or PICTURES:
            take(browser, url, name)
        browser.close()


if __name__ == "__main__":
    main()
