"""What people call the browser and the machine behind a User-Agent header."""

import re

#: The first that matches names it: most browsers also claim to be others.
BROWSERS = (
    (r"Edg", "Edge"),
    (r"OPR|Opera", "Opera"),
    (r"SamsungBrowser", "Samsung Internet"),
    (r"Firefox|FxiOS", "Firefox"),
    (r"Chrome|CriOS|Chromium", "Chrome"),
    (r"Safari", "Safari"),
)
MACHINES = (
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "Mac"),
    (r"CrOS", "Chromebook"),
    (r"Linux|X11", "Linux"),
)


def device(user_agent: str) -> str:
    """Such as "Firefox on Windows"; "Unknown browser" if the header says nothing that is known."""
    browser, machine = (_first(table, user_agent) for table in (BROWSERS, MACHINES))
    if not browser:
        return f"Unknown browser on {machine}" if machine else "Unknown browser"
    return f"{browser} on {machine}" if machine else browser


def _first(table: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for pattern, name in table if re.search(pattern, text)), "")
