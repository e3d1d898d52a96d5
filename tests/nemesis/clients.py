"""Agents at their browsers, who hold on until they are answered or, now and then, give up."""

import random
import re
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import requests

from ..processes import Session, entry, hidden
from .history import Entry
from .machines import Site

SAVED = re.compile(r"/submissions/([0-9a-f-]{36})/")
NO_ANSWER = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
PAUSE = 0.5  # seconds at most between two entries of one agent; and between two tries of one
GIVES_UP = 0.3  # how often an agent who got no answer closes the browser


class Agent(threading.Thread):
    """Enters one result after the other; a form without an answer is posted again, the same token, to any site."""

    def __init__(self, number: int, sites: Sequence[Site], seed: str) -> None:
        super().__init__(name=f"agent {number}")
        self.entries: list[Entry] = []
        self.answers: Counter[str] = Counter()
        self.over = threading.Event()
        self._number, self._sites = number, sites
        self._random = random.Random(f"{seed} {number}")
        self._session: Session | None = None

    def run(self) -> None:
        number = 0
        while not self.over.wait(self._random.uniform(0, PAUSE)):
            number += 1
            self.entries.append(self._enter(f"entry-{self._number}-{number}z"))

    def _enter(self, key: str) -> Entry:
        form = self._fresh_form(key)
        while True:
            answer = self._ask("POST", "/submissions/new/", form)
            if answer is None:
                if self._random.random() < GIVES_UP:
                    return Entry(key)
            elif answer.status_code == 302 and (saved := SAVED.search(answer.headers["Location"])):
                return Entry(key, saved[1])
            elif answer.status_code in (302, 403):  # the session is gone, or its token has changed
                form["csrfmiddlewaretoken"] = self._fresh_form(key)["csrfmiddlewaretoken"]
            elif answer.status_code < 500:
                raise AssertionError(f"{key} was answered {answer.status_code}: {answer.text[-3000:]}")
            self.over.wait(self._random.uniform(0, PAUSE))

    def _fresh_form(self, key: str) -> dict[str, Any]:
        """The entry form, once somebody shows it."""
        while True:
            answer = self._ask("GET", "/submissions/new/")
            if answer is not None and answer.status_code == 200:
                return entry(
                    csrfmiddlewaretoken=hidden(answer.text, "csrfmiddlewaretoken"),
                    submit_token=hidden(answer.text, "submit_token"), comment=f"{key} canary-words",
                )  # fmt: skip
            if answer is not None and answer.status_code == 302:
                self._session = None
            self.over.wait(self._random.uniform(0, PAUSE))

    def _ask(self, method: str, path: str, data: dict[str, Any] | None = None) -> requests.Response | None:
        """The answer of any site, or None if there was none."""
        site = self._random.choice(self._sites)
        try:
            if self._session is None:
                self._session = Session(site, "agent")
            answer = self._session.http.request(method, site.url + path, data=data, allow_redirects=False, timeout=90)
        except NO_ANSWER:
            self.answers["none"] += 1
            return None
        except AssertionError:  # signing in was answered with an error page
            self.answers["sign-in failed"] += 1
            return None
        self.answers[str(answer.status_code)] += 1
        return answer
