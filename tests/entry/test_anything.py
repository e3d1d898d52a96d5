"""Whatever is typed into whatever field: saved by the rules or refused with sentences, never an exception."""

import re
import unicodedata
from contextlib import suppress

from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.factories import make_user
from uploads.entry.text import MARKS_IN_A_ROW, Refused, TextClass, clean, is_blank
from uploads.models import Submission

from .conftest import NEW, Desk, errors_of

NAMES = ["CustomerNumber", "Email", "FirstName", "LastName", "score", "comment", "sent_at", "completed_at"]
NAMES += ["contact", "workflow_status", "reasons", "submit_token"]
AWKWARD = "\x00\x1b\t\n\r\u0085\u00a0\u00ad\u200b\u200d\u200e\u202e\u2066\u2028"
AWKWARD += "\u3000\ufeff\ufffd\ufffe\U000e0041\u0301=@-01a٧"
ANYTHING = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(AWKWARD)), max_size=300)


class AnythingTyped(TestCase):
    """hypothesis needs a database of its own for each example."""

    def setUp(self) -> None:
        client = Client()
        client.force_login(make_user("anna", "agent"), backend="allauth.account.auth_backends.AuthenticationBackend")
        self.desk = Desk(client)

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.dictionaries(st.sampled_from(NAMES), ANYTHING, min_size=1))
    def test_any_text_is_saved_by_the_rules_or_refused(self, typed: dict[str, str]) -> None:
        reply = self.desk.save(**typed)
        if reply.status_code == 302:
            submission = Submission.objects.newest_first()[0]
            for value in [submission.comment, *(field["value"] for field in submission.customer)]:
                assert value == unicodedata.normalize("NFC", value).strip()
                assert not set(value) & set("\x00\x1b\r\u0085\u00ad\u200b\u202e\u2066\u2028\ufeff\ufffe\U000e0041")
        else:
            assert all(sentence.endswith(".") for found in errors_of(reply).values() for sentence in found)


@given(ANYTHING, st.sampled_from(TextClass))
def test_clean_text_is_clean(raw: str, text_class: TextClass) -> None:
    once = ""
    with suppress(Refused):
        once = clean(raw, text_class, 300).text
    assert clean(once, text_class, 300).text == once
    assert once == "" or not is_blank(once)
    assert not re.search(f"[\u0300-\u036f]{{{MARKS_IN_A_ROW + 1}}}", once)


def test_bytes_that_are_no_utf8_are_refused_with_a_sentence(desk: Desk) -> None:
    body = b"score=7&LastName=%ff%fe&Email=%ed%a0%80@b.co&submit_token=" + desk.token().encode()
    reply = desk.client.post(NEW, body, content_type="application/x-www-form-urlencoded")
    assert {"LastName", "Email"} <= set(errors_of(reply))


def test_a_body_beyond_the_limit_is_a_bad_request(desk: Desk) -> None:
    assert desk.client.post(
        NEW, {"comment": "a" * 3_000_000}, content_type="application/x-www-form-urlencoded"
    ).status_code in {400, 413}
