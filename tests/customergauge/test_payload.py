"""From plain values to the form data that CustomerGauge reads."""

from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uploads.customergauge import Field, Value, build, encode
from uploads.customergauge.payload import ROLES

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SUMMER = datetime(2026, 7, 1, 11, 59, 12, 987654, UTC)
FIELDS = (
    Field("customer", "CustomerNumber"),
    Field("customer", "Email"),
    Field("score", "NetPromoterScore"),
    Field("comment", "Comment"),
    Field("sent_at", "EmailSentDate"),
    Field("completed_at", "SurveyCompletedDate"),
    Field("contact", "FollowUpRequired"),
    Field("workflow_status", "WorkflowStatus"),
    Field("reasons", "ReasonCode"),
    Field("reference", "SegmentZ"),
)

texts = st.text(st.characters(exclude_categories=["Cs"]))


def test_a_whole_result_is_sent_under_the_configured_keys_in_their_order() -> None:
    values: dict[str, Value] = {
        "reference": "r-1",
        "reasons": ["10000", "10020"],
        "workflow_status": "OPEN",
        "contact": True,
        "completed_at": SUMMER,
        "sent_at": SUMMER,
        "comment": "Long wait",
        "score": 0,
        "Email": "lee@example.com",
        "CustomerNumber": "000123",
    }
    assert build(FIELDS, values, AMSTERDAM) == (
        ("CustomerNumber", "000123"),
        ("Email", "lee@example.com"),
        ("NetPromoterScore", "0"),
        ("Comment", "Long wait"),
        ("EmailSentDate", "2026-07-01 13:59:12"),
        ("SurveyCompletedDate", "2026-07-01 13:59:12"),
        ("FollowUpRequired", "Y"),
        ("WorkflowStatus", "OPEN"),
        ("ReasonCode", "10000,10020"),
        ("SegmentZ", "r-1"),
    )


@pytest.mark.parametrize("empty", [None, "", [], ()])
def test_a_key_without_a_value_is_left_out(empty: Value) -> None:
    assert build([("comment", "Comment"), ("customer", "Email")], {"comment": empty}, AMSTERDAM) == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (False, "N"),
        ("N", "N"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.10"),
        (date(2026, 2, 3), "2026-02-03"),
        (["10000"], "10000"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-25 02:30:00"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25 02:30:00"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "2026-03-29 03:00:00"),
    ],
)
def test_each_kind_of_value_has_one_text_form(value: Value, text: str) -> None:
    assert build([("customer", "K")], {"K": value}, AMSTERDAM) == (("K", text),)


@pytest.mark.parametrize(
    ("fields", "value", "complaint"),
    [
        ([("customer", "K")], datetime(2026, 7, 1, 12, 0), "no time zone"),
        ([("customer", "K")], datetime.min.replace(tzinfo=ZoneInfo("Asia/Tokyo")), "outside the calendar"),
        ([("customer", "K")], ["10,000"], "contains a comma"),
        ([("customer", "K")], Decimal("NaN"), "has no text form"),
        ([("customer", "K"), ("customer", "K")], "x", "configured twice"),
        ([("owner", "K")], "x", "Unknown role 'owner'"),
    ],
)
def test_what_has_no_form_in_the_api_is_refused_by_name(
    fields: list[tuple[str, str]], value: Value, complaint: str
) -> None:
    with pytest.raises(ValueError, match=f"'K'.*{complaint}|{complaint}.*'K'"):
        build(fields, {"K": value, "owner": value}, AMSTERDAM)


def test_a_customer_key_that_would_take_the_value_of_a_role_is_refused() -> None:
    with pytest.raises(ValueError, match="'comment' of a customer field is also the name of a role"):
        build([Field("customer", "comment")], {"comment": "a"}, AMSTERDAM)


def test_a_value_is_taken_by_role_whatever_its_key() -> None:
    fields = [Field("customer", "CustomerNumber"), Field("comment", "Comment")]
    assert build(fields, {"comment": "a", "Comment": "b"}, AMSTERDAM) == (("Comment", "a"),)


@given(st.lists(st.tuples(texts, texts)))
def test_encoded_pairs_decode_to_the_same_pairs_in_the_same_order(pairs: list[tuple[str, str]]) -> None:
    data = encode(pairs)
    assert parse_qsl(data.decode("ascii"), keep_blank_values=True, strict_parsing=bool(data)) == pairs
    assert encode(pairs) == data


def test_a_lone_surrogate_cannot_be_encoded() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        encode([("Comment", "\ud800")])


@given(
    st.dictionaries(
        texts.filter(lambda key: key not in ROLES),
        st.one_of(texts, st.none(), st.integers(0, 10), st.booleans()),
        max_size=8,
    )
)
def test_exactly_the_keys_with_a_value_are_sent(values: dict[str, Value]) -> None:
    pairs = build([Field("customer", key) for key in values], values, AMSTERDAM)
    assert [key for key, _ in pairs] == [key for key, value in values.items() if value is not None and value != ""]
    assert all(text for _, text in pairs)
