"""The fields one by one, through the real form: what is taken, as what, and what is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from uploads.entry.undo import undo
from uploads.models import Kind, Submission, SurveyField

from .conftest import Desk, errors_of, filled


def stored(key: str) -> str:
    return next((field["value"] for field in Submission.objects.get().customer if field["key"] == key), "")


def local(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize("typed", [*map(str, range(11)), " 7 ", "\u00a010\n"])
def test_eleven_scores_are_taken(desk: Desk, typed: str) -> None:
    assert desk.save(score=typed).status_code == 302
    assert Submission.objects.get().score == int(typed)


def test_zero_is_a_score_and_is_sent(desk: Desk) -> None:
    desk.save(score="0")
    assert ["NetPromoterScore", "0"] in Submission.objects.get().payload


@pytest.mark.parametrize(
    "typed",
    ["-0", "+7", "-1", "11", "00", "007", "7.0", "7.5", "10.", "7,0", "1_0", "1e1", "0x7", "٧", "７",
     "²", "½", "Ⅶ", "७",
     "NaN", "Infinity", "true", "5 5", "9" * 5000, "7\x00", "7\n8", "", "  ", None],
)  # fmt: skip
def test_anything_but_eleven_scores_is_refused(desk: Desk, typed: str | None) -> None:
    sentences = errors_of(desk.save(score=typed))
    assert list(sentences) == ["score"]
    assert sentences["score"][0].startswith("Score ")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a@b.co", "a@b.co"), ("a+tag@b.co", "a+tag@b.co"), ("o'brien@b.ie", "o'brien@b.ie"),
        ("A@B.CO", "A@b.co"),
        ("a" * 64 + "@b.co", "a" * 64 + "@b.co"), ("=cmd@b.co", "=cmd@b.co"), ("+1@b.co", "+1@b.co"),
        ("-a@b.co", "-a@b.co"), ("a@b.co\n", "a@b.co"), ("a@xn--80akhbyknj4f.xn--p1ai",
        "a@xn--80akhbyknj4f.xn--p1ai"),
        ("a@" + ".".join(["b" * 62] * 3) + "." + "c" * 63, "a@" + ".".join(["b" * 62] * 3) + "." + "c" * 63),
    ],
)  # fmt: skip
def test_plain_addresses_are_taken(desk: Desk, typed: str, kept: str) -> None:
    assert desk.save(Email=typed).status_code == 302
    assert stored("Email") == kept


@pytest.mark.parametrize(
    "typed",
    ["a@b", "a@localhost", "a@[127.0.0.1]", "a@b.c", "a..b@b.co", ".a@b.co",
     "a.@b.co", '"a b"@b.co', "a@b..co", "a@-b.co",
     "a@b_.co", "a" * 65 + "@b.co", "a@" + ".".join(["b" * 62] * 4) + ".co", "a@" + "b" * 64 + ".co",
     "a@b.co,c@d.ef",
     "a@b.co;c@d.ef", "Name <a@b.co>", "mailto:a@b.co", "a b@b.co", "a@b.co\nBcc: c@d.ef",
     "a@b\u200b.co", "a@b。co",
     "\u0430@b.co", "ü@b.co", "a@пример.рф", "a@b.co.", "@b.co", "a@", "a@@b.co", "a@b.co%0a",
     "a@b.co c@d.ef", ""],
)  # fmt: skip
def test_what_is_no_single_plain_address_is_refused(desk: Desk, typed: str) -> None:
    assert list(errors_of(desk.save(Email=typed))) == ["Email"]


def test_an_address_for_examples_is_taken_with_a_warning(desk: Desk) -> None:
    page = desk.client.post("/submissions/new/", desk.answers(Email="test@example.com"), follow=True)
    assert "nobody gets mail at example.com" in page.content.decode()


@pytest.mark.parametrize("typed", ["1143", "000123", "A-12/3", "1e5", "9" * 20, "O0lI", "a.b_c:d"])
def test_customer_numbers_stay_as_typed(desk: Desk, typed: str) -> None:
    assert desk.save(CustomerNumber=typed).status_code == 302
    assert ["CustomerNumber", typed] in Submission.objects.get().payload


@pytest.mark.parametrize(
    "typed", ["1 143", "1,143", "=1", "+1", "-1", "' OR 1=1--", "\u22121", "#N/A", "%", "_", "\\", "１"]
)
def test_what_is_no_customer_number_is_refused(desk: Desk, typed: str) -> None:
    assert list(errors_of(desk.save(CustomerNumber=typed))) == ["CustomerNumber"]


@pytest.fixture
def phone(db: None) -> None:
    SurveyField.objects.filter(key="SMS_Telephone").update(active=True)


@pytest.mark.parametrize("typed", ["+55 (62) 01234-56789", "0031201234567", "+31 20 123", "(020) 1234567"])
def test_phone_numbers_are_taken(desk: Desk, phone: None, typed: str) -> None:
    assert desk.save(SMS_Telephone=typed).status_code == 302
    assert stored("SMS_Telephone") == typed


@pytest.mark.parametrize(
    "typed",
    ["++31", "abc", "1-800-FLOWERS", "123", "1" * 16, "020 1234567;ext=5", "tel:0201234567", "０２０１２３４",
     "٠٢٠١٢٣٤",
     "+", "020\u20111234567", "\u200f0201234567", "020  1234567", "1" * 33],
)  # fmt: skip
def test_what_is_no_phone_number_is_refused(desk: Desk, phone: None, typed: str) -> None:
    assert list(errors_of(desk.save(SMS_Telephone=typed))) == ["SMS_Telephone"]


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(minutes=1), timedelta(days=364)])
@pytest.mark.parametrize("separator", ["T", " "])
def test_moments_of_the_last_year_are_stored_in_utc(desk: Desk, ago: timedelta, separator: str) -> None:
    moment = timezone.now().replace(microsecond=0) - ago
    typed = local(moment).replace("T", separator)
    assert desk.save(sent_at=typed, completed_at=typed).status_code == 302
    submission = Submission.objects.get()
    assert (submission.sent_at, submission.completed_at, submission.time_zone) == (moment, moment, "Europe/Amsterdam")


@pytest.mark.parametrize(
    "typed",
    ["0001-01-01T00:00", "1899-12-31T00:00", "9999-12-31T23:59", "10000-01-01T00:00",
     "0000-01-01T00:00", "2025-02-29T10:00",
     "2024-02-30T10:00", "2026-11-02T24:00", "2026-11-02T10:60", "2026-11-02T23:59:60",
     "2026-11-02T25:00", "2025-13-01T10:00",
     "31/12/2025 10:00", "12/31/2025 10:00", "2025-W01-1", "20250101", "1767225600", "now",
     "٢٠٢٦-١١-٠٢T١٠:٠٠", "2026-11-02",
     "2026-11-02T10:00Z", "2026-11-02T10:00+14:00", "2026-11-02T10:00+99:00",
     "2026-11-02T10:00:00.1234567", "T10:00",
     "2026-11-02T", "2026-11-02T10:00\x00", "9" * 5000, ""],
)  # fmt: skip
@pytest.mark.parametrize("name", ["sent_at", "completed_at"])
def test_what_is_no_moment_of_a_survey_is_refused(desk: Desk, name: str, typed: str) -> None:
    sentences = errors_of(desk.save(**{name: typed}))
    assert list(sentences) == [name]


@pytest.mark.parametrize(
    ("away", "sentence"),
    [(timedelta(minutes=7), "lies in the future"), (timedelta(days=-3651), "lies more than 3650 days back")],
)
def test_a_survey_is_neither_in_the_future_nor_long_ago(desk: Desk, away: timedelta, sentence: str) -> None:
    assert sentence in errors_of(desk.save(sent_at=local(timezone.now() + away)))["sent_at"][0]


def test_a_survey_is_completed_after_it_was_sent(desk: Desk) -> None:
    now = timezone.now()
    reply = desk.save(sent_at=local(now - timedelta(minutes=5)), completed_at=local(now - timedelta(minutes=6)))
    assert errors_of(reply) == {
        "completed_at": ["Survey completed lies before “Invitation sent”. Correct one of the two times."]
    }


def field(kind: Kind, **changes: object) -> None:
    SurveyField.objects.create(key="Extra", label="Extra", kind=kind, **({"position": 5} | changes))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("2026-03-29T02:30", "Extra did not exist in Europe/Amsterdam"),
        ("2026-10-25T02:30", "Extra came twice in Europe/Amsterdam"),
    ],
)
def test_hours_that_the_clock_change_skips_or_repeats_are_refused(desk: Desk, typed: str, sentence: str) -> None:
    field(Kind.DATETIME)
    assert errors_of(desk.save(Extra=typed))["Extra"][0].startswith(sentence)


@pytest.mark.parametrize(("which", "hour"), [("first", 0), ("second", 1)])
def test_of_an_hour_that_came_twice_the_form_asks_which_and_a_correction_knows_it(
    desk: Desk, settings: object, which: str, hour: int
) -> None:
    typed = "2026-10-25T02:30"
    page = desk.save(sent_at=typed)
    assert errors_of(page)["sent_at"][0].endswith("Say whether it was the first or second time.")
    assert page.text.count('name="sent_at-which"') == 2
    assert f'value="{typed}"' in page.text
    assert desk.save(sent_at=typed, **{"sent_at-which": which}).status_code == 302
    submission = Submission.objects.get()
    assert submission.sent_at == datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
    assert dict(submission.payload)["EmailSentDate"] == "2026-10-25 02:30:00"
    undo(submission.delivery, submission.agent)
    again = desk.client.get(f"/submissions/new/?from={submission.uuid}")
    assert filled(again)["sent_at"] == typed
    assert filled(again)["sent_at-which"] == which


def test_which_of_two_hours_it_was_is_asked_of_no_other_time(desk: Desk) -> None:
    assert desk.save(**{"sent_at-which": "second"}).status_code == 302
    assert "-which" not in desk.save(score="").text


@pytest.mark.parametrize(
    ("kind", "typed", "kept", "sent"),
    [
        (Kind.DATETIME, "2024-02-29T23:59:59", "2024-02-29 23:59:59", "2024-02-29 23:59:59"),
        (Kind.DATETIME, "2026-03-29T03:00", "2026-03-29 03:00:00", "2026-03-29 03:00:00"),
        (Kind.DATE, "2024-02-29", "2024-02-29", "2024-02-29"),
        (Kind.NUMBER, "12", "12", "12"),
        (Kind.NUMBER, "0", "0", "0"),
        (Kind.NUMBER, "-12", "-12", "-12"),
        (Kind.NUMBER, "9" * 18, "9" * 18, "9" * 18),
        (Kind.CHOICE, "Shop", "Shop", "Shop"),
    ],
)
def test_kinds_of_customer_fields_are_kept_and_sent(desk: Desk, kind: Kind, typed: str, kept: str, sent: str) -> None:
    field(kind, choices="Shop\nWeb")
    assert desk.save(Extra=typed).status_code == 302
    assert stored("Extra") == kept
    assert ["Extra", sent] in Submission.objects.get().payload


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (Kind.DATE, "29.02.2024"), (Kind.DATE, "2025-02-29"), (Kind.DATE, "2024-02-29T10:00"),
        (Kind.DATE, "0001-01-01"),
        (Kind.NUMBER, "1.5"), (Kind.NUMBER, "1e5"), (Kind.NUMBER, "٧"), (Kind.NUMBER, "9" * 19),
        (Kind.NUMBER, "+1"),
        (Kind.CHOICE, "shop"), (Kind.CHOICE, "Phone"), (Kind.CHOICE, "__all__"), (Kind.CHOICE, "x" * 5000),
    ],
)  # fmt: skip
def test_kinds_of_customer_fields_refuse_what_they_are_not(desk: Desk, kind: Kind, typed: str) -> None:
    field(kind, choices="Shop\nWeb")
    assert list(errors_of(desk.save(Extra=typed))) == ["Extra"]


def test_a_required_zero_is_filled_in(desk: Desk) -> None:
    field(Kind.NUMBER, required=True)
    assert desk.save(Extra="0").status_code == 302
    assert list(errors_of(desk.save(Extra=""))) == ["Extra"]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("contact", typed) for typed in ["y", "Yes", "1", "on", "true", "N,Y", "\x00", "Y" * 5000]
    ] + [("workflow_status", typed) for typed in ["open", "CLOSE", "1 OR 1=1", "0", "99", "OPEN,CLOSED"]],
)  # fmt: skip
def test_choices_take_only_what_is_offered(desk: Desk, name: str, typed: str) -> None:
    assert list(errors_of(desk.save(**{name: typed}))) == [name]


@pytest.mark.parametrize(("typed", "kept"), [("Y", "Y"), ("N", "N"), ("", ""), (None, "")])
def test_contact_is_yes_no_or_not_asked(desk: Desk, typed: str | None, kept: str) -> None:
    desk.save(contact=typed)
    assert Submission.objects.get().contact == kept


def test_times_of_the_survey_are_sent_in_the_zone_of_the_account(desk: Desk, settings: object) -> None:
    settings.CUSTOMERGAUGE_TIME_ZONE = "UTC"
    moment = timezone.now().replace(microsecond=0)
    desk.save(sent_at=local(moment), completed_at=local(moment))
    sent = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    assert ["SurveyCompletedDate", sent] in Submission.objects.get().payload
